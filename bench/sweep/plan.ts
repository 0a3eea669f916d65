/**
 * Which points are measured and in which order. Pure.
 *
 * Repeats are interleaved and every second round runs backwards (1, 2, 4, 4, 2, 1, ...), so that a machine that gets warmer
 * or busier over the hour does not favour the points that come first.
 */
import { COMMITTEE_SIZE_MIN } from '../../devnet/parameters.ts'

export type Point = {
  readonly shards: number
  readonly validators: number
  /** Share of the payments that go to another shard. */
  readonly crossShard: number
  /** In words (devnet/load/workload-plan.ts). */
  readonly workload: string
  /** `bare`: one chain without beacon blocks, crosslinks and receipts. */
  readonly chain: 'sharded' | 'bare'
}

export type PlannedRun = Point & { readonly repeat: number }

/** One shard has no other to pay to, so it is measured once, at 0. */
export function planRuns(wish: {
  readonly shards: readonly number[]
  readonly validators: number
  readonly crossShard: readonly number[]
  readonly repeats: number
  readonly workload: string
  /** Also one chain without a beacon. */
  readonly bare: boolean
}): readonly PlannedRun[] {
  const { validators, workload } = wish
  const sharded = wish.shards.flatMap((shards): readonly Point[] =>
    (shards === 1 ? [0] : wish.crossShard).map((crossShard) => {
      return { shards, validators, crossShard, workload, chain: 'sharded' }
    }),
  )
  const bare: Point = { shards: 1, validators, crossShard: 0, workload, chain: 'bare' }
  const points = wish.bare ? [bare, ...sharded] : sharded
  return Array.from({ length: wish.repeats }, (_, index) => {
    const round = index % 2 === 0 ? points : points.toReversed()
    return round.map((point) => ({ ...point, repeat: index + 1 }))
  }).flat()
}

/** Shard counts that would leave a committee below four. */
export function shardsTooMany(shards: readonly number[], validators: number): readonly number[] {
  return shards.filter((count) => validators / count < COMMITTEE_SIZE_MIN)
}

export function samePoint(left: Point, right: Point): boolean {
  return (
    left.shards === right.shards &&
    left.validators === right.validators &&
    left.crossShard === right.crossShard &&
    left.workload === right.workload &&
    left.chain === right.chain
  )
}
