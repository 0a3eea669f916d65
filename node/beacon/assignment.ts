/**
 * Assignment: who sits where in the next epoch (docs/protocol/beacon.md B.3). A pure function of the last committees, the
 * validators, the seed and the rules.
 *
 * Where every validator sits on one shard, rotation is sticky and partial: a part of every committee moves on, the others
 * stay, because moving costs a validator the state of a shard. Otherwise committees are drawn anew.
 *
 * Invariants: every active validator has its seats on shards, nobody has two on one shard; sizes differ by at most one.
 */
import { assert, present } from '../primitives/assert.ts'
import { compareBytes } from '../primitives/bytes.ts'
import { createWriter } from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../primitives/hash.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import { drawPermutation } from '../primitives/prng.ts'
import {
  COMMITTEE_SEATS_MIN,
  drawCommittees,
  epochSeed,
  seatBeacon,
  shardSizes,
} from './committee.ts'
import type { EpochPlan, EpochRules } from './epoch.ts'
import { activeIn, type BeaconValidator } from './registry.ts'

export type Rotation = {
  /** Of the epoch before, by chain; index 0 is the beacon's. It may know fewer shards (B.7). */
  readonly previous: readonly (readonly number[])[]
  readonly shardCount: number
  /** Shards without seats (B.7), ascending. */
  readonly unseated: readonly ChainNumber[]
  /** Indices of the validators that get seats, ascending. */
  readonly active: readonly number[]
  /** Committee key of a validator. */
  readonly keyOf: (validator: number) => Uint8Array
  readonly seed: Hash
  readonly rules: EpochRules
  /** B.15; undefined: the beacon seats everybody. */
  readonly beaconSeats?: number | undefined
}

/** Validator indices by chain and seat, each committee ascending. */
export function assignCommittees(rotation: Rotation): readonly (readonly number[])[] {
  const { previous, active, seed, rules, unseated, beaconSeats } = rotation
  const shardCount = rotation.shardCount - unseated.length
  const shardsPerValidator = shardsEach(rules, active.length, shardCount)
  if (shardsPerValidator > 1 || isShared(previous)) {
    const validatorCount = active.length
    const draw = { seed, validatorCount, shardCount, shardsPerValidator, beaconSeats }
    const drawn = drawCommittees(draw)
    return leaveOut(
      drawn.map((seats) => seats.map((at) => present(active[at], 'drawn among the active'))),
      unseated,
      [],
    )
  }
  const [, ...sizes] = leaveOut([0, ...shardSizes(active.length, shardCount)], unseated, 0)
  const staying = sizes.map((size, index) => stayers(rotation, index + 1, size))
  const placed = place(rotation, staying, sizes)
  const shards = placed.map((seats) => seats.toSorted((left, right) => left - right))
  return [seatBeacon(seed, active, beaconSeats), ...shards]
}

/** B.3: as the genesis says, and more where validators have become too few to fill the committees. */
function shardsEach(rules: EpochRules, validatorCount: number, shardCount: number): number {
  const least = Math.ceil((COMMITTEE_SEATS_MIN * shardCount) / validatorCount)
  return Math.min(shardCount, Math.max(rules.shardsPerValidator, least))
}

/** Somebody sat on two shards, so nobody can be said to stay on one. */
function isShared([, ...shards]: Rotation['previous']): boolean {
  const seats = shards.flat()
  return new Set(seats).size < seats.length
}

/** A list by chain of the seated shards, as a list by chain of all. */
function leaveOut<Item>(
  byChain: readonly Item[],
  unseated: readonly ChainNumber[],
  nothing: Item,
): readonly Item[] {
  const all = [...byChain]
  for (const shard of unseated) all.splice(shard, 0, nothing)
  return all
}

