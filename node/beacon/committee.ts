/**
 * Committees: who sits where (docs/protocol/beacon.md B.3). Pure functions of the epoch's seed and of counts, so that every
 * node computes the same seats from the beacon state.
 *
 * Invariant: the shard committees are a partition of the validators; their sizes differ by at most one.
 */
import { assert, present } from '../primitives/assert.ts'
import { createWriter } from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../primitives/hash.ts'
import type { ChainNumber, Hash, Seat } from '../primitives/identifiers.ts'
import { COMMITTEE_SEATS_MAX, SHARDS_MAX } from '../primitives/limits.ts'
import { drawPermutation } from '../primitives/prng.ts'

/** H("epoch-seed", mix, epoch): draws committees and leader orders of one epoch (B.2). */
export function epochSeed(mix: Hash, epoch: number): Hash {
  return hashTagged('epoch-seed', createWriter().fixed(mix, HASH_SIZE).u64(epoch).finish())
}

export type CommitteeDraw = {
  readonly seed: Hash
  readonly validatorCount: number
  readonly shardCount: number
}

/**
 * Validator indices by chain and seat: result[0] is the beacon's committee, everybody; result[k] that of shard k, ascending.
 * Shards are dealt runs of one permutation; where the sizes differ, the lower shards get one seat more.
 */
export function drawCommittees(draw: CommitteeDraw): readonly (readonly number[])[] {
  const { seed, validatorCount, shardCount } = draw
  assert(validatorCount >= 1 && validatorCount <= COMMITTEE_SEATS_MAX, 'the beacon seats everybody')
  assert(shardCount >= 1 && shardCount <= SHARDS_MAX, 'a network has 1 to SHARDS_MAX shards')
  assert(validatorCount >= shardCount, 'every shard has a validator')
  const order = drawPermutation(seed, 'committees', validatorCount)
  const everybody = Array.from({ length: validatorCount }, (_, index) => index)
  const committees: (readonly number[])[] = [everybody]
  const larger = validatorCount % shardCount
  let dealt = 0
  for (let shard = 1; shard <= shardCount; shard++) {
    const size = Math.floor(validatorCount / shardCount) + (shard <= larger ? 1 : 0)
    committees.push(order.slice(dealt, dealt + size).sort((left, right) => left - right))
    dealt += size
  }
  assert(dealt === validatorCount, 'every validator sits on one shard')
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
