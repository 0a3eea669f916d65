/**
 * A hosted shard at work: its chain, its execution, its mempool, its inbox, and its crosslinks to the beacon.
 *
 * The way of a transaction here: `intake` admits it to the mempool and spreads it; `build` puts it into a block; the
 * engine finalizes the block; `committed` writes its results, sends its receipts and hands the beacon a crosslink.
 */
import type { ChainBlock } from '../consensus/message.ts'
import type { Certificate } from '../crosslink/certificate.ts'
import type { AnchorView, Crosslink, ShardRecord } from '../crosslink/crosslink.ts'
import type { ReceiptBatch } from '../crosslink/receipt.ts'
import { present } from '../primitives/assert.ts'
import { toHex } from '../primitives/bytes.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import type { ShardBlock } from '../shards/block.ts'
import type { BlockOutcome, ShardConfig } from '../shards/executor.ts'
import { flowLimits } from '../shards/flow-control.ts'
import { configAt, configNow } from '../shards/layout.ts'
import { createMempool, type Mempool } from '../shards/mempool.ts'
import type { Context } from './context.ts'
import type { ChainRestore } from './contract.ts'
import {
  createCrosslinkOffer,
  type CrosslinkOffer,
  type CrosslinkOfferOptions,
} from './crosslink-offer.ts'
import type { CommitHistory, ShardExecutionOptions } from './execution-state.ts'
import {
  createEpochChain,
  type ChainPlace,
  type EpochChain,
  type EpochChainOptions,
} from './epoch-chain.ts'
import { createInboxFeed, type InboxFeed, type InboxFeedOptions } from './inbox-feed.ts'
import type { PreparationSources } from './pending-block.ts'
import { isAcceptable } from './shard-acceptance.ts'
import { decodeShardChainBlock, shardBlockOf } from './shard-block.ts'
import { buildShardBlock, type BuilderParts, type CommittedFacts } from './shard-building.ts'
import { createShardExecution, type ShardExecution } from './shard-execution.ts'
import { createDeparture, type Departure, type HandoverSurroundings } from './shard-handover.ts'
import { epochAfterSeal, pushReceipts } from './shard-passing.ts'
import { writeCommitted } from './shard-records.ts'
import { hasWork, isChannelCongested, isInboxComplete, type WorkParts } from './shard-work.ts'
import {
  considerSnapshot,
  holdBlocks,
  holdsBlocks,
  keepSnapshots,
  syncOptions,
} from './shard-sync.ts'
import type { SnapshotRules } from './snapshot-points.ts'
import { createStateSync, type StateSync } from './state-sync.ts'

/** How often missing receipts are looked after; the feed limits how often they are asked for. */
const INBOX_POLL_MS = 300

/** What the shard needs to know of the beacon in the same node. */
export type BeaconWindow = {
  readonly headAnchor: () => AnchorView
  readonly anchorOf: (hash: Hash) => AnchorView | undefined
  readonly loadAnchor: PreparationSources['loadAnchor']
  readonly leavesOf: InboxFeedOptions['leavesOf']
  /** Who has the state of a shard, but for this node (B.11). */
  readonly holdersOf: InboxFeedOptions['holdersOf']
  readonly upcomingLeaders: CrosslinkOfferOptions['upcomingLeaders']
  readonly beaconMembers: CrosslinkOfferOptions['beaconMembers']
  readonly patienceMs: number
  readonly restMs: number
  /** The epoch in which a chain is after this beacon block. */
  readonly epochAfter: (beaconHeight: number) => number
  readonly offer: (crosslink: Crosslink) => void
  readonly isCatchingUp: () => boolean
  readonly snapshots: {
    readonly rules: SnapshotRules
    readonly of: (shard: ChainNumber) => readonly Crosslink[]
  }
}

