/**
 * A chain at work: one engine of one (chain, epoch), its journal and its blocks, and the application (beacon or shard)
 * that builds, verifies and takes what is finalized. Everything the engine asks for becomes an effect of the validator.
 *
 * Invariant: the engine's effects are performed in the order it gave them; its inputs are fed one at a time, also those
 * that arise while its effects are being performed.
 */
import { createEngine, type Engine, type EngineStatus } from '../consensus/engine.ts'
import type {
  EngineConfig,
  EngineEffect,
  EngineInput,
  JournalRecord,
} from '../consensus/engine-contract.ts'
import { decodeJournalRecord, encodeJournalRecord } from '../consensus/journal.ts'
import type { ChainBlock, ConsensusMessage } from '../consensus/message.ts'
import type { Vote } from '../consensus/vote.ts'
import { verdictOf, verificationOf } from '../consensus/verification.ts'
import { encodeCertificate } from '../crosslink/certificate-codec.ts'
import { signingRoot, type Certificate } from '../crosslink/certificate.ts'
import { assert, unreachable } from '../primitives/assert.ts'
import { concatBytes } from '../primitives/bytes.ts'
import { createWriter } from '../primitives/codec.ts'
import type { ChainNumber, Hash, Seat } from '../primitives/identifiers.ts'
import type { Result } from '../primitives/result.ts'
import type { StoreEntry } from '../storage/store.ts'
import type { Context } from './context.ts'
import type { ChainRestore } from './contract.ts'
import { serveBlock, serveRange } from './serve.ts'
import { blockKey, encodeNumbers, hashKey, numberKey, numberOfKey } from './table.ts'

/** What a chain's application does for its engine. Each call is answered, now or later, through the chain. */
export type ChainApplication = {
  readonly decodeBlock: (bytes: Uint8Array) => Result<ChainBlock, string>
  /** Answered by `Chain.built`. */
  readonly build: (view: number, parentHash: Hash, parent: ChainBlock | undefined) => void
  /** Answered by `Chain.verified`, when it is known. */
  readonly verify: (block: ChainBlock, certified: boolean) => void
  readonly finalized: (block: ChainBlock, certificate: Certificate | undefined) => void
}

export type ChainOptions = {
  readonly engine: EngineConfig
  /** Validator index per seat. */
  readonly committee: readonly number[]
  readonly application: ChainApplication
  /** Topics on which the proposer of a finalized block tells observers. */
  readonly topics: { readonly finality: string; readonly body: string }
}

export type Chain = {
  readonly number: ChainNumber
  readonly epoch: number
  readonly seat: Seat
  readonly committee: readonly number[]
  readonly start: (restore: ChainRestore | undefined) => void
  readonly receive: (peer: string, validator: number | undefined, message: ConsensusMessage) => void
  readonly tick: () => void
  readonly work: (pending: boolean) => void
  readonly built: (view: number, block: ChainBlock | undefined) => void
  readonly verified: (hash: Hash, valid: boolean) => void
  readonly signed: (vote: Vote) => void
  readonly deadline: () => number
  readonly status: () => EngineStatus
  /** Asks a validator that just connected for what this node may have missed. */
  readonly greet: (validator: number) => void
  readonly leader: (view: number) => number
}

const VOTE_JOURNAL_KIND = { notarize: 0, nullify: 1, finalize: 2 } as const
const CERTIFICATE_JOURNAL_KIND = { notarize: 3, nullify: 4, finalize: 5 } as const
const FLOOR_JOURNAL_KIND = 6

