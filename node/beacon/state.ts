/**
 * The beacon's state (docs/protocol/beacon.md B.1): who validates, who sits where, and what is known of every shard.
 *
 * Invariants: the state is plain data and is never changed in place; `headHash` is the hash of the block that made this
 * state, so it is not under that block's own state root; the ring holds the hashes of the blocks before the head.
 */
import { assert, present } from '../primitives/assert.ts'
import { openActivity, type Activity } from './activity.ts'
import { emptyChannels } from '../crosslink/channel.ts'
import { firstRecord, type ShardRecord } from '../crosslink/crosslink.ts'
import type { ChannelHead, ReceiptBatch } from '../crosslink/receipt.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import { votingKeys } from '../primitives/key-use.ts'
import { BEACON_HASH_RING } from '../primitives/limits.ts'
import { planEpoch } from './assignment.ts'
import { drawCommittees, epochSeed, leaderOfView, leaderOrder } from './committee.ts'
import { epochAfter, ONE_EPOCH, type EpochPlan, type EpochRules } from './epoch.ts'
import { genesisBlockHash, genesisHash, supplyOf, type Genesis } from './genesis.ts'
import {
  DEFAULT_REGISTRY,
  genesisValidators,
  type BeaconValidator,
  type RegistryRules,
} from './registry.ts'
import type { ChangeTally } from './shard-change.ts'

export type BeaconState = {
  readonly genesisHash: Hash
  readonly epoch: number
  readonly height: number
  readonly headHash: Hash
  readonly timestampMs: number
  /** Hashes of the blocks before the head: the one of height h at index h mod BEACON_HASH_RING. */
  readonly blockHashes: readonly Hash[]
  readonly mix: Hash
  /** Draws the committees and leader orders of this epoch. */
  readonly seed: Hash
  /** Everybody who ever was one; a validator's index never changes (B.6). */
  readonly validators: readonly BeaconValidator[]
  readonly registryRules: RegistryRules
  /** Wei of stakes that were slashed away. */
  readonly burnt: bigint
  /** Of this epoch: validator indices by chain and seat; index 0 is the beacon's own committee. */
  readonly committees: readonly (readonly number[])[]
  readonly epochRules: EpochRules
  /** Other epochs that are still or already needed, ascending: those of shards that lag, and the next one (B.4). */
  readonly plans: readonly EpochPlan[]
  /** Changes of the set of shards that the blocks of this epoch have asked for (B.7). */
  readonly changes: readonly ChangeTally[]
  /** Index = shard number - 1. */
  readonly shards: readonly ShardRecord[]
  /** How far each shard's channel to the beacon is consumed, index = source 0..S (C.9). */
  readonly incoming: readonly ChannelHead[]
  /** The beacon's channel to each shard, index = destination 0..S. */
  readonly outgoing: readonly ChannelHead[]
  /** What the head's block has sent; the channels commit to it. */
  readonly sent: readonly ReceiptBatch[]
  /** Who gave signs of life; absent where nobody has to (B.13). */
  readonly activity?: Activity
  /** Most seats of the beacon's own committee; absent: it seats everybody (B.15). */
  readonly beaconSeats?: number
}

/** State after block 0. `shardStateRoots[k - 1]` is the state root of shard k at genesis, from its executor. */
export function genesisBeaconState(
  genesis: Genesis,
  shardStateRoots: readonly Hash[],
): BeaconState {
  assert(shardStateRoots.length === genesis.shardCount, 'every shard has a genesis state')
  const { seed: mix, shardCount, epochs: rules = ONE_EPOCH } = genesis
  const { registry: registryRules = DEFAULT_REGISTRY, beaconSeats } = genesis
  const validators = genesisValidators(genesis.validators, registryRules, shardCount)
  const name = genesisHash(genesis)
  const seed = epochSeed(mix, 0)
  const { shardsPerValidator } = rules
  const validatorCount = validators.length
  const draw = { seed, validatorCount, shardCount, shardsPerValidator, beaconSeats }
  const committees = drawCommittees(draw)
  const drawn = { previous: committees, shardCount, unseated: [], validators, rules, beaconSeats }
  return {
    genesisHash: name,
    epoch: 0,
    height: 0,
    headHash: genesisBlockHash(name, BEACON_CHAIN),
    timestampMs: genesis.timestampMs,
    blockHashes: [],
    mix,
    seed,
    validators,
    registryRules,
    burnt: 0n,
    committees,
    epochRules: rules,
    plans: rules.blocks === 0 ? [] : [planEpoch({ ...drawn, epoch: 1, mix })],
    changes: [],
    shards: shardStateRoots.map((stateRoot, index) =>
      genesisRecord({ name, genesis, shard: index + 1, stateRoot }),
    ),
    incoming: emptyChannels(shardCount),
    outgoing: emptyChannels(shardCount),
    sent: [],
    ...(genesis.inactivityEpochs === undefined
      ? {}
      : { activity: openActivity(genesis.inactivityEpochs) }),
    ...(beaconSeats === undefined ? {} : { beaconSeats }),
  }
}

