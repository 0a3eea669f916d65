/**
 * A chain at work: one engine of one (chain, epoch), its journal and its blocks, and the application (beacon or shard)
 * that builds, verifies and takes what is finalized. Everything the engine asks for becomes an effect of the validator.
 *
 * Invariant: the engine's effects are performed in the order it gave them; its inputs are fed one after the other.
 */
import { createEngine, type Engine } from '../consensus/engine.ts'
import type { EngineEffect, EngineInput } from '../consensus/engine-contract.ts'
import type { ChainBlock, ConsensusMessage } from '../consensus/message.ts'
import type { Vote } from '../consensus/vote.ts'
import { verdictOf, verificationOf } from '../consensus/verification.ts'
import { encodeCertificate } from '../crosslink/certificate-codec.ts'
import { quorumOf, signingRoot, type Certificate } from '../crosslink/certificate.ts'
import { present, unreachable } from '../primitives/assert.ts'
import { concatBytes } from '../primitives/bytes.ts'
import type { ChainNumber, Hash, Seat } from '../primitives/identifiers.ts'
import { keyUseOf } from '../primitives/key-use.ts'
import { announce } from './announcing.ts'
import { createBlockWriter, type BlockWriter } from './block-writer.ts'
import type { ChainOptions } from './chain-options.ts'
import type { Context } from './context.ts'
import type { ChainRestore } from './contract.ts'
import { createJournalWriter, type JournalWriter } from './journal-writer.ts'
import type { NodeMessage } from './message.ts'
import { createPresence, type Presence } from './presence.ts'
import { serveBlock, serveRange } from './serve.ts'
import { numberKey } from './table.ts'

export type Chain = Pick<Engine, 'status' | 'held'> & {
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
  /** Asks a validator that just connected for what this node may have missed. */
  readonly greet: (validator: number) => void
  /** Who is away has changed (R17). */
  readonly presence: () => void
  readonly leader: (view: number) => number
  /** The next epoch begins: what was kept to come back into this one is deleted. */
  readonly close: () => void
  /** Whether the newest finalized block may be one that this node has not delivered, or has not heard of yet. */
  readonly isCatchingUp: () => boolean
  /** Stops following the chain, while its state comes from elsewhere (S.8); blocks that come are handed to `take`. */
  readonly suspend: (take: (block: ChainBlock) => void) => void
  /** Goes on: where it stood, or from a final block whose state is there. */
  readonly resume: (adopted?: AdoptedBlock) => void
  /** Asks a member for a block. */
  readonly askBlock: (validator: number, hash: Hash) => void
}

export type AdoptedBlock = { readonly block: ChainBlock; readonly certificate: Certificate }

type Running = {
  readonly context: Context
  readonly options: ChainOptions
  readonly engine: Engine
  readonly journal: JournalWriter
  readonly blocks: BlockWriter
  /** Validators of the other seats. */
  readonly others: readonly number[]
  readonly presence: Presence
  readonly inputs: EngineInput[]
  /** Members that connected since this node started. */
  readonly met: Set<number>
  feeding: boolean
  started: boolean
  /** The application has something to put into a block. */
  pending: boolean
  /** The engine's start, until a quorum can hear it or this time has come. */
  opening: (EngineInput & { readonly kind: 'start' }) | undefined
  openedAt: number
  /** Gets the blocks that come while the chain is not followed. */
  suspended: ((block: ChainBlock) => void) | undefined
  deadline: number
}

/**
 * How long a chain waits for a quorum to be connected before its clock starts. Timers that run while nobody can answer
 * only double, and then a network that starts slowly waits for the longest of them (A.7, R1).
 */
const QUORUM_WAIT_MS = 10_000
/** How long the first answers take that tell a node how far the others are. */
const FIRST_ANSWERS_MS = 500

export function createChain(context: Context, options: ChainOptions): Chain {
  const { domain, seat } = options.engine
  const self: Running = {
    context,
    options,
    engine: createEngine(options.engine),
    journal: createJournalWriter(context, domain.chain, domain.epoch),
    blocks: createBlockWriter(context, domain.chain),
    others: options.committee.filter((_, at) => at !== seat),
    presence: createPresence(context.away, options.committee, (at, isAway) =>
      feed(self, { kind: 'presence', seat: at, isAway, now: context.now() }),
    ),
    inputs: [],
    met: new Set(),
    feeding: false,
    started: false,
    pending: false,
    opening: undefined,
    openedAt: Infinity,
    suspended: undefined,
    deadline: Infinity,
  }
  const now = context.now
  return {
    number: domain.chain,
    epoch: domain.epoch,
    seat,
    committee: options.committee,
    start: (restore) => start(self, restore),
    receive: (peer, validator, message) => receive(self, peer, validator, message),
    tick: () => {
      if (now() < self.deadline || self.suspended !== undefined) return
      self.deadline = Infinity
      if (self.opening !== undefined) return open(self)
      feed(self, { kind: 'tick', now: now() })
    },
    work: (pending) => {
      self.pending = pending
      updateWork(self)
    },
    built: (view, block) => feed(self, { kind: 'built', view, block, now: now() }),
    verified: (hash, valid) => feed(self, { kind: 'verified', hash, valid, now: now() }),
    signed: (vote) => feed(self, { kind: 'signed', vote, now: now() }),
    deadline: () => (self.suspended === undefined ? self.deadline : Infinity),
    status: () => self.engine.status(),
    held: () => self.engine.held(),
    greet: (validator) => greet(self, validator),
    presence: () => reviewPresence(self),
    leader: (view) => validatorAt(self, leaderSeat(self, view)),
    close: () => self.journal.close(),
    isCatchingUp: () =>
      now() < self.openedAt + FIRST_ANSWERS_MS || self.engine.status().viewsBehind > 0,
    suspend: (take) => {
      self.suspended = take
    },
    resume: (adopted) => resume(self, adopted),
    askBlock: (validator, hash) => send(self, [validator], { kind: 'get-block', hash }),
  }
}

