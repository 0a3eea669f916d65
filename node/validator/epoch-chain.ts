/**
 * A chain through its epochs (docs/protocol/beacon.md B.4, B.5): the engine of one epoch after the other, each starting from
 * the block that sealed the one before. Past epochs are served out of the store, so a restart changes nothing about them.
 *
 * Invariants: exactly one engine signs; the next one starts only after a FINALIZATION of the sealing block itself (R14), and
 * only when the seats of its epoch are known here. The start of an epoch is on disk before anything is signed in it.
 */
import type { EngineMemory, EngineStatus } from '../consensus/engine.ts'
import type { EngineConfig } from '../consensus/engine-contract.ts'
import type { ChainBlock, ConsensusMessage } from '../consensus/message.ts'
import type { Vote } from '../consensus/vote.ts'
import { present } from '../primitives/assert.ts'
import type { ChainNumber, Hash, Seat } from '../primitives/identifiers.ts'
import { type AdoptedBlock, createChain, type Chain } from './chain.ts'
import type { ChainApplication, ChainOptions } from './chain-options.ts'
import type { Context } from './context.ts'
import type { ChainRestore } from './contract.ts'
import { encodeEpochStart, type EpochStart } from './epoch-start.ts'
import { createEpochTalk, type EpochTalk, type Place } from './epoch-talk.ts'
import { createHeardBlocks, type HeardBlocks } from './announcing.ts'
import { createInquiry, type Inquiry } from './inquiry.ts'
import { servePastEpoch } from './past-epoch.ts'
import { numberKey } from './table.ts'

export type Seating = Pick<ChainOptions, 'engine' | 'committee'>

export type EpochChainOptions = {
  readonly number: ChainNumber
  readonly genesis: EngineConfig['genesis']
  /** The epoch that starts from it: a shard may have been opened in a later one than epoch 0 (B.7). */
  readonly firstEpoch: number
  /** The engine of an epoch that starts from this block; undefined while its seats are not known here. */
  readonly seating: (epoch: number, start: EngineConfig['genesis']) => Seating | undefined
  /** The epoch that a sealing block leads to. */
  readonly epochAfter: (sealing: ChainBlock) => number
  readonly application: ChainApplication
  readonly topics: ChainOptions['topics']
  /** While true, missing blocks are not asked for (S.1). */
  readonly holdsBlocks?: () => boolean
  /** The engine of the next epoch has started. */
  readonly turned: () => void
  /** Any block that somebody sends, whatever its epoch. */
  readonly seen?: (block: ChainBlock) => void
  /** After how long without a block whoever has no seat asks for it; absent: it relies on what it is told. */
  readonly patienceMs?: (() => number) | undefined
}

/** Of a chain: where it began, who sits on it, and where its news are told. */
export type ChainPlace = Pick<
  EpochChainOptions,
  'number' | 'genesis' | 'firstEpoch' | 'seating' | 'topics'
>

export type EpochChain = {
  readonly number: ChainNumber
  readonly epoch: number
  readonly seat: Seat
  readonly committee: readonly number[]
  /** When the block was made that this epoch starts from. */
  readonly startedMs: number
  readonly start: (restore: ChainRestore | undefined) => void
  readonly receive: (sender: Sender, epoch: number, message: ConsensusMessage) => void
  readonly tick: () => void
  readonly work: (pending: boolean) => void
  readonly built: (view: number, block: ChainBlock | undefined) => void
  readonly verified: (hash: Hash, valid: boolean) => void
  readonly signed: (epoch: number, vote: Vote) => void
  readonly deadline: () => number
  readonly status: () => EngineStatus
  readonly held: () => EngineMemory
  /** Asks a validator that just connected for what this node may have missed. */
  readonly greet: (validator: number) => void
  /** Who is away has changed (R17). */
  readonly presence: () => void
  readonly leader: (view: number) => number
  /** The beacon moved: the seats of an epoch that waits for them may be known now. */
  readonly seatsMoved: () => void
  readonly isCatchingUp: () => boolean
  /** The chain is in a later epoch than this node, as somebody says. */
  readonly isOutrun: () => boolean
  /** Stops following the chain, while its state comes from elsewhere (S.8); blocks that come are handed to `take`. */
  readonly suspend: (take: (block: ChainBlock) => void) => void
  /** Goes on: where it stood, or from a final block, maybe of a later epoch, whose state is there. */
  readonly resume: (adopted?: AdoptedBlock) => void
  readonly askBlock: (validator: number, hash: Hash) => void
  /** B.8: goes on from this block, in an epoch that no seal led to. The chain was suspended, and its blocks above are gone. */
  readonly force: (begun: EpochStart) => void
  /** C.7: goes on after this final block, on another branch, with an engine that knows nothing of the old one. The same holds. */
  readonly reseat: (begun: EpochStart, adopted: AdoptedBlock) => void
}

