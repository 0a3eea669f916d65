/** Committees and leader orders: partitions, permutations. Fixed draws stand in test/golden. */
import { describe, expect, it } from 'vitest'
import {
  drawCommittees,
  epochSeed,
  leaderOfView,
  leaderOrder,
} from '../../../node/beacon/committee.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { hashOf } from '../crosslink/examples.ts'

const ascending = (left: number, right: number): number => left - right

describe('beacon: committee', () => {
  it('beacon: committee: B.3: shard committees are a partition with sizes that differ by at most one', () => {
    for (const [validatorCount, shardCount] of [
      [1, 1],
      [4, 1],
      [8, 2],
      [11, 2],
      [16, 4],
      [67, 5],
      [128, 32],
      [128, 64],
    ] as const) {
      const [beacon, ...shards] = drawCommittees({ seed: hashOf('a'), validatorCount, shardCount })
      const everybody = Array.from({ length: validatorCount }, (_, index) => index)
      expect(beacon).toEqual(everybody)
      expect(shards).toHaveLength(shardCount)
      expect(shards.flat().sort(ascending)).toEqual(everybody)
      const sizes = shards.map((seats) => seats.length)
      expect(sizes).toEqual(sizes.toSorted(ascending).toReversed())
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }
  })

  it('beacon: committee: another seed draws other committees, the same seed the same', () => {
    const draw = (name: string) =>
      drawCommittees({ seed: hashOf(name), validatorCount: 32, shardCount: 4 })
    expect(draw('a')).toEqual(draw('a'))
    expect(draw('a')).not.toEqual(draw('b'))
  })

  it('beacon: committee: over many seeds every validator sits on every shard about equally often', () => {
    const counts = Array.from({ length: 8 }, () => 0)
    for (let round = 0; round < 400; round++) {
      const seed = hashOf(`round ${round}`)
      const seats = drawCommittees({ seed, validatorCount: 8, shardCount: 2 })[1] ?? []
      for (const validator of seats) counts[validator] = (counts[validator] ?? 0) + 1
    }
    // 200 expected of 400; six standard deviations are 60.
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(60)
  })

  it('beacon: committee: A.2: a leader order is a permutation bound to seed, epoch and chain', () => {
    const base = { seed: hashOf('a'), epoch: 0, chain: 1, seatCount: 16 }
    const orders = [
      base,
      { ...base, seed: hashOf('b') },
      { ...base, epoch: 1 },
      { ...base, chain: 2 },
    ].map(leaderOrder)
    for (const order of orders) {
      expect([...order].sort(ascending)).toEqual(Array.from({ length: 16 }, (_, seat) => seat))
    }
    expect(new Set(orders.map((order) => order.join())).size).toBe(4)
  })

  it('beacon: committee: leaders take turns from view 1 on', () => {
    expect([1, 2, 3, 4, 5].map((view) => leaderOfView([2, 0, 1], view))).toEqual([2, 0, 1, 2, 0])
    expect(() => leaderOfView([0], 0)).toThrow('views start at 1')
  })

  it('beacon: committee: every epoch of every mix has a seed of its own', () => {
    const seeds = [epochSeed(hashOf('a'), 0), epochSeed(hashOf('a'), 1), epochSeed(hashOf('b'), 0)]
    expect(new Set(seeds.map(toHex)).size).toBe(3)
  })
})
