/**
 * The turn of an epoch (docs/protocol/beacon.md B.4): what the sealing block of the beacon does to the state. The next
 * epoch's plan, known for a whole epoch, comes into force, and the one after it is drawn.
 *
 * Invariant: the plan of every epoch in which a shard may still finalize a block is kept (C.3), so no shard is ever asked for
 * a certificate that nobody can check.
 */
import { EMPTY_CHANNEL } from '../crosslink/channel.ts'
import { present } from '../primitives/assert.ts'
import { BEACON_HASH_RING } from '../primitives/limits.ts'
import { planEpoch } from './assignment.ts'
import { adoptedChange, drainingRecord, openedRecord, retiredShards } from './elastic.ts'
import { epochAfter, type EpochPlan } from './epoch.ts'
import { turnRegistry } from './registry.ts'
import type { ShardChange } from './shard-change.ts'
import { epochOfShard, planOf, type BeaconState } from './state.ts'

/** The state after its head, the last block of an epoch. */
export function turnEpoch(state: BeaconState): BeaconState {
  const { epochRules: rules, mix } = state
  const epoch = state.epoch + 1
  const validators = turnRegistry(state.validators, epoch)
  const { seed, committees } = present(planOf(state, epoch), 'the next epoch has a plan')
  const change = adoptedChange(state)
  const opened = change?.kind === 'open' ? 1 : 0
  const next = planEpoch({
    epoch: epoch + 1,
    mix,
    previous: committees,
    shardCount: committees.length - 1 + opened,
    unseated: retiredShards(state),
    validators,
    rules,
    beaconSeats: state.beaconSeats,
  })
  const passed = { epoch: state.epoch, seed: state.seed, committees: state.committees }
  const plans = [...state.plans, passed, next].filter((plan) => isNeeded(state, plan, epoch))
  plans.sort((left, right) => left.epoch - right.epoch)
  const turned = { epoch, seed, committees, plans, validators, changes: [] }
  return openShards({ ...state, ...turned, shards: retire(state, change) })
}

/** B.7: from the next beacon block on nobody sends anything new to a shard that is to retire. */
function retire({ shards, height }: BeaconState, change: ShardChange | undefined) {
  return shards.map((record) =>
    change?.kind === 'retire' && record.shard === change.shard
      ? drainingRecord(record, height)
      : record,
  )
}

/** B.7: the plan that comes into force may seat one shard more than there were. */
function openShards(state: BeaconState): BeaconState {
  const shard = state.shards.length + 1
  if (state.committees.length <= shard) return state
  return {
    ...state,
    shards: [...state.shards, openedRecord(state, shard)],
    incoming: [...state.incoming, EMPTY_CHANNEL],
    outgoing: [...state.outgoing, EMPTY_CHANNEL],
  }
}

/** The one in force stands in the state itself. An old one serves shards that are in it, or may seal into it (C.3 (5)). */
function isNeeded(state: BeaconState, plan: EpochPlan, current: number): boolean {
  if (plan.epoch >= current) return plan.epoch > current
  const oldestAnchor = Math.max(0, state.height - BEACON_HASH_RING)
  if (plan.epoch >= epochAfter(state.epochRules, oldestAnchor)) return true
  // Also of a retired one: who sat there last keeps what it was, for whoever asks (B.7).
  // And who made its recorded head, until somebody else has gone on from there: they have the state (B.11).
  return state.shards.some((record) => {
    return record.epoch === plan.epoch || epochOfShard(state, record) === plan.epoch
  })
}