export type Sender = { readonly peer: string; readonly validator: number | undefined }

type Turning = {
  readonly context: Context
  readonly options: EpochChainOptions
  readonly talk: EpochTalk
  readonly inquiry: Inquiry
  /** What a follower was told, where there are many (B.15). */
  readonly heard: HeardBlocks
  readonly connected: Set<number>
  run: Chain
  start: EngineConfig['genesis']
  /** The block that ended the epoch, until the next one has begun. */
  sealed: ChainBlock | undefined
}

export function createEpochChain(context: Context, options: EpochChainOptions): EpochChain {
  const { firstEpoch, genesis } = options
  const first = present(options.seating(firstEpoch, genesis), 'whoever began a chain is known')
  const self: Turning = {
    context,
    options,
    talk: createEpochTalk(context, options.number),
    inquiry: inquiryOf(context, options, () => self),
    heard: createHeardBlocks(),
    connected: new Set(),
    run: createChain(
      context,
      runOptions(options, first, () => self),
    ),
    start: options.genesis,
    sealed: undefined,
  }
  return {
    number: options.number,
    get epoch() {
      return self.run.epoch
    },
    get seat() {
      return self.run.seat
    },
    get committee() {
      return self.run.committee
    },
    get startedMs() {
      return self.start.timestampMs
    },
    start: (restore) => start(self, restore),
    receive: (sender, epoch, message) => receive(self, sender, epoch, message),
    tick: () => {
      self.run.tick()
      self.inquiry.tick()
    },
    work: (pending) => self.run.work(pending),
    built: (view, block) => self.run.built(view, block),
    verified: (hash, valid) => self.run.verified(hash, valid),
    signed: (epoch, vote) => {
      if (epoch === self.run.epoch) self.run.signed(vote)
    },
    deadline: () => Math.min(self.run.deadline(), self.inquiry.deadline()),
    status: () => self.run.status(),
    held: () => self.run.held(),
    greet: (validator) => {
      self.connected.add(validator)
      self.run.greet(validator)
    },
    presence: () => self.run.presence(),
    leader: (view) => self.run.leader(view),
    seatsMoved: () => turn(self),
    isCatchingUp: () => self.run.isCatchingUp(),
    isOutrun: () => self.talk.isOutrun(self.run.epoch),
    suspend: (take) => self.run.suspend(take),
    resume: (adopted) => {
      if (adopted !== undefined && adopted.block.epoch > self.run.epoch)
        enterAt(self, adopted.block)
      self.run.resume(adopted)
    },
    askBlock: (validator, hash) => self.run.askBlock(validator, hash),
    force: (begun) => force(self, begun),
    reseat: (begun, adopted) => {
      force(self, begun)
      self.run.resume(adopted)
    },
  }
}

function runOptions(
  options: EpochChainOptions,
  seating: Seating,
  self: () => Turning,
): ChainOptions {
  const { application, topics } = options
  const sealed = (block: ChainBlock): void => {
    self().sealed = block
    turn(self())
  }
  const finalized: ChainApplication['finalized'] = (block, certificate) => {
    application.finalized(block, certificate)
    self().inquiry.heard()
  }
  const { holdsBlocks = () => false } = options
  const heard = { get: (hash: Hash) => self().heard.get(hash) }
  const served = { ...application, finalized }
  return { ...seating, application: served, topics, sealed, holdsBlocks, heard }
}

function inquiryOf(
  context: Context,
  { number: chain, patienceMs }: EpochChainOptions,
  self: () => Turning,
): Inquiry {
  return createInquiry(context, {
    isFollower: () => isAsking(self()),
    patienceMs: () => patienceMs?.() ?? Infinity,
    members: () => self().run.committee,
    ask: (member) => {
      const { epoch, view } = placeOf(self().run)
      const message = { kind: 'get-certificate', view } as const
      const sealed = { kind: 'consensus', chain, epoch, message } as const
      context.emit({ kind: 'send', to: [member], channel: 'consensus', message: sealed })
    },
  })
}

