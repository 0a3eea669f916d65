/**
 * Plans of epochs in one node: who sits where, of every epoch its beacon has come to know, on disk as soon as they are known.
 *
 * Old plans are kept like old blocks: whoever replays a shard's blocks from the start must know who led then. One takes some
 * two bytes per seat: a few hundred kilobytes for a thousand epochs of a full network.
 */
import { readEpochPlan, writeEpochPlan, type EpochPlan } from '../beacon/epoch.ts'
import type { BeaconValidator } from '../beacon/registry.ts'
import type { BeaconState } from '../beacon/state.ts'
import { assert, present } from '../primitives/assert.ts'
import { createWriter, decodeExactly } from '../primitives/codec.ts'
import { BEACON_CHAIN, type ChainNumber } from '../primitives/identifiers.ts'
import type { StoreEntry } from '../storage/store.ts'
import type { Context } from './context.ts'
import { numberKey } from './table.ts'

export type EpochPlans = {
  /** In force at the beacon's finalized head. */
  readonly current: () => EpochPlan
  /** undefined: the beacon of this node has not come so far. */
  readonly of: (epoch: number) => EpochPlan | undefined
  readonly validators: () => readonly BeaconValidator[]
  /** A seat on the chain in any epoch that the beacon's head still or already needs. */
  readonly isMember: (chain: ChainNumber, validator: number) => boolean
  /** The beacon's head moved: what is new in it is written down. */
  readonly learn: (head: BeaconState) => void
  readonly restore: (entries: readonly StoreEntry[]) => void
}

export function createEpochPlans(context: Context, genesis: BeaconState): EpochPlans {
  const known = new Map<number, EpochPlan>()
  let head = genesis
  for (const plan of plansIn(genesis)) known.set(plan.epoch, plan)
  return {
    current: () => present(known.get(head.epoch), 'the plan in force is known'),
    of: (epoch) => known.get(epoch),
    validators: () => head.validators,
    isMember: (chain, validator) =>
      [head, ...head.plans].some(({ committees }) => committees[chain]?.includes(validator)),
    learn: (state) => {
      head = state
      for (const plan of plansIn(state)) {
        if (known.has(plan.epoch)) continue
        known.set(plan.epoch, plan)
        const writer = createWriter()
        writeEpochPlan(writer, plan)
        const key = numberKey(BEACON_CHAIN, plan.epoch)
        const write = { kind: 'put', table: 'plan', key, value: writer.finish() } as const
        context.emit({ kind: 'write', write, sync: true })
      }
    },
    restore: (entries) => {
      for (const { value } of entries) {
        const plan = decodeExactly(value, readEpochPlan)
        assert(plan.ok, 'a stored plan that passed its checksum decodes')
        known.set(plan.value.epoch, plan.value)
      }
    },
  }
}

function plansIn({ epoch, seed, committees, plans }: BeaconState): readonly EpochPlan[] {
  return [{ epoch, seed, committees }, ...plans]
}
