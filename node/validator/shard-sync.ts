/**
 * A hosted shard and its state sync (docs/protocol/state-sync.md S.1, S.8): when a snapshot is thought of, and how chain,
 * execution, inbox and crosslinks stand still and go on.
 */
import type { Crosslink } from '../crosslink/crosslink.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { Mempool } from '../shards/mempool.ts'
import type { AdoptedBlock } from './chain.ts'
import type { Context } from './context.ts'
import type { CrosslinkOffer } from './crosslink-offer.ts'
import type { EpochChain } from './epoch-chain.ts'
import type { CommittedTip } from './execution-state.ts'
import type { InboxFeed } from './inbox-feed.ts'
import { shardBlockOf } from './shard-block.ts'
import type { CommittedFacts } from './shard-building.ts'
import type { ShardExecution } from './shard-execution.ts'
import type { SnapshotRules } from './snapshot-points.ts'
import type { StateSync, StateSyncOptions } from './state-sync.ts'

/** How long a starting shard waits for its beacon to say how far behind it is, before it asks for blocks (S.1). */
const BLOCKS_HOLD_MS = 10_000

type SyncSurroundings = {
  readonly config: { readonly shard: ChainNumber }
  readonly beacon: {
    readonly holdersOf: (shard: ChainNumber) => readonly number[]
    readonly isCatchingUp: () => boolean
    readonly snapshots: {
      readonly rules: SnapshotRules
      readonly of: (shard: ChainNumber) => readonly Crosslink[]
    }
  }
}

type SyncedShard = {
  readonly context: Context
  readonly options: SyncSurroundings
  readonly mempool: Pick<Mempool, 'accounts'>
  readonly inbox: InboxFeed
  readonly execution: ShardExecution
  readonly offer: CrosslinkOffer
  readonly chain: EpochChain
  readonly sync: StateSync
  readonly departure: { readonly forget: () => void }
  committed: CommittedFacts
  /** Until then the beacon may still say that a snapshot is the shorter way. */
  blocksHeldUntil: number
  running: boolean
  readonly updateWork: () => void
}

export function syncOptions(options: SyncSurroundings, self: () => SyncedShard): StateSyncOptions {
  const { config, beacon } = options
  const { shard } = config
  return {
    shard,
    rules: beacon.snapshots.rules,
    points: () => beacon.snapshots.of(shard),
    members: () => beacon.holdersOf(shard),
    committedHeight: () => self().execution.tip().height,
    askBlock: (validator, hash) => self().chain.askBlock(validator, hash),
    suspend: (take) => {
      self().departure.forget()
      self().execution.suspend()
      self().chain.suspend(take)
    },
    resume: (adopted) => (adopted === undefined ? replay(self()) : adopt(self(), adopted)),
  }
}

function replay({ execution, chain }: SyncedShard): void {
  execution.unsuspend()
  chain.resume()
}

/** S.8: the state is there; chain, inbox and crosslinks go on from its block. */
function adopt(self: SyncedShard, adopted: AdoptedBlock & { readonly tip: CommittedTip }): void {
  const { execution, chain, inbox, offer } = self
  const { baseFeePerGas, outBytes, anchor } = shardBlockOf(adopted.block).header
  self.committed = { baseFeePerGas, outBytes, anchor }
  self.mempool.accounts.forget()
  inbox.prune(adopted.tip.cursors)
  execution.unsuspend(adopted.tip)
  chain.resume(adopted)
  offer.recorded()
  offer.offer()
  self.updateWork()
}

/** At the start of a shard. */
export function holdBlocks(self: SyncedShard): void {
  self.blocksHeldUntil = self.context.now() + BLOCKS_HOLD_MS
}

/** S.1: what a beacon that is itself behind says of this shard is old. */
function isBeaconOld({ context, options, blocksHeldUntil }: SyncedShard): boolean {
  return context.now() < blocksHeldUntil && options.beacon.isCatchingUp()
}

export function considerSnapshot(self: SyncedShard): void {
  if (self.running && !isBeaconOld(self)) self.sync.consider()
}

/**
 * S.1: before missing blocks are asked for, a snapshot is thought of. Who is too near for one asks at once: the shard may
 * need this very node for its next block, and a beacon that stands still with it would keep it waiting.
 */
export function holdsBlocks(self: SyncedShard): boolean {
  considerSnapshot(self)
  if (self.sync.isSyncing()) return true
  return mayBeFar(self) && isBeaconOld(self)
}

/** Views begin anew in every epoch, so in an old one they say nothing of how far the chain has come. */
function mayBeFar({ chain, options }: SyncedShard): boolean {
  const { replayBlocksMax } = options.beacon.snapshots.rules
  if (replayBlocksMax === Infinity) return false
  return chain.isOutrun() || chain.status().viewsBehind >= replayBlocksMax
}

/** S.6: also after a restart, where the state stands at a point or comes to one again. */
export function keepSnapshots({
  context,
  options,
}: Pick<SyncedShard, 'context' | 'options'>): void {
  const { shard } = options.config
  for (const { tip } of options.beacon.snapshots.of(shard)) {
    const request = { kind: 'keep-snapshot', height: tip.height } as const
    context.execute(shard, request, () => undefined)
  }
}