function start(self: Turning, restore: ChainRestore | undefined): void {
  const { firstEpoch, genesis, seating: seatingOf } = self.options
  if (restore?.epochStart !== undefined) {
    const { epoch, block } = restore.epochStart
    const seating = seatingOf(epoch, block)
    enter(self, present(seating, 'an epoch was entered when its seats were known'), block)
  } else if (firstEpoch > 0) {
    // B.7: a restart reads there which journal to come back to. No block sealed an epoch before it.
    writeStart(self, { epoch: firstEpoch, block: genesis, sealedEpoch: firstEpoch })
  }
  self.run.start(restore)
  self.inquiry.heard()
}

function enter(self: Turning, seating: Seating, from: EngineConfig['genesis']): void {
  self.start = from
  self.run = createChain(
    self.context,
    runOptions(self.options, seating, () => self),
  )
  for (const validator of self.connected) self.run.greet(validator)
  self.inquiry.heard()
}

/** R14: the epoch is sealed. Its journal goes with the write that starts the next one. */
function turn(self: Turning): void {
  const { context, options, sealed, run } = self
  if (sealed === undefined) return
  const { hash, height, timestampMs } = sealed
  const epoch = options.epochAfter(sealed)
  const block = { hash, height, timestampMs }
  // B.7: the last block of a shard may seal it within the epoch of its anchor; no engine comes after it.
  if (epoch <= run.epoch) return
  const seating = options.seating(epoch, block)
  if (seating === undefined) return
  self.sealed = undefined
  writeStart(self, { epoch, block, sealedEpoch: run.epoch })
  run.close()
  enter(self, seating, block)
  const { seat } = self.run
  const fact = { kind: 'epoch', chain: options.number, epoch, seat, height, hash } as const
  context.emit({ kind: 'report', fact })
  self.run.start(undefined)
  self.talk.entered(placeOf(self.run))
  options.turned()
}

/**
 * S.8: into the epoch of a final block whose state is there; the epochs in between are not this node's any more. The engine
 * starts below that block, so that taking it is a step like any other: it is written down as final, and may seal the epoch.
 */
function enterAt(self: Turning, { epoch, parentHash, height, timestampMs }: ChainBlock): void {
  const block = { hash: parentHash, height: height - 1, timestampMs }
  const seating = present(
    self.options.seating(epoch, block),
    'the beacon judged a block of its epoch',
  )
  self.sealed = undefined
  // It is not the block that sealed the epoch before, so it answers nobody who asks for that one.
  writeStart(self, { epoch, block, sealedEpoch: epoch })
  self.run.close()
  enter(self, seating, block)
  self.run.start(undefined)
  self.talk.entered(placeOf(self.run))
}

function force(self: Turning, begun: EpochStart): void {
  const { epoch, block } = begun
  const { number, seating: seatingOf, turned } = self.options
  const seating = present(seatingOf(epoch, block), 'the beacon forces into an epoch of its own')
  self.sealed = undefined
  writeStart(self, begun)
  self.run.close()
  enter(self, seating, block)
  const { seat } = self.run
  const { height, hash } = block
  const fact = { kind: 'epoch', chain: number, epoch, seat, height, hash } as const
  self.context.emit({ kind: 'report', fact })
  self.run.start(undefined)
  self.talk.entered(placeOf(self.run))
  turned()
}

function writeStart({ context, options }: Turning, begun: EpochStart): void {
  const key = numberKey(options.number, begun.epoch)
  const write = { kind: 'put', table: 'epoch', key, value: encodeEpochStart(begun) } as const
  context.emit({ kind: 'write', write, sync: true })
}

/** R13: whoever is in another epoch is helped into ours, or helps us into its own. */
function receive(
  self: Turning,
  { peer, validator }: Sender,
  epoch: number,
  message: ConsensusMessage,
): void {
  const { context, options, talk, run } = self
  if (message.kind === 'block') options.seen?.(message.block)
  if (message.kind === 'block' && isAsking(self)) self.heard.add(message.block)
  if (epoch === run.epoch) return run.receive(peer, validator, message)
  if (epoch > run.epoch) return talk.ahead(peer, epoch, placeOf(run))
  if (!talk.mayAnswer(peer, message)) return
  servePastEpoch(context, { chain: options.number, epoch }, message, {
    decode: options.application.decodeBlock,
    answer: (answer) => talk.reply(peer, epoch, answer),
  })
}

/** Follows without a seat a chain on which such are many (B.15). */
function isAsking({ options, run }: Turning): boolean {
  return options.patienceMs !== undefined && run.seat < 0
}

function placeOf(run: Chain): Place {
  return { epoch: run.epoch, view: Math.max(1, run.status().view) }
}