export function createChain(context: Context, options: ChainOptions): Chain {
  const { domain, seat, leaderOrder } = options.engine
  const engine: Engine = createEngine(options.engine)
  const journal = createJournalWriter(context, domain.chain, domain.epoch)
  const stored = createBlockWriter(context, domain.chain)
  const inputs: EngineInput[] = []
  let running = false
  let started = false
  let deadline = Number.POSITIVE_INFINITY

  function feed(input: EngineInput): void {
    if (!started && input.kind !== 'start') return
    started = true
    inputs.push(input)
    if (running) return
    running = true
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
      const effects = engine.handle(next)
      for (const effect of effects) perform(effect)
      if (next.kind === 'message') serveOldBlock(next.peer, next.message, effects)
    }
    running = false
  }

  /** A block the engine no longer holds in memory is served from the store. */
  function serveOldBlock(
    peer: string,
    message: ConsensusMessage,
    effects: readonly EngineEffect[],
  ): void {
    if (message.kind !== 'get-block') return
    const answered = effects.some(
      (effect) =>
        (effect.kind === 'send' || effect.kind === 'reply') && effect.message.kind === 'block',
    )
    if (!answered) {
      serveBlock(context, domain, message.hash, options.application.decodeBlock, (block) =>
        reply(peer, { kind: 'block', block }),
      )
    }
  }

  function envelope(message: ConsensusMessage) {
    return { kind: 'consensus', chain: domain.chain, epoch: domain.epoch, message } as const
  }

  function reply(peer: string, message: ConsensusMessage): void {
    context.emit({ kind: 'reply', peer, channel: 'consensus', message: envelope(message) })
  }

  function send(to: readonly number[], message: ConsensusMessage): void {
    if (to.length === 0) return
    context.emit({ kind: 'send', to, channel: 'consensus', message: envelope(message) })
  }

  function validatorAt(at: Seat): number {
    const validator = options.committee[at]
    assert(validator !== undefined, 'the engine speaks only to seats of its committee')
    return validator
  }

  const others = options.committee.filter((_, at) => at !== seat)

  function perform(effect: EngineEffect): void {
    switch (effect.kind) {
      case 'persist':
        return journal.append(effect.record)
      case 'store-block':
        return stored.put(effect.block)
      case 'sign': {
        const { kind, view, proposal } = effect.vote
        const root = signingRoot(domain, kind, view, proposal)
        const { chain, epoch } = domain
        return context.emit({ kind: 'sign', chain, epoch, vote: effect.vote, root })
      }
      case 'broadcast':
        return send(others, effect.message)
      case 'send':
        return send([validatorAt(effect.to)], effect.message)
      case 'reply':
        return reply(effect.peer, effect.message)
      case 'check':
        return check(effect)
      case 'build':
        return options.application.build(effect.view, effect.parentHash, effect.parent)
      case 'verify':
        return options.application.verify(effect.block, effect.certified)
      case 'finalized':
        return finalize(effect.block, effect.certificate)
      case 'epoch-sealed':
        return
      case 'evidence':
        return context.emit({ kind: 'report', fact: effect })
      case 'deadline':
        deadline = effect.at
        return
      case 'report':
        return context.emit({
          kind: 'report',
          fact: { kind: 'engine', chain: domain.chain, fact: effect.fact },
        })
      default:
        return unreachable(effect)
    }
  }

  function check(effect: EngineEffect & { readonly kind: 'check' }): void {
    const questions = effect.checks.map((one) => verificationOf(options.engine, one))
    context.check(questions, (answers) =>
      feed({
        kind: 'checked',
        job: effect.job,
        verdicts: answers.map(verdictOf),
        now: context.now(),
      }),
    )
  }

  function finalize(block: ChainBlock, certificate: Certificate | undefined): void {
    const { chain } = domain
    stored.finalized(block)
    const proof = certificate === undefined ? new Uint8Array(0) : encodeCertificate(certificate)
    context.emit({
      kind: 'write',
      write: {
        kind: 'put',
        table: 'final',
        key: numberKey(chain, block.height),
        value: concatBytes(block.hash, proof),
      },
      sync: true,
    })
    const fact = { kind: 'finalized', chain, height: block.height, hash: block.hash } as const
    context.emit({ kind: 'report', fact })
    options.application.finalized(block, certificate)
    if (
      certificate !== undefined &&
      leaderOrder[(certificate.view - 1) % leaderOrder.length] === seat
    ) {
      const { finality, body } = options.topics
      context.emit({ kind: 'publish', topic: body, message: envelope({ kind: 'block', block }) })
      const message = envelope({ kind: 'certificate', certificate })
      context.emit({ kind: 'publish', topic: finality, message })
    }
  }

  return {
    number: domain.chain,
    epoch: domain.epoch,
    seat,
    committee: options.committee,
    start: (restore) => {
      const records = journal.restore(restore?.journal ?? [])
      const blocks = stored.restore(restore?.blocks ?? [], options.application.decodeBlock)
      feed({ kind: 'start', journal: records, blocks, now: context.now() })
    },
    receive: (peer, validator, message) => {
      if (message.kind === 'get-range') {
        return serveRange(context, domain, message, options.application.decodeBlock, (range) =>
          reply(peer, { kind: 'range', range }),
        )
      }
      const at = validator === undefined ? -1 : options.committee.indexOf(validator)
      const from = at < 0 ? undefined : at
      feed({ kind: 'message', from, peer, message, now: context.now() })
    },
    tick: () => {
      if (context.now() < deadline) return
      deadline = Number.POSITIVE_INFINITY
      feed({ kind: 'tick', now: context.now() })
    },
    work: (pending) => feed({ kind: 'work', pending, now: context.now() }),
    built: (view, block) => feed({ kind: 'built', view, block, now: context.now() }),
    verified: (hash, valid) => feed({ kind: 'verified', hash, valid, now: context.now() }),
    signed: (vote) => feed({ kind: 'signed', vote, now: context.now() }),
    deadline: () => deadline,
    status: () => engine.status(),
    greet: (validator) => {
      const view = engine.status().view
      if (started && options.committee.includes(validator) && view > 0) {
        send([validator], { kind: 'get-certificate', view })
      }
    },
    leader: (view) => validatorAt(leaderOrder[(view - 1) % leaderOrder.length] ?? 0),
  }
}