type RecordOrigin = {
  readonly name: Hash
  readonly genesis: Genesis
  readonly shard: ChainNumber
  readonly stateRoot: Hash
}

function genesisRecord(origin: RecordOrigin): ShardRecord {
  const { name, genesis, shard, stateRoot } = origin
  return firstRecord({
    shard,
    epoch: 0,
    hash: genesisBlockHash(name, shard),
    timestampMs: genesis.timestampMs,
    stateRoot,
    supply: supplyOf(genesis, shard),
    shardCount: genesis.shardCount,
    openedHeight: 0,
  })
}

/** The layout: how many shards a block sees that is anchored at this height of the state's own chain (B.7). */
export function shardCountAt({ shards }: Pick<BeaconState, 'shards'>, height: number): number {
  const later = shards.findIndex(({ openedHeight }) => openedHeight > height)
  return later < 0 ? shards.length : later
}

/** Hash of the beacon block at this height on the state's own chain; undefined if it is ahead or has left the ring. */
export function beaconHashAt(state: BeaconState, height: number): Hash | undefined {
  if (height === state.height) return state.headHash
  if (height > state.height || height < state.height - BEACON_HASH_RING) return undefined
  return state.blockHashes[height % BEACON_HASH_RING]
}

/** The ring after one more block: the head of `state` moves into it. */
export function pushBlockHash(state: BeaconState): readonly Hash[] {
  const ring = [...state.blockHashes]
  ring[state.height % BEACON_HASH_RING] = state.headHash
  return ring
}

/** Who sits where in this epoch; undefined of an epoch that is over for every shard, or not drawn yet (B.4). */
export function planOf(state: BeaconState, epoch: number): EpochPlan | undefined {
  if (epoch === state.epoch) return state
  return state.plans.find((plan) => plan.epoch === epoch)
}

/** The epoch in which a shard goes on after its recorded head: sealed, that of the head's anchor (B.5); or a forced one (B.8). */
export function epochOfShard(state: Pick<BeaconState, 'epochRules'>, record: ShardRecord): number {
  const own = record.sealed ? epochAfter(state.epochRules, record.anchorHeight) : record.epoch
  return Math.max(own, record.forcedEpoch)
}

/** The validators of one chain's committee, by seat. Chain 0 is the beacon. */
export function committeeOf(
  state: BeaconState,
  chain: ChainNumber,
  plan: EpochPlan = state,
): readonly BeaconValidator[] {
  return present(plan.committees[chain], 'every chain has a committee').map((index) =>
    present(state.validators[index], 'a committee seats validators'),
  )
}

/** The keys that one chain's committee votes with, by seat: what an engine is configured with. */
export function committeeKeys(
  state: BeaconState,
  chain: ChainNumber,
  plan: EpochPlan = state,
): readonly Uint8Array[] {
  return votingKeys(committeeOf(state, chain, plan).map(({ publicKey }) => publicKey))
}

/** Leader order of one chain in the epoch of a plan; a state is the plan of its own (A.2). */
export function leaderOrderOf(plan: EpochPlan, chain: ChainNumber): readonly number[] {
  const seatCount = present(plan.committees[chain], 'every chain has a committee').length
  return leaderOrder({ seed: plan.seed, epoch: plan.epoch, chain, seatCount })
}

/** Seat that proposes in this view of this chain. */
export function proposerOf(state: BeaconState, chain: ChainNumber, view: number): number {
  return leaderOfView(leaderOrderOf(state, chain), view)
}

/** The record of shard k. */
export function recordOf(state: BeaconState, shard: ChainNumber): ShardRecord {
  return present(state.shards[shard - 1], 'the network has this shard')
}
