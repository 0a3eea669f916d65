/**
 * Plans of epochs in one node: who sits where, of every epoch its beacon has come to know, and where a shard was made to go
 * on by force (B.8); on disk as soon as they are known.
 *
 * Old plans are kept like old blocks: whoever replays a shard's blocks from the start must know who led then. One takes some
 * two bytes per seat: a few hundred kilobytes for a thousand epochs of a full network.
 */
import { readEpochPlan, writeEpochPlan, type EpochPlan } from '../beacon/epoch.ts'
import type { BeaconValidator } from '../beacon/registry.ts'
import type { BeaconState } from '../beacon/state.ts'
import type { ShardRecord } from '../crosslink/crosslink.ts'
import { assert, present } from '../primitives/assert.ts'
import { createWriter, decodeExactly } from '../primitives/codec.ts'
import { BEACON_CHAIN, type ChainNumber } from '../primitives/identifiers.ts'
import type { StoreEntry } from '../storage/store.ts'
import type { Context } from './context.ts'
import { decodeEpochStart, encodeEpochStart, type EpochStart } from './epoch-start.ts'
import { epochsOfHolders } from './hosting.ts'
import { numberKey, numberOfChainKey } from './table.ts'

/** Where the beacon made a shard go on, and in which epoch (B.8). */
export type ForcedStart = Pick<EpochStart, 'epoch' | 'block'>

export type EpochPlans = {
  /** Beacon height from which on the shard is in the layout; 0: since genesis (B.7). */
  readonly openedHeight: (shard: ChainNumber) => number
  /** Shards of the layout at the beacon's finalized head. */
  readonly shardCount: () => number
  /** In force at the beacon's finalized head. */
  readonly current: () => EpochPlan
  /** undefined: the beacon of this node has not come so far. */
  readonly of: (epoch: number) => EpochPlan | undefined
  /** B.8: the first forced start of the shard in an epoch after this one. */
  readonly forcedAfter: (shard: ChainNumber, epoch: number) => ForcedStart | undefined
  readonly validators: () => readonly BeaconValidator[]
  /**
   * Who has the state of a shard as far as the beacon knows (B.11): whoever made its recorded head first, then who sits there
   * now. Of the beacon its committee.
   */
  readonly holders: (chain: ChainNumber) => readonly number[]
  /** A seat on the chain in any epoch that the beacon's head still or already needs. */
  readonly isMember: (chain: ChainNumber, validator: number) => boolean
  /** The beacon's head moved: what is new in it is written down. */
  readonly learn: (head: BeaconState) => void
}

/** What the disk has: the beacon's state, or that of the genesis, and the plans that were written down with it. */
export type StoredPlans = { readonly head: BeaconState; readonly entries: readonly StoreEntry[] }

type Plans = {
  readonly context: Context
  readonly known: Map<number, EpochPlan>
  /** By shard, ascending by epoch. */
  readonly forced: Map<ChainNumber, readonly ForcedStart[]>
  head: BeaconState
}

export function createEpochPlans(
  context: Context,
  genesis: BeaconState,
  { head, entries }: StoredPlans,
): EpochPlans {
  const self: Plans = { context, known: new Map(), forced: new Map(), head }
  for (const plan of [...plansIn(genesis), ...plansIn(head)]) self.known.set(plan.epoch, plan)
  for (const entry of entries) restore(self, entry)
  return {
    openedHeight: (shard) => self.head.shards[shard - 1]?.openedHeight ?? 0,
    shardCount: () => self.head.shards.length,
    current: () => present(self.known.get(self.head.epoch), 'the plan in force is known'),
    of: (epoch) => self.known.get(epoch),
    forcedAfter: (shard, epoch) => self.forced.get(shard)?.find((start) => start.epoch > epoch),
    validators: () => self.head.validators,
    holders: (shard) => holders(self, shard),
    isMember: (chain, validator) =>
      [self.head, ...self.head.plans].some(({ committees }) =>
        committees[chain]?.includes(validator),
      ),
    learn: (state) => learn(self, state),
  }
}

function holders({ head, known }: Plans, chain: ChainNumber): readonly number[] {
  const record = head.shards[chain - 1]
  if (record === undefined) return head.committees[chain] ?? []
  const epochs = epochsOfHolders(head, record)
  const seats = epochs.flatMap((epoch) => known.get(epoch)?.committees[chain] ?? [])
  return [...new Set(seats)]
}

function learn(self: Plans, state: BeaconState): void {
  const { context, known } = self
  self.head = state
  for (const plan of plansIn(state)) {
    if (known.has(plan.epoch)) continue
    known.set(plan.epoch, plan)
    const writer = createWriter()
    writeEpochPlan(writer, plan)
    const key = numberKey(BEACON_CHAIN, plan.epoch)
    const write = { kind: 'put', table: 'plan', key, value: writer.finish() } as const
    context.emit({ kind: 'write', write, sync: true })
  }
  for (const record of state.shards) learnForced(self, record)
}

/** B.8: every finalized state passes here, so the record still stands where it was forced to go on from. */
function learnForced(self: Plans, record: ShardRecord): void {
  const { shard, forcedEpoch: epoch, hash, height, timestampMs } = record
  if (epoch === 0 || self.forced.get(shard)?.some((one) => one.epoch === epoch) === true) return
  const start = { epoch, block: { hash, height, timestampMs } }
  rememberForced(self, shard, start)
  const value = encodeEpochStart({ ...start, sealedEpoch: record.epoch })
  const write = { kind: 'put', table: 'plan', key: numberKey(shard, epoch), value } as const
  self.context.emit({ kind: 'write', write, sync: true })
}

function rememberForced({ forced }: Plans, shard: ChainNumber, start: ForcedStart): void {
  const starts = [...(forced.get(shard) ?? []), start]
  forced.set(
    shard,
    starts.toSorted((left, right) => left.epoch - right.epoch),
  )
}

function restore(self: Plans, { key, value }: StoreEntry): void {
  const chain = numberOfChainKey(key)
  if (chain !== BEACON_CHAIN) return rememberForced(self, chain, decodeEpochStart(value))
  const plan = decodeExactly(value, readEpochPlan)
  assert(plan.ok, 'a stored plan that passed its checksum decodes')
  self.known.set(plan.value.epoch, plan.value)
}

function plansIn({ epoch, seed, committees, plans }: BeaconState): readonly EpochPlan[] {
  return [{ epoch, seed, committees }, ...plans]
}