/** Own votes and certificates of one (chain, epoch) on disk; records at or below the floor are deleted (A.10.3). */
function createJournalWriter(context: Context, chain: ChainNumber, epoch: number) {
  const kept = new Map<number, Uint8Array[]>()

  function keep(view: number, key: Uint8Array): void {
    const keys = kept.get(view)
    if (keys === undefined) kept.set(view, [key])
    else keys.push(key)
  }

  function prune(floor: number): void {
    for (const [view, keys] of kept) {
      // The floor view itself stays: its FINALIZATION answers laggards after a restart (R12).
      if (view >= floor) continue
      kept.delete(view)
      for (const key of keys) {
        context.emit({
          kind: 'write',
          write: { kind: 'delete', table: 'journal', key },
          sync: false,
        })
      }
    }
  }

  return {
    append: (record: JournalRecord): void => {
      const { view, byte } = placeOf(record)
      const key = journalKey(chain, epoch, view, byte)
      const value = encodeJournalRecord(record)
      // A.10.1: an own vote is on disk before its signature leaves; certificates are lazy.
      const sync = record.kind === 'vote'
      context.emit({ kind: 'write', write: { kind: 'put', table: 'journal', key, value }, sync })
      if (record.kind === 'floor') prune(record.view)
      else keep(view, key)
    },
    restore: (entries: readonly StoreEntry[]): readonly JournalRecord[] =>
      entries.map(({ key, value }) => {
        const record = decodeJournalRecord(value)
        assert(record.ok, 'a journal record that passed its checksum decodes')
        const { view } = placeOf(record.value)
        if (record.value.kind !== 'floor') keep(view, key)
        return record.value
      }),
  }
}

/** View 0 holds the one floor record; a floor is replaced, not added. */
function placeOf(record: JournalRecord): { readonly view: number; readonly byte: number } {
  switch (record.kind) {
    case 'vote':
      return { view: record.vote.view, byte: VOTE_JOURNAL_KIND[record.vote.kind] }
    case 'certificate': {
      const { view, kind } = record.certificate
      return { view, byte: CERTIFICATE_JOURNAL_KIND[kind] }
    }
    case 'floor':
      return { view: 0, byte: FLOOR_JOURNAL_KIND }
    default:
      return unreachable(record)
  }
}

function journalKey(chain: number, epoch: number, view: number, byte: number): Uint8Array {
  return createWriter().u32(chain).u64(epoch).u64(view).u8(byte).finish()
}

/** Blocks on disk; at finality the losing blocks of the same height are deleted. */
function createBlockWriter(context: Context, chain: ChainNumber) {
  const byHeight = new Map<number, ChainBlock[]>()

  function remember(block: ChainBlock): boolean {
    const known = byHeight.get(block.height) ?? []
    if (known.some((other) => sameHash(other.hash, block.hash))) return false
    byHeight.set(block.height, [...known, block])
    return true
  }

  function write(block: ChainBlock): void {
    const key = blockKey(chain, block.height, block.hash)
    context.emit({
      kind: 'write',
      write: { kind: 'put', table: 'block', key, value: block.bytes },
      sync: true,
    })
    context.emit({
      kind: 'write',
      write: {
        kind: 'put',
        table: 'height',
        key: hashKey(chain, block.hash),
        value: encodeNumbers(block.height),
      },
      sync: true,
    })
  }

  function forget(block: ChainBlock): void {
    const key = blockKey(chain, block.height, block.hash)
    context.emit({ kind: 'write', write: { kind: 'delete', table: 'block', key }, sync: false })
    const heightKey = hashKey(chain, block.hash)
    context.emit({
      kind: 'write',
      write: { kind: 'delete', table: 'height', key: heightKey },
      sync: false,
    })
  }

  return {
    put: (block: ChainBlock): void => {
      if (remember(block)) write(block)
    },
    finalized: (block: ChainBlock): void => {
      if (remember(block)) write(block)
      for (const [height, blocks] of byHeight) {
        if (height > block.height) continue
        byHeight.delete(height)
        for (const other of blocks) {
          if (height === block.height && !sameHash(other.hash, block.hash)) forget(other)
        }
      }
    },
    restore: (
      blocks: readonly Uint8Array[],
      decode: ChainApplication['decodeBlock'],
    ): readonly ChainBlock[] =>
      blocks.map((bytes) => {
        const block = decode(bytes)
        assert(block.ok, 'a stored block that passed its checksum decodes')
        remember(block.value)
        return block.value
      }),
  }
}

function sameHash(left: Hash, right: Hash): boolean {
  return left.every((byte, index) => byte === right[index])
}

/** The view of a journal key, for diagnostics. */
export const journalEpoch = numberOfKey