export type ShardChainOptions = Pick<HandoverSurroundings, 'forcedAfter' | 'readmit'> & {
  readonly config: ShardConfig
  readonly epochs: ChainPlace
  readonly payoutOf: BuilderParts['payoutOf']
  /** Whether this node proposed the block, in whichever epoch. */
  readonly isOwn: (header: ShardBlock['header']) => boolean
  readonly beacon: BeaconWindow
  readonly isReady: BuilderParts['isReady']
  readonly loadFinalized: ShardExecutionOptions['loadFinalized']
  readonly loadBacklog: CrosslinkOfferOptions['loadBacklog']
}

export type ShardChain = {
  readonly chain: EpochChain
  readonly config: ShardConfig
  readonly mempool: Mempool
  readonly start: (restore: ChainRestore | undefined) => void
  readonly beaconFinalized: () => void
  /** The beacon has named another snapshot point: its state is to be kept (S.6). */
  readonly keepSnapshots: () => void
  /** Chunks of a snapshot that this node fetches. */
  readonly sync: Pick<StateSync, 'receive' | 'isSyncing'>
  /** C.7: this node signs nothing for the shard in this epoch and before. */
  readonly mutedThrough: () => number
  /** The beacon entered a view: its leaders may not have our crosslink yet. */
  readonly beaconEntered: () => void
  /** Batches from this validator, a member of their source or of this shard. */
  readonly receive: (batches: readonly ReceiptBatch[], from: number) => void
  /** What the beacon has sent, by this node's own account (C.9). */
  readonly takeOwn: InboxFeed['addOwn']
  /** Batches of this source that wait here to be consumed, for a fellow that misses them. */
  readonly heldReceipts: InboxFeed['held']
  /** Something happened that may make a block worth building, or not worth it any more. */
  readonly updateWork: () => void
  /** When to call `tick`; Infinity: not needed. */
  readonly deadline: () => number
  readonly tick: () => void
  readonly congested: (destination: number) => boolean
  readonly baseFee: () => bigint
  /** Height whose state is committed. */
  readonly committedHeight: () => number
}

type Shard = {
  readonly context: Context
  readonly options: ShardChainOptions
  readonly mempool: Mempool
  readonly inbox: InboxFeed
  readonly execution: ShardExecution
  readonly offer: CrosslinkOffer
  readonly chain: EpochChain
  readonly sync: StateSync
  readonly departure: Departure
  /** FINALIZATIONs of blocks that are final and not committed yet. */
  readonly certificates: Map<string, Certificate>
  committed: CommittedFacts
  inboxDeadline: number
  /** Until then the beacon may still say that a snapshot is the shorter way. */
  blocksHeldUntil: number
  running: boolean
  readonly updateWork: () => void
}

export function createShardChain(context: Context, options: ShardChainOptions): ShardChain {
  const { config } = options
  const self: Shard = {
    context,
    options,
    mempool: createMempool({ rules: configNow(config, options.beacon.headAnchor) }),
    inbox: createInboxFeed(context, { shard: config.shard, ...options.beacon }),
    execution: createShardExecution(
      context,
      executionOptions(options, () => self),
    ),
    offer: createCrosslinkOffer(
      context,
      offerOptions(options, () => self),
    ),
    chain: createEpochChain(
      context,
      chainOptions(options, () => self),
    ),
    sync: createStateSync(
      context,
      syncOptions(options, () => self),
    ),
    departure: createDeparture(context, options, {
      record: () => recordOf(self),
      shard: () => self,
    }),
    certificates: new Map(),
    committed: { baseFeePerGas: config.initialBaseFee, outBytes: 0, anchor: undefined },
    inboxDeadline: Infinity,
    blocksHeldUntil: -Infinity,
    running: false,
    updateWork: () => updateWork(self),
  }
  return {
    chain: self.chain,
    config,
    mempool: self.mempool,
    start: (restore) => start(self, restore),
    beaconFinalized: () => beaconFinalized(self),
    keepSnapshots: () => keepSnapshots(self),
    sync: self.sync,
    mutedThrough: self.departure.mutedThrough,
    beaconEntered: () => {
      if (self.running) self.offer.offer()
    },
    receive: (batches, from) => {
      for (const batch of batches) self.inbox.add(batch, from)
      updateWork(self)
    },
    takeOwn: self.inbox.addOwn,
    heldReceipts: self.inbox.held,
    updateWork: () => updateWork(self),
    deadline: () =>
      Math.min(
        self.inboxDeadline,
        self.execution.deadline(),
        self.offer.deadline(),
        self.sync.deadline(),
        self.departure.deadline(),
      ),
    tick: () => tick(self),
    congested: (destination) => isChannelCongested(workParts(self), destination),
    baseFee: () => self.committed.baseFeePerGas,
    committedHeight: () => (self.running ? self.execution.tip().height : 0),
  }
}