/** Those who keep their seat on the shard: all but the share that is drawn to move, and never more than there are seats. */
function stayers(rotation: Rotation, shard: ChainNumber, size: number): readonly number[] {
  const { previous, active, seed, rules, keyOf } = rotation
  const members = previous[shard] ?? []
  const order = members
    .filter((validator) => active.includes(validator))
    .map((validator) => ({ validator, ticket: evictionTicket(seed, shard, keyOf(validator)) }))
    .sort((left, right) => compareBytes(left.ticket, right.ticket))
  const moving = Math.ceil((order.length * rules.rotationPermille) / 1000)
  const first = Math.max(moving, order.length - size)
  return order.slice(first).map(({ validator }) => validator)
}

/** The smallest tickets move. */
function evictionTicket(seed: Hash, shard: ChainNumber, key: Uint8Array): Hash {
  return hashTagged(
    'evict',
    createWriter().fixed(seed, HASH_SIZE).u32(shard).variable(key).finish(),
  )
}

type Mover = {
  readonly validator: number
  /** The shard just left; -1: none. */
  readonly origin: ChainNumber
  shard: ChainNumber
}

/** Movers and newcomers, in drawn order, each to the shard that misses most, not back to the one just left. */
function place(
  { previous, active, seed }: Rotation,
  staying: readonly (readonly number[])[],
  sizes: readonly number[],
): readonly (readonly number[])[] {
  const seated = new Set(staying.flat())
  const pool = active.filter((validator) => !seated.has(validator))
  const missing = sizes.map((size, index) => size - (staying[index]?.length ?? 0))
  const placed: Mover[] = []
  for (const at of drawPermutation(seed, 'movers', pool.length)) {
    const validator = present(pool[at], 'a permutation of the pool')
    const origin = previous.findIndex((seats, chain) => chain > 0 && seats.includes(validator))
    const shard = neediest(missing, origin)
    missing[shard - 1] = (missing[shard - 1] ?? 0) - 1
    const mover: Mover = { validator, origin, shard }
    if (shard === origin) exchange(mover, placed)
    placed.push(mover)
  }
  return staying.map((seats, index) => [
    ...seats,
    ...placed.filter(({ shard }) => shard === index + 1).map(({ validator }) => validator),
  ])
}

/** The shard that misses most seats, the lowest of equals; the one just left only if no other misses any. */
function neediest(missing: readonly number[], origin: ChainNumber): ChainNumber {
  let best: ChainNumber = origin
  for (const [index, count] of missing.entries()) {
    const shard = index + 1
    if (count <= 0 || shard === origin) continue
    if (best === origin || count > (missing[best - 1] ?? 0)) best = shard
  }
  assert(best > 0 && (missing[best - 1] ?? 0) > 0, 'there are as many seats as validators')
  return best
}

/** Only the shard just left has a seat: somebody placed before, who may go there, goes there instead. */
function exchange(mover: Mover, placed: readonly Mover[]): void {
  const { origin } = mover
  const other = placed.find((one) => one.shard !== origin && one.origin !== origin)
  if (other === undefined) return
  mover.shard = other.shard
  other.shard = origin
}

export type PlanRequest = {
  readonly epoch: number
  /** What the reveals came to, one epoch before this one begins (B.2). */
  readonly mix: Hash
  readonly previous: Rotation['previous']
  readonly shardCount: number
  readonly unseated: Rotation['unseated']
  /** The registry, frozen at that moment. */
  readonly validators: readonly Pick<
    BeaconValidator,
    'publicKey' | 'activationEpoch' | 'exitEpoch'
  >[]
  readonly rules: EpochRules
  readonly beaconSeats?: number | undefined
}

/** The plan of an epoch, one epoch ahead: whoever changes shards has that long to get its state. */
export function planEpoch(request: PlanRequest): EpochPlan {
  const { epoch, mix, previous, validators } = request
  const seed = epochSeed(mix, epoch)
  const seated = activeIn(validators, epoch)
  // Where nobody is left to take over, those who sit stay, or the chain would end.
  const active = seated.length > 0 ? seated : present(previous[BEACON_CHAIN], 'the beacon sits')
  const keyOf = (index: number) => present(validators[index], 'the registry has it').publicKey
  return { epoch, seed, committees: assignCommittees({ ...request, active, keyOf, seed }) }
}
