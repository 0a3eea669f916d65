/**
 * Bytes of the beacon state, for storage and for a node that joins with a trusted state root. The root itself is
 * state-root.ts; these bytes are never hashed as a whole.
 */
import { readShardRecord, writeShardRecord } from '../crosslink/crosslink-codec.ts'
import type { ShardRecord } from '../crosslink/crosslink.ts'
import {
  readChannelHead,
  readReceiptBatch,
  writeChannelHead,
  writeReceiptBatch,
} from '../crosslink/receipt-codec.ts'
import { createWriter, decodeExactly, DecodeError, type Reader } from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import { BEACON_HASH_RING, SHARDS_MAX } from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'
import { readActivity, writeActivity } from './activity.ts'
import {
  epochAfter,
  readCommittees,
  readEpochPlan,
  readEpochRules,
  writeCommittees,
  writeEpochPlan,
  writeEpochRules,
  type EpochPlan,
} from './epoch.ts'
import {
  readRegistryRules,
  readValidator,
  REGISTRY_MAX,
  writeRegistryRules,
  writeValidator,
} from './registry.ts'
import { readChangeTally, TALLIES_MAX, writeChangeTally } from './shard-change.ts'
import { shardCountAt, type BeaconState } from './state.ts'

/** One per lagging shard, those of the anchors in the ring, and the next (epoch-turn.ts). */
const PLANS_MAX = SHARDS_MAX + BEACON_HASH_RING + 2

/** A u32; nothing else is as short. */
const BEACON_SEATS_SIZE = 4

/** Kept with the state: nodes of one simulation share states, as they share blocks. Nobody changes the bytes. */
const bytesOf = new WeakMap<BeaconState, Uint8Array>()

export function encodeBeaconState(state: BeaconState): Uint8Array {
  const known = bytesOf.get(state)
  if (known !== undefined) return known
  const bytes = encodeAnew(state)
  bytesOf.set(state, bytes)
  return bytes
}

function encodeAnew(state: BeaconState): Uint8Array {
  const writer = createWriter()
    .fixed(state.genesisHash, HASH_SIZE)
    .u64(state.epoch)
    .u64(state.height)
    .fixed(state.headHash, HASH_SIZE)
    .u64(state.timestampMs)
    .list(state.blockHashes, (into, hash) => into.fixed(hash, HASH_SIZE))
    .fixed(state.mix, HASH_SIZE)
    .fixed(state.seed, HASH_SIZE)
    .list(state.validators, writeValidator)
  writeRegistryRules(writer, state.registryRules)
  writer.u256(state.burnt)
  writeCommittees(writer, state.committees)
  writeEpochRules(writer, state.epochRules)
  writer
    .list(state.plans, writeEpochPlan)
    .list(state.changes, writeChangeTally)
    .list(state.shards, writeShardRecord)
    .list(state.incoming, writeChannelHead)
    .list(state.outgoing, writeChannelHead)
    .list(state.sent, writeReceiptBatch)
  // Last: a state without them has the bytes it had before there were any.
  if (state.activity !== undefined) writeActivity(writer, state.activity)
  if (state.beaconSeats !== undefined) writer.u32(state.beaconSeats)
  return writer.finish()
}

export function decodeBeaconState(bytes: Uint8Array): Result<BeaconState, 'malformed'> {
  return decodeExactly(bytes, readBeaconState)
}

/** Reads in the order of writing: the order of these properties is the format. */
function readBeaconState(reader: Reader): BeaconState {
  const state: BeaconState = {
    genesisHash: reader.fixed(HASH_SIZE),
    epoch: reader.u64(),
    height: reader.u64(),
    headHash: reader.fixed(HASH_SIZE),
    timestampMs: reader.u64(),
    blockHashes: reader.list(BEACON_HASH_RING, (from) => from.fixed(HASH_SIZE)),
    mix: reader.fixed(HASH_SIZE),
    seed: reader.fixed(HASH_SIZE),
    validators: reader.list(REGISTRY_MAX, readValidator),
    registryRules: readRegistryRules(reader),
    burnt: reader.u256(),
    committees: readCommittees(reader),
    epochRules: readEpochRules(reader),
    plans: reader.list(PLANS_MAX, readEpochPlan),
    changes: reader.list(TALLIES_MAX, readChangeTally),
    shards: reader.list(SHARDS_MAX, readShardRecord),
    incoming: reader.list(SHARDS_MAX + 1, readChannelHead),
    outgoing: reader.list(SHARDS_MAX + 1, readChannelHead),
    sent: reader.list(SHARDS_MAX, readReceiptBatch),
  }
  if (!isCoherent(state)) throw new DecodeError('the parts of a beacon state contradict each other')
  return { ...state, ...readOptions(reader) }
}

/** What is left holds seats of the beacon (B.15) at its end; signs of life (B.13), if there are any, are longer than those. */
function readOptions(reader: Reader): Pick<BeaconState, 'activity' | 'beaconSeats'> {
  const activity = reader.remaining() > BEACON_SEATS_SIZE ? readActivity(reader) : undefined
  const beaconSeats = reader.remaining() > 0 ? reader.u32() : undefined
  return {
    ...(activity === undefined ? {} : { activity }),
    ...(beaconSeats === undefined ? {} : { beaconSeats }),
  }
}

function isCoherent(state: BeaconState): boolean {
  const { shards, blockHashes, epoch, epochRules, height, plans } = state
  if (blockHashes.length !== Math.min(height, BEACON_HASH_RING)) return false
  if (shards.length < 1 || epoch !== epochAfter(epochRules, height)) return false
  if (shards.some((record, index) => record.shard !== index + 1)) return false
  if (state.incoming.length !== shards.length + 1) return false
  if (state.outgoing.length !== shards.length + 1) return false
  if (shards.some((record) => !isPlaced(state, record))) return false
  const isOrdered = plans.every(
    (plan, index) => plan.epoch > (plans[index - 1]?.epoch ?? -1) && plan.epoch !== epoch,
  )
  const isAhead = plans.at(-1)?.epoch === (epochRules.blocks === 0 ? undefined : epoch + 1)
  return isOrdered && isAhead && [state, ...plans].every((plan) => isSeated(state, plan))
}

/** B.7: shards are added at the end, and each knows those that there were at its head's anchor. */
function isPlaced(state: BeaconState, record: ShardRecord): boolean {
  const { shard, openedHeight, anchorHeight, cursors } = record
  if (openedHeight < (state.shards[shard - 2]?.openedHeight ?? 0)) return false
  if (openedHeight > state.height || anchorHeight < openedHeight) return false
  return cursors.length === shardCountAt(state, anchorHeight) + 1
}

/** Every chain has a committee, of validators that there are. */
function isSeated(state: BeaconState, { epoch, committees }: EpochPlan): boolean {
  const { shards, validators } = state
  // B.7: older plans know fewer shards, the next one may know one more.
  const added = committees.length - shards.length - 1
  if (epoch === state.epoch ? added !== 0 : epoch > state.epoch ? added < 0 : added > 0)
    return false
  return committees.every(
    (seats, chain) =>
      (seats.length > 0 || shards[chain - 1]?.stage === 'retired') &&
      seats.every((index) => index < validators.length),
  )
}
