/**
 * A hosted shard, and the transaction intakes of one node, wired to its beacon and its store.
 */
import { shardGenesis, type Genesis } from '../beacon/genesis.ts'
import { epochAfter } from '../beacon/epoch.ts'
import { BEACON_CHAIN, type ChainNumber } from '../primitives/identifiers.ts'
import type { BeaconChain } from './beacon-chain.ts'
import type { ChannelLeaves } from './channel-leaves.ts'
import type { Context } from './context.ts'
import type { EpochPlans } from './epoch-plans.ts'
import { loadAnchor, loadBacklog, loadFinalized } from './history.ts'
import type { Place } from './place.ts'
import type { Readiness } from './readiness.ts'
import type { SnapshotPoints, SnapshotRules } from './snapshot-points.ts'
import { createShardChain, type BeaconWindow, type ShardChain } from './shard-chain.ts'
import type { ShardConfig } from '../shards/executor.ts'
import { configNow } from '../shards/layout.ts'
import { createTransactionIntake, type TransactionIntake } from './transaction-intake.ts'

/** Beacon blocks' time after which a crosslink that is not recorded is told to everybody. */
const PATIENCE_BEACON_BLOCKS = 3

export type HostParts = {
  readonly genesis: Genesis
  readonly place: Place
  readonly plans: EpochPlans
  /** Transactions of blocks that were taken back (B.8). */
  readonly readmit: (shard: ChainNumber, raws: readonly Uint8Array[]) => void
  readonly beacon: BeaconChain
  readonly leaves: ChannelLeaves
  readonly points: SnapshotPoints
  readonly snapshotRules: SnapshotRules
  readonly readiness: Pick<Readiness, 'isReady'>
}

export function createHostedShard(
  context: Context,
  parts: HostParts,
  shard: ChainNumber,
): ShardChain {
  const { place, plans } = parts
  return createShardChain(context, {
    config: configOf(parts, shard),
    epochs: place.epochsOf(shard),
    payoutOf: (proposer) => place.payoutOf(shard, proposer),
    isOwn: (proposer) => place.isOwn(shard, proposer),
    beacon: beaconWindow(context, parts),
    forcedAfter: (epoch) => plans.forcedAfter(shard, epoch),
    isReady: (epoch, next) => parts.readiness.isReady(shard, epoch, next),
    readmit: (raws) => parts.readmit(shard, raws),
    loadFinalized: (fromHeight, answer) => loadFinalized(context, shard, fromHeight, answer),
    loadBacklog: (height, answer) => loadBacklog(context, shard, height, answer),
  })
}

/** What the shard's first block builds on: the genesis, and where the beacon opened the shard (B.7). */
export function configOf(
  { genesis, plans }: Pick<HostParts, 'genesis' | 'plans'>,
  shard: ChainNumber,
): ShardConfig {
  return shardGenesis(genesis, shard, plans.openedHeight(shard))
}

function beaconWindow(
  context: Context,
  { genesis, place, beacon, leaves, points, snapshotRules }: HostParts,
): BeaconWindow {
  const { epochRules } = place.genesisState
  return {
    headAnchor: beacon.headAnchor,
    anchorOf: beacon.anchorOf,
    loadAnchor: (beaconHeight, beaconHash, answer) =>
      loadAnchor(context, { beaconHeight, beaconHash }, answer),
    leavesOf: leaves.of,
    holdersOf: place.holders,
    upcomingLeaders: () => {
      const view = Math.max(1, beacon.chain.status().view)
      const leaders = [beacon.chain.leader(view), beacon.chain.leader(view + 1)]
      return place.others(BEACON_CHAIN).filter((member) => leaders.includes(member))
    },
    beaconMembers: () => place.others(BEACON_CHAIN),
    epochAfter: (beaconHeight) => epochAfter(epochRules, beaconHeight),
    patienceMs: PATIENCE_BEACON_BLOCKS * genesis.beaconTiming.blockIntervalMs,
    restMs: genesis.beaconTiming.idleIntervalMs,
    offer: beacon.offer,
    isCatchingUp: () => beacon.chain.isCatchingUp() || isOld(context, genesis, beacon),
    snapshots: { rules: snapshotRules, of: points.of },
  }
}

/** A beacon that nobody has stopped makes a block every idle interval at least; between two epochs it hears of none for a while. */
export function isOld(
  context: Pick<Context, 'wallMs'>,
  { beaconTiming }: Pick<Genesis, 'beaconTiming'>,
  beacon: Pick<BeaconChain, 'head'>,
): boolean {
  return context.wallMs() - beacon.head().timestampMs > 2 * beaconTiming.idleIntervalMs
}

export type Intakes = {
  /** By shard: a node takes transactions for all that there are. */
  readonly all: ReadonlyMap<ChainNumber, TransactionIntake>
  /** The beacon may have opened a shard (B.7). */
  readonly review: () => void
}

export function createIntakes(
  context: Context,
  parts: Pick<HostParts, 'genesis' | 'plans' | 'place' | 'beacon'>,
  served: (shard: ChainNumber) => ShardChain | undefined,
): Intakes {
  const { place, plans, beacon } = parts
  const all = new Map<ChainNumber, TransactionIntake>()
  const review = (): void => {
    // Shards are only ever added, at the end.
    for (let shard = all.size + 1; shard <= plans.shardCount(); shard++) {
      const intake = createTransactionIntake(context, {
        config: configNow(configOf(parts, shard), beacon.headAnchor),
        shard: () => served(shard),
        members: () => (place.isHolder(shard) ? place.holders(shard) : []),
        topic: place.transactionTopic(shard),
      })
      all.set(shard, intake)
    }
  }
  review()
  return { all, review }
}