function executionOptions(options: ShardChainOptions, self: () => Shard): ShardExecutionOptions {
  const { beacon, config, payoutOf } = options
  const { shard } = config
  return {
    shard,
    anchorOf: beacon.anchorOf,
    beaconHeight: () => beacon.headAnchor().beaconHeight,
    loadAnchor: beacon.loadAnchor,
    loadFinalized: options.loadFinalized,
    senderOf: (hash) => self().mempool.senderOf(hash),
    beneficiaryOf: ({ header }) => payoutOf(header),
    verified: (hash, valid) => {
      self().chain.verified(hash, valid)
      updateWork(self())
    },
    committing: (committing) => writeCommitted(self().context, shard, committing),
    committed: (block, outcome, history) => committed(self(), block, outcome, history),
    failed: () => self().context.emit({ kind: 'report', fact: { kind: 'executor-failed', shard } }),
  }
}

function offerOptions(options: ShardChainOptions, self: () => Shard): CrosslinkOfferOptions {
  const { beacon, config } = options
  return {
    shard: config.shard,
    seat: () => self().chain.seat,
    committeeSize: () => self().chain.committee.length,
    patienceMs: beacon.patienceMs,
    restMs: beacon.restMs,
    record: () => recordOf(self()),
    committedHeight: () => self().execution.tip().height,
    upcomingLeaders: beacon.upcomingLeaders,
    beaconMembers: beacon.beaconMembers,
    offer: beacon.offer,
    loadBacklog: options.loadBacklog,
    forked: () => void self().departure.consider(),
  }
}

function chainOptions(options: ShardChainOptions, self: () => Shard): EpochChainOptions {
  const { beacon, epochs } = options
  return {
    ...epochs,
    epochAfter: (sealing) => epochAfterSeal(beacon, shardBlockOf(sealing).header),
    turned: () => {
      self().offer.offer()
      updateWork(self())
    },
    holdsBlocks: () => holdsBlocks(self()),
    seen: (block) => self().departure.seen(block),
    application: {
      decodeBlock: decodeShardChainBlock,
      build: (view: number, parentHash: Hash, parent: ChainBlock | undefined) =>
        buildShardBlock(builderParts(self()), { view, parentHash, parent }),
      verify: (block: ChainBlock, certified: boolean) => verify(self(), block, certified),
      finalized: (block: ChainBlock, certificate: Certificate | undefined) => {
        if (certificate !== undefined) self().certificates.set(toHex(block.hash), certificate)
        self().execution.finalize(block)
      },
    },
  }
}

function builderParts(self: Shard): BuilderParts {
  const { beacon } = self.options
  return {
    ...self,
    ...self.options,
    headAnchor: beacon.headAnchor,
    anchorOf: beacon.anchorOf,
    committed: () => self.committed,
    seat: () => {
      const { epoch, seat, startedMs } = self.chain
      return { epoch, proposerSeat: seat, startedMs }
    },
    built: self.chain.built,
  }
}

function workParts(self: Shard): WorkParts {
  const { config, beacon } = self.options
  return {
    ...self,
    shard: config.shard,
    limits: flowLimits(configAt(config, beacon.headAnchor())),
    headAnchor: beacon.headAnchor,
    status: self.chain.status,
    epoch: () => self.chain.epoch,
    committed: () => self.committed,
  }
}

