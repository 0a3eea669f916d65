/**
 * Inactivity (docs/protocol/beacon.md B.13): who is not heard of for some epochs in a row leaves by the ordinary way (B.10). What
 * counts as a sign of life stands in beacon blocks anyway: who proposed them, and the signers of the crosslinks that they carry.
 *
 * An option of the genesis; without it a state has none of this, and its root is what it was.
 *
 * Invariants: nobody is absent in an epoch in which the beacon heard next to nothing of its shard; who leaves so is one of those who
 * left in every respect: the same turn, the same stake back, never the last four.
 */
import { seatsOf } from '../crosslink/certificate.ts'
import type { Crosslink } from '../crosslink/crosslink.ts'
import { BEACON_CHAIN } from '../primitives/identifiers.ts'
import type { Activity } from './activity.ts'
import { maySpare, withExit } from './leaving.ts'
import { NEVER, type BeaconValidator } from './registry.ts'
import { planOf, type BeaconState } from './state.ts'

export type ActiveBlock = {
  readonly proposerSeat: number
  readonly crosslinks: readonly Pick<Crosslink, 'shard' | 'tip' | 'certificate'>[]
}

/** After a block on `state`, whose crosslinks were checked. */
export function noteActivity(
  state: BeaconState,
  activity: Activity,
  { proposerSeat, crosslinks }: ActiveBlock,
): Activity {
  const seen = new Set(activity.seen)
  const recorded = state.shards.map((_, index) => activity.recorded[index] ?? 0)
  const proposer = state.committees[BEACON_CHAIN]?.[proposerSeat]
  if (proposer !== undefined) seen.add(proposer)
  for (const { shard, tip, certificate } of crosslinks) {
    const seats = planOf(state, tip.epoch)?.committees[shard] ?? []
    for (const seat of seatsOf(certificate.signers, seats.length) ?? []) {
      const signer = seats[seat]
      // An old committee's signature is a sign of life, too.
      if (signer !== undefined) seen.add(signer)
    }
    if (tip.epoch === state.epoch) recorded[shard - 1] = (recorded[shard - 1] ?? 0) + 1
  }
  const ascending = [...seen].toSorted((left, right) => left - right)
  return { ...activity, recorded, seen: ascending }
}

/** Before the turn of an epoch (B.4): who was absent too often leaves. `state` is that after the epoch's last block. */
export function reviewActivity(state: BeaconState, activity: Activity): BeaconState {
  const { epochs, recorded, seen } = activity
  const present = new Set(seen)
  const heardOf = expected(state, recorded)
  const absences = state.validators.map((_, index) => {
    const before = activity.absences[index] ?? 0
    if (present.has(index)) return 0
    return heardOf.has(index) ? Math.min(epochs, before + 1) : before
  })
  let { validators } = state
  for (const [index, count] of absences.entries()) {
    const leaver = validators[index]
    if (count < epochs || leaver === undefined || !mayBeTold(state, validators, leaver)) continue
    validators = withExit(state, validators, index, leaver)
  }
  return { ...state, validators, activity: { epochs, recorded: [], seen: [], absences } }
}

function mayBeTold(
  state: BeaconState,
  validators: readonly BeaconValidator[],
  { status, exitEpoch }: BeaconValidator,
): boolean {
  return status === 'active' && exitEpoch === NEVER && maySpare(state, validators)
}

/**
 * Who would have been heard of: on every shard of theirs as many crosslinks were recorded as it has seats. Whoever has no seat
 * on the beacon (B.15) has no block that nobody can keep from it, so its silence counts neither way.
 */
function expected({ committees }: BeaconState, recorded: readonly number[]): ReadonlySet<number> {
  const silent = new Set<number>()
  const seated = new Set<number>()
  const leaders = new Set(committees[BEACON_CHAIN])
  for (const [chain, seats] of committees.entries()) {
    if (chain === BEACON_CHAIN) continue
    const isHeard = (recorded[chain - 1] ?? 0) >= seats.length
    for (const validator of seats) {
      seated.add(validator)
      if (!isHeard) silent.add(validator)
    }
  }
  return new Set([...seated].filter((one) => leaders.has(one) && !silent.has(one)))
}