function start(self: Running, restore: ChainRestore | undefined): void {
  const journal = self.journal.restore(restore?.journal ?? [])
  const { engine, application } = self.options
  // The block an epoch starts from is of the one before, where it has done its work.
  const blocks = self.blocks
    .restore(restore?.blocks ?? [], application.decodeBlock)
    .filter(({ epoch }) => epoch === engine.domain.epoch)
  const now = self.context.now()
  self.opening = { kind: 'start', journal, blocks, now }
  self.deadline = now + QUORUM_WAIT_MS
  if (hasQuorum(self)) open(self)
}

/** Whether enough members can hear this node; an observer is content with one. */
function hasQuorum({ options, met }: Running): boolean {
  if (options.engine.seat < 0) return met.size > 0
  return met.size + 1 >= quorumOf(options.committee.length)
}

function open(self: Running): void {
  const { opening, context } = self
  if (opening === undefined) return
  self.opening = undefined
  self.openedAt = context.now()
  self.deadline = Infinity
  feed(self, { ...opening, now: context.now() })
  reviewPresence(self)
  for (const validator of self.met) askNewest(self, validator)
}

function resume(self: Running, adopted: AdoptedBlock | undefined): void {
  self.suspended = undefined
  if (adopted !== undefined) {
    open(self)
    feed(self, { kind: 'adopt', ...adopted, now: self.context.now() })
  }
  reviewPresence(self)
  if (self.started) for (const validator of self.met) askNewest(self, validator)
}

/** R17: an engine that is not started, or not followed, hears of it later. */
function reviewPresence({ started, suspended, presence }: Running): void {
  if (started && suspended === undefined) presence.review()
}

function receive(
  self: Running,
  peer: string,
  validator: number | undefined,
  message: ConsensusMessage,
): void {
  const { context, options } = self
  if (message.kind === 'get-range') {
    const { decodeBlock } = options.application
    return serveRange(context, options.engine.domain, message, decodeBlock, (range) =>
      reply(self, peer, { kind: 'range', range }),
    )
  }
  if (self.suspended !== undefined) return receiveSuspended(self, peer, message)
  const at = validator === undefined ? -1 : options.committee.indexOf(validator)
  const from = at < 0 ? undefined : at
  feed(self, { kind: 'message', from, peer, message, now: context.now() })
}

/** Old blocks are still served; all else waits until the chain is followed again. */
function receiveSuspended(self: Running, peer: string, message: ConsensusMessage): void {
  if (message.kind === 'block') self.suspended?.(message.block)
  serveOldBlock(self, peer, message, [])
}

/** One input at a time, also those that arise while effects are being performed. */
function feed(self: Running, input: EngineInput): void {
  if (!self.started && input.kind !== 'start') return
  self.started = true
  self.inputs.push(input)
  if (self.feeding) return
  self.feeding = true
  for (let next = self.inputs.shift(); next !== undefined; next = self.inputs.shift()) {
    const effects = self.engine.handle(next)
    for (const effect of effects) perform(self, effect)
    if (next.kind === 'message') serveOldBlock(self, next.peer, next.message, effects)
  }
  self.feeding = false
  updateWork(self)
}

/**
 * A.7: a notarized block that is not final is work too. Where somebody gave its view up, only a successor can make it final, and
 * the application, which has put all it had into it, would let it wait for the idle interval. The engine hears of changes.
 */
function updateWork(self: Running): void {
  const { notarizedTip, lastFinalizedView, workPending } = self.engine.status()
  if (self.suspended !== undefined) return
  const pending = self.pending || notarizedTip.view > lastFinalizedView
  if (pending !== workPending) feed(self, { kind: 'work', pending, now: self.context.now() })
}

/** A block the engine no longer holds in memory is served from the store. */
function serveOldBlock(
  self: Running,
  peer: string,
  message: ConsensusMessage,
  effects: readonly EngineEffect[],
): void {
  if (message.kind !== 'get-block') return
  const answered = effects.some(
    (effect) =>
      (effect.kind === 'send' || effect.kind === 'reply') && effect.message.kind === 'block',
  )
  if (answered) return
  const { context, options } = self
  const { domain } = options.engine
  serveBlock(context, domain, message.hash, options.application.decodeBlock, (block) =>
    reply(self, peer, { kind: 'block', block }),
  )
}