/** The executor says where it stands; then the engine starts, while what is missing is replayed. */
function start(self: Shard, restore: ChainRestore | undefined): void {
  const { options, execution, departure } = self
  execution.synchronize(restore?.head?.height ?? 0, () => {
    const { height } = execution.tip()
    options.loadFinalized(height, ([block]) => {
      // Nothing was committed meanwhile, unless the replay was faster; then it knows better.
      if (block?.height === execution.tip().height) {
        const { baseFeePerGas, outBytes, anchor } = shardBlockOf(block).header
        self.committed = { baseFeePerGas, outBytes, anchor }
      }
      departure.start(() => run(self, restore, height))
    })
  })
}

function run(self: Shard, restore: ChainRestore | undefined, height: number): void {
  const { options, context } = self
  self.running = true
  holdBlocks(self)
  keepSnapshots(self)
  const fact = { kind: 'synchronized', chain: options.config.shard, height } as const
  context.emit({ kind: 'report', fact })
  self.chain.start(restore)
  // Between the end of an import and the chain's own record of it the node was stopped.
  if (height > (restore?.head?.height ?? 0)) self.sync.complete(height)
  considerSnapshot(self)
  self.offer.offer()
  updateWork(self)
}

/** Acceptance first: it binds only until a block is certified. */
function verify(self: Shard, block: ChainBlock, certified: boolean): void {
  const { context, options, chain, execution } = self
  const { headAnchor, anchorOf } = options.beacon
  const parts = { ...self, anchorOf, wallMs: context.wallMs(), headAnchor: headAnchor() }
  if (!certified && !isAcceptable(parts, block)) return chain.verified(block.hash, false)
  execution.verify(block, certified)
}

function committed(
  self: Shard,
  { header }: ShardBlock,
  outcome: BlockOutcome,
  { replayed, told }: CommitHistory,
): void {
  const { certificates, context, options } = self
  const key = toHex(outcome.hash)
  const certificate = certificates.get(key)
  certificates.delete(key)
  const { baseFeePerGas, outBytes, anchor } = header
  self.committed = { baseFeePerGas, outBytes, anchor }
  self.mempool.finalize(header.height, outcome.changed)
  self.inbox.prune(outcome.cursors)
  if (!told) context.emit({ kind: 'shard-head', shard: options.config.shard, outcome })
  // What was replayed is read back with its certificate when it is to be offered.
  if (!replayed) {
    self.offer.add({ hash: outcome.hash, header, channels: outcome.channels, certificate })
    if (options.isOwn(header)) pushReceipts(context, options.beacon, outcome)
    self.offer.offer()
  }
  updateWork(self)
}

function recordOf({ options }: Shard): ShardRecord {
  const { shards } = options.beacon.headAnchor()
  return present(shards[options.config.shard - 1], 'the beacon records every shard')
}

function beaconFinalized(self: Shard): void {
  if (self.running && self.departure.consider()) return
  self.offer.recorded()
  self.execution.anchorsMoved()
  self.chain.seatsMoved()
  if (!self.running) return
  considerSnapshot(self)
  self.offer.offer()
  updateWork(self)
}

/** A.7: tells the engine whether a block is worth building, and looks after what the inbox misses. */
function updateWork(self: Shard): void {
  if (!self.running) return
  if (self.departure.consider()) return
  const parts = workParts(self)
  const isComplete = isInboxComplete(parts)
  self.inboxDeadline = isComplete ? Infinity : self.context.now() + INBOX_POLL_MS
  self.chain.work(hasWork(parts))
}

function tick(self: Shard): void {
  self.execution.tick()
  if (!self.running) return
  self.offer.tick()
  self.sync.tick()
  self.departure.tick()
  if (self.context.now() >= self.inboxDeadline) updateWork(self)
}
