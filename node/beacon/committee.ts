/**
 * Committees: who sits where (docs/protocol/beacon.md B.3). Pure functions of the epoch's seed and of counts, so that every
 * node computes the same seats from the beacon state.
 *
 * Invariant: every validator has its number of shards, one seat on each; the sizes of committees differ by at most one.
 */
import { assert, present } from '../primitives/assert.ts'
import { createWriter } from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../primitives/hash.ts'
import type { ChainNumber, Hash, Seat } from '../primitives/identifiers.ts'
import { COMMITTEE_SEATS_MAX, SHARDS_MAX } from '../primitives/limits.ts'
import { drawPermutation } from '../primitives/prng.ts'

/** Fewest seats of a committee that tolerates a fault (n = 3f + 1). */
export const COMMITTEE_SEATS_MIN = 4

/** H("epoch-seed", mix, epoch): draws committees and leader orders of one epoch (B.2). */
export function epochSeed(mix: Hash, epoch: number): Hash {
  return hashTagged('epoch-seed', createWriter().fixed(mix, HASH_SIZE).u64(epoch).finish())
}

export type CommitteeDraw = {
  readonly seed: Hash
  readonly validatorCount: number
  readonly shardCount: number
  /** On how many shards each validator sits; 1 if absent. */
  readonly shardsPerValidator?: number
  /** B.15; absent: the beacon seats everybody. */
  readonly beaconSeats?: number | undefined
}

/** B.15: whether the shards have seats for so many validators: without a beacon that seats everybody nothing else bounds them. */
export function fitsShards({
  validatorCount,
  shardCount,
  shardsPerValidator = 1,
}: Omit<CommitteeDraw, 'seed'>): boolean {
  const seatCount = validatorCount * Math.min(shardsPerValidator, shardCount)
  return seatCount <= COMMITTEE_SEATS_MAX * shardCount
}

/**
 * B.15: the beacon's committee out of those whose term holds the epoch: all of them, or as many as there are seats, by lot.
 * Drawn anew for every epoch: every validator has the beacon's state anyway, so a seat there costs nothing to move.
 */
export function seatBeacon(
  seed: Hash,
  active: readonly number[],
  beaconSeats: number | undefined,
): readonly number[] {
  const seats = beaconSeats ?? active.length
  if (active.length <= seats) return [...active]
  const drawn = drawPermutation(seed, 'beacon-seats', active.length).slice(0, seats)
  return drawn.toSorted((left, right) => left - right).map((at) => present(active[at], 'drawn'))
}

/** Seats per shard: as equal as can be, the lower shards get one seat more. */
export function shardSizes(seatCount: number, shardCount: number): readonly number[] {
  const larger = seatCount % shardCount
  return Array.from(
    { length: shardCount },
    (_, index) => Math.floor(seatCount / shardCount) + (index < larger ? 1 : 0),
  )
}

/**
 * Validator indices by chain and seat: result[0] is the beacon's committee, result[k] that of shard k, ascending.
 * Shards are dealt runs of one permutation, repeated once per shard of a validator: as no run is longer than the permutation,
 * nobody has two seats on one shard.
 */
export function drawCommittees(draw: CommitteeDraw): readonly (readonly number[])[] {
  const { seed, validatorCount, shardCount, shardsPerValidator = 1, beaconSeats } = draw
  assert(validatorCount >= 1, 'somebody sits')
  assert(
    (beaconSeats ?? validatorCount) <= COMMITTEE_SEATS_MAX &&
      fitsShards({ validatorCount, shardCount, shardsPerValidator }),
    'no committee is larger than its bitmap',
  )
  assert(shardCount >= 1 && shardCount <= SHARDS_MAX, 'a network has 1 to SHARDS_MAX shards')
  assert(
    shardsPerValidator >= 1 && shardsPerValidator <= shardCount,
    'a validator sits on 1 to all shards',
  )
  assert(validatorCount * shardsPerValidator >= shardCount, 'every shard has a validator')
  const order = drawPermutation(seed, 'committees', validatorCount)
  const everybody = Array.from({ length: validatorCount }, (_, index) => index)
  const committees: (readonly number[])[] = [seatBeacon(seed, everybody, beaconSeats)]
  const seatCount = validatorCount * shardsPerValidator
  let dealt = 0
  for (const size of shardSizes(seatCount, shardCount)) {
    const run = Array.from({ length: size }, (_, at) => order[(dealt + at) % validatorCount])
    const seats = run.map((validator) => present(validator, 'a run of the permutation'))
    committees.push(seats.sort((left, right) => left - right))
    dealt += size
  }
  assert(dealt === seatCount, 'every seat is dealt')
  return committees
}

export type LeaderDraw = {
  readonly seed: Hash
  readonly epoch: number
  readonly chain: ChainNumber
  readonly seatCount: number
}

/** The order in which the seats of one (chain, epoch) lead; it never depends on a certificate's bytes (A.2). */
export function leaderOrder(draw: LeaderDraw): readonly Seat[] {
  const { seed, epoch, chain, seatCount } = draw
  const bound = hashTagged(
    'leader-seed',
    createWriter().fixed(seed, HASH_SIZE).u64(epoch).u32(chain).finish(),
  )
  return drawPermutation(bound, 'leaders', seatCount)
}

/** leader(v) = order[(v - 1) mod n]; views start at 1 (A.2). */
export function leaderOfView(order: readonly Seat[], view: number): Seat {
  assert(Number.isSafeInteger(view) && view >= 1, 'views start at 1')
  return present(order[(view - 1) % order.length], 'a committee has seats')
}
