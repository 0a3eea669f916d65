/**
 * Elastic shards (docs/protocol/beacon.md B.7): which changes of the set of shards a state allows, which one the blocks of an
 * epoch have asked for, and what a shard is when it opens.
 *
 * Invariants: numbers are given in order and never again; a committee keeps at least COMMITTEE_SEATS_MIN seats; what the
 * seats of an epoch will be is known one epoch ahead, so a shard opens two boundaries after the epoch that asked for it.
 */
import { emptyOutRoot } from '../crosslink/channel.ts'
import type { ShardRecord } from '../crosslink/crosslink.ts'
import { present } from '../primitives/assert.ts'
import { fromHex } from '../primitives/bytes.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import { SHARDS_MAX } from '../primitives/limits.ts'
import { COMMITTEE_SEATS_MIN } from './committee.ts'
import { genesisBlockHash } from './genesis.ts'
import { activeIn } from './registry.ts'
import type { ShardChange } from './shard-change.ts'
import { planOf, type BeaconState } from './state.ts'

/** Root of a shard's state without accounts: that of the executor, which the beacon does not know (a test compares them). */
export const EMPTY_STATE_ROOT: Hash = present(
  fromHex('5e741791fa1acd485bd45fe646c5db043b91f88b5e35c0a0c1761a4a9e47e09b'),
  'the constant is written in hexadecimal digits',
)

/** Shards that have seats in the newest plan, and their number with those that have none any more. */
function plannedShards(state: BeaconState): { readonly count: number; readonly seated: number } {
  const [, ...shards] = (planOf(state, state.epoch + 1) ?? state).committees
  return { count: shards.length, seated: shards.filter((seats) => seats.length > 0).length }
}

/** Whether a block on this state may ask for the change. */
export function isPossible(state: BeaconState, { kind, shard }: ShardChange): boolean {
  const { epochRules: rules, validators, shards } = state
  if (rules.blocks === 0) return false
  if (kind === 'retire') return false
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

/** At the end of an epoch: the change that more than half of its blocks asked for, if it is possible still. */
export function adoptedChange(state: BeaconState): ShardChange | undefined {
  const { changes, epochRules } = state
  const found = changes.find(({ blocks }) => 2 * blocks > epochRules.blocks)
  return found !== undefined && isPossible(state, found.change) ? found.change : undefined
}

/** The record of a shard that opens with this state's head: an empty state, nothing sent, nothing consumed. */
export function openedRecord(state: BeaconState, shard: ChainNumber): ShardRecord {
  const { genesisHash, epoch, height, timestampMs } = state
  return {
    shard,
    epoch,
    height: 0,
    hash: genesisBlockHash(genesisHash, shard),
    timestampMs,
    stateRoot: EMPTY_STATE_ROOT,
    outRoot: emptyOutRoot(shard),
    cursors: Array.from({ length: shard + 1 }, () => 0),
    supply: 0n,
    sent: Array.from({ length: shard + 1 }, () => 0n),
    anchorHeight: height,
    sealed: false,
    inboxUnits: 0,
    outBytes: 0,
    lastCrosslinkHeight: height,
    status: 'live',
    recoveringSince: 0,
    forcedEpoch: 0,
    openedHeight: height,
    stage: 'open',
    stageHeight: height,
  }
}