function envelope({ options }: Running, message: ConsensusMessage): NodeMessage {
  const { chain, epoch } = options.engine.domain
  return { kind: 'consensus', chain, epoch, message }
}

function reply(self: Running, peer: string, message: ConsensusMessage): void {
  const sealed = envelope(self, message)
  self.context.emit({ kind: 'reply', peer, channel: 'consensus', message: sealed })
}

function send(self: Running, to: readonly number[], message: ConsensusMessage): void {
  if (to.length === 0) return
  const sealed = envelope(self, message)
  self.context.emit({ kind: 'send', to, channel: 'consensus', message: sealed })
}

function greet(self: Running, validator: number): void {
  if (!self.others.includes(validator)) return
  self.met.add(validator)
  if (self.started) askNewest(self, validator)
  else if (hasQuorum(self)) open(self)
}

function askNewest(self: Running, validator: number): void {
  const { view } = self.engine.status()
  if (view > 0) send(self, [validator], { kind: 'get-certificate', view })
}

function validatorAt({ options }: Running, at: Seat): number {
  return present(options.committee[at], 'the engine speaks only to seats of its committee')
}

function leaderSeat({ options }: Running, view: number): Seat {
  const { leaderOrder } = options.engine
  return present(leaderOrder[(view - 1) % leaderOrder.length], 'views have leaders, from 1 on')
}

function perform(self: Running, effect: EngineEffect): void {
  const { context, options } = self
  const { chain, epoch } = options.engine.domain
  switch (effect.kind) {
    case 'persist':
      return self.journal.append(effect.record)
    case 'store-block':
      return self.blocks.put(effect.block)
    case 'sign':
      return sign(self, effect)
    case 'broadcast':
      return send(self, self.others, effect.message)
    case 'send': {
      const { message, to } = effect
      // The engine asks again after a while.
      const isFetch = message.kind === 'get-range' || message.kind === 'get-block'
      if (isFetch && options.holdsBlocks?.() === true) return
      const block = message.kind === 'get-block' ? options.heard?.get(message.hash) : undefined
      if (block !== undefined) return receive(self, '', undefined, { kind: 'block', block })
      return send(self, [validatorAt(self, to)], message)
    }
    case 'reply':
      return reply(self, effect.peer, effect.message)
    case 'check':
      return check(self, effect)
    case 'build':
      return options.application.build(effect.view, effect.parentHash, effect.parent)
    case 'verify':
      return options.application.verify(effect.block, effect.certified)
    case 'finalized':
      return finalize(self, effect.block, effect.certificate)
    case 'epoch-sealed':
      return options.sealed(effect.block)
    case 'evidence':
    case 'fork':
      return context.emit({ kind: 'report', fact: effect })
    case 'deadline':
      self.deadline = effect.at
      return
    case 'report': {
      const fact = { kind: 'engine', chain, epoch, fact: effect.fact } as const
      return context.emit({ kind: 'report', fact })
    }
    default:
      return unreachable(effect)
  }
}

type Effect<Kind extends EngineEffect['kind']> = EngineEffect & { readonly kind: Kind }

function sign({ context, options }: Running, { vote }: Effect<'sign'>): void {
  const { domain, committee } = options.engine
  const { chain, epoch } = domain
  const root = signingRoot(domain, vote.kind, vote.view, vote.proposal)
  context.emit({ kind: 'sign', chain, epoch, vote, root, use: keyUseOf(committee.length) })
}

function check(self: Running, { job, checks }: Effect<'check'>): void {
  const { context, options } = self
  const questions = checks.map((one) => verificationOf(options.engine, one))
  context.check(questions, (answers) =>
    feed(self, { kind: 'checked', job, verdicts: answers.map(verdictOf), now: context.now() }),
  )
}

function finalize(self: Running, block: ChainBlock, certificate: Certificate | undefined): void {
  const { context, options } = self
  const { chain, epoch } = options.engine.domain
  const { height, hash } = block
  self.blocks.finalized(block)
  const proof = certificate === undefined ? new Uint8Array(0) : encodeCertificate(certificate)
  const key = numberKey(chain, height)
  const value = concatBytes(hash, proof)
  context.emit({ kind: 'write', write: { kind: 'put', table: 'final', key, value }, sync: true })
  context.emit({ kind: 'report', fact: { kind: 'finalized', chain, epoch, height, hash } })
  options.application.finalized(block, certificate)
  const isOurs =
    certificate !== undefined && leaderSeat(self, certificate.view) === options.engine.seat
  if (!isOurs) return
  const publish = (topic: string, message: ConsensusMessage): void =>
    context.emit({ kind: 'publish', topic, message: envelope(self, message) })
  announce(publish, options.topics, { block, certificate })
}
