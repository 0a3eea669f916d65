/**
 * Elastic shards (docs/protocol/beacon.md B.7): which changes of the set of shards a state allows, which one the blocks of an
 * epoch have asked for, and what a shard is when it opens.
 *
 * Invariants: numbers are given in order and never again; a committee keeps at least COMMITTEE_SEATS_MIN seats; what the
 * seats of an epoch will be is known one epoch ahead, so a shard opens two boundaries after the epoch that asked for it.
 */
import { channelTo } from '../crosslink/channel.ts'
import { firstRecord, type ShardRecord } from '../crosslink/crosslink.ts'
import { present } from '../primitives/assert.ts'
import { fromHex } from '../primitives/bytes.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import { SHARDS_MAX } from '../primitives/limits.ts'
import { COMMITTEE_SEATS_MIN, fitsShards } from './committee.ts'
import { genesisBlockHash } from './genesis.ts'
import { activeIn } from './registry.ts'
import type { ShardChange } from './shard-change.ts'
import { planOf, type BeaconState } from './state.ts'

/** Root of a shard's state without accounts: that of the executor, which the beacon does not know (a test compares them). */
export const EMPTY_STATE_ROOT: Hash = present(
  fromHex('5e741791fa1acd485bd45fe646c5db043b91f88b5e35c0a0c1761a4a9e47e09b'),
  'the constant is written in hexadecimal digits',
)

/** Shards of the newest plan, and how many of them the next one will seat. */
function plannedShards(state: BeaconState): { readonly count: number; readonly seated: number } {
  const count = (planOf(state, state.epoch + 1) ?? state).committees.length - 1
  return { count, seated: count - retiredShards(state).length }
}

/** Shards that get no seats any more, ascending. */
export function retiredShards({ shards }: Pick<BeaconState, 'shards'>): readonly ChainNumber[] {
  return shards.filter(({ stage }) => stage === 'retired').map(({ shard }) => shard)
}

/** Whether a block on this state may ask for the change. */
export function isPossible(state: BeaconState, { kind, shard }: ShardChange): boolean {
  const { epochRules: rules, validators, shards } = state
  if (rules.blocks === 0) return false
  if (kind === 'retire') return mayRetire(state, shard)
  const { count, seated } = plannedShards(state)
  const active = activeIn(validators, state.epoch + 2)
  const seats = active.length * rules.shardsPerValidator
  return (
    shard === count + 1 &&
    shard <= SHARDS_MAX &&
    shards.length === count &&
    seats >= COMMITTEE_SEATS_MIN * (seated + 1)
  )
}

/** One at a time, and never the last open one; nor one whose members the others have no seats for (B.15). */
function mayRetire(state: BeaconState, shard: ChainNumber): boolean {
  const { shards, validators, epoch, epochRules } = state
  const isBusy = shards.some(({ stage }) => stage === 'draining' || stage === 'drained')
  const open = shards.filter(({ stage }) => stage === 'open').map((record) => record.shard)
  const validatorCount = validators.filter(({ exitEpoch }) => exitEpoch > epoch + 1).length
  const shardCount = open.length - 1
  const { shardsPerValidator } = epochRules
  const isRoomy = fitsShards({ validatorCount, shardCount, shardsPerValidator })
  return !isBusy && shardCount > 0 && open.includes(shard) && isRoomy
}

/** The record of a shard that is to retire: from this beacon height on nothing new is sent to it. */
export function drainingRecord(record: ShardRecord, height: number): ShardRecord {
  return { ...record, stage: 'draining', stageHeight: height }
}

/** A draining shard that everything has left is drained; others stay as they are. */
export function drainRecords(
  shards: readonly ShardRecord[],
  beacon: Pick<BeaconState, 'incoming' | 'outgoing'>,
  height: number,
): readonly ShardRecord[] {
  const retiring = shards.find(({ stage }) => stage === 'draining')
  if (retiring === undefined || !hasNothingLeft(shards, retiring)) return shards
  if (!isSettledWith(beacon, retiring)) return shards
  return shards.map((record) =>
    record === retiring ? { ...record, stage: 'drained', stageHeight: height } : record,
  )
}

/**
 * Every shard has seen that this one drains, so none makes it a transfer any more; no receipt waits in a buffer; and what was
 * sent, either way, was consumed. New receipts could only answer old ones, of which there are none: so it stays like this.
 */
function hasNothingLeft(shards: readonly ShardRecord[], retiring: ShardRecord): boolean {
  return shards.every((other) => {
    if (other.stage === 'retired') return true
    const isQuiet = other.outBytes === 0 && other.anchorHeight >= retiring.stageHeight
    return isQuiet && isConsumed(other, retiring) && isConsumed(retiring, other)
  })
}

/** C.9: the beacon has consumed all that the shard sent it, and the shard all that the beacon did. */
function isSettledWith(
  { incoming, outgoing }: Pick<BeaconState, 'incoming' | 'outgoing'>,
  { shard, sequences, cursors }: ShardRecord,
): boolean {
  return (
    sequences[BEACON_CHAIN] === channelTo(incoming, shard).nextSequence &&
    cursors[BEACON_CHAIN] === channelTo(outgoing, shard).nextSequence
  )
}

function isConsumed(source: ShardRecord, destination: ShardRecord): boolean {
  return (source.sequences[destination.shard] ?? 0) === (destination.cursors[source.shard] ?? 0)
}

/** At the end of an epoch: the change that more than half of its blocks asked for, if it is possible still. */
export function adoptedChange(state: BeaconState): ShardChange | undefined {
  const { changes, epochRules } = state
  const found = changes.find(({ blocks }) => 2 * blocks > epochRules.blocks)
  return found !== undefined && isPossible(state, found.change) ? found.change : undefined
}

/** The record of a shard that opens with this state's head: an empty state, nothing sent, nothing consumed. */
export function openedRecord(state: BeaconState, shard: ChainNumber): ShardRecord {
  const { genesisHash, epoch, height, timestampMs } = state
  return firstRecord({
    shard,
    epoch,
    hash: genesisBlockHash(genesisHash, shard),
    timestampMs,
    stateRoot: EMPTY_STATE_ROOT,
    supply: 0n,
    shardCount: shard,
    openedHeight: height,
  })
}
