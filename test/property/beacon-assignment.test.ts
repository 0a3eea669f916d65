/** Assignment: whatever happened before, the next epoch's seats are what the rules say (docs/protocol/beacon.md B.3). */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignCommittees } from '../../node/beacon/assignment.ts'
import { drawCommittees, seatBeacon } from '../../node/beacon/committee.ts'
import { asciiBytes } from '../../node/primitives/bytes.ts'
import { hashOf } from '../unit/crosslink/examples.ts'

const ascending = (left: number, right: number): number => left - right
const keyOf = (validator: number) => asciiBytes(`key ${validator}`)

type Setting = {
  readonly shardCount: number
  /** Registered validators; of these `absent` have no seat any more. */
  readonly registered: number
  readonly newcomers: number
  readonly absent: number
  readonly rotationPermille: number
  readonly shardsPerValidator: number
  readonly seed: string
}

const settings: fc.Arbitrary<Setting> = fc
  .record({
    shardCount: fc.integer({ min: 1, max: 6 }),
    spare: fc.nat(9),
    newcomers: fc.nat(5),
    leaving: fc.nat(5),
    rotationPermille: fc.nat(1000),
    share: fc.nat(5),
    seed: fc.string({ minLength: 1, maxLength: 4, unit: 'grapheme-ascii' }),
  })
  .map(({ spare, leaving, share, ...rest }) => {
    const registered = 4 * rest.shardCount + spare
    const absent = Math.min(leaving, spare)
    return { ...rest, registered, absent, shardsPerValidator: 1 + (share % rest.shardCount) }
  })

function assign(setting: Setting, beaconSeats?: number) {
  const { shardCount, registered, newcomers, absent, seed } = setting
  const { rotationPermille, shardsPerValidator } = setting
  const previous = drawCommittees({
    seed: hashOf(`${seed} before`),
    validatorCount: registered,
    shardCount,
    shardsPerValidator,
  })
  const count = registered + newcomers
  const active = Array.from({ length: count }, (_, index) => index).slice(absent)
  const rules = { blocks: 8, rotationPermille, shardsPerValidator }
  const next = assignCommittees({
    previous,
    shardCount: previous.length - 1,
    unseated: [],
    active,
    keyOf,
    seed: hashOf(seed),
    rules,
    beaconSeats,
  })
  return { previous, active, next }
}

describe('property: beacon: assignment', () => {
  it('property: beacon: assignment: B.3: every active validator has its seats, none two on one shard, no shard below four', () => {
    fc.assert(
      fc.property(settings, (setting) => {
        const { active, next } = assign(setting)
        const [beacon, ...shards] = next
        expect(beacon).toEqual(active)
        const seats = active.flatMap((one) => Array(setting.shardsPerValidator).fill(one))
        expect(shards.flat().sort(ascending)).toEqual(seats)
        for (const committee of shards) expect(new Set(committee).size).toBe(committee.length)
        for (const committee of shards) expect(committee).toEqual(committee.toSorted(ascending))
        const sizes = shards.map((committee) => committee.length)
        expect(Math.min(...sizes)).toBeGreaterThanOrEqual(4)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 300 },
    )
  })

  it('property: beacon: assignment: B.15: a beacon of a few seats seats so many, each once, and moves nobody on a shard', () => {
    fc.assert(
      fc.property(settings, fc.integer({ min: 4, max: 40 }), (setting, beaconSeats) => {
        const { active, next } = assign(setting)
        const drawn = assign(setting, beaconSeats).next
        const [beacon = [], ...shards] = drawn
        expect(beacon).toHaveLength(Math.min(active.length, beaconSeats))
        expect(beacon).toEqual([...new Set(beacon)].sort(ascending))
        expect(beacon.every((one) => active.includes(one))).toBe(true)
        expect(shards).toEqual(next.slice(1))
      }),
      { numRuns: 200 },
    )
  })

  it('property: beacon: assignment: B.15: over many draws everybody sits on the beacon about equally often', () => {
    const active = Array.from({ length: 16 }, (_, index) => index)
    const counts = active.map(() => 0)
    for (let epoch = 0; epoch < 2_000; epoch++)
      for (const one of seatBeacon(hashOf(`epoch ${epoch}`), active, 4))
        counts[one] = (counts[one] ?? 0) + 1
    // 500 expected, with a standard deviation of 19.
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(100)
  })

  it('property: beacon: assignment: B.3: sticky: the share that is drawn moves on, to another shard where there is one', () => {
    fc.assert(
      fc.property(settings, (given) => {
        const setting = { ...given, shardsPerValidator: 1, absent: 0, newcomers: 0 }
        const { previous, next } = assign(setting)
        for (let shard = 1; shard <= setting.shardCount; shard++) {
          const before = previous[shard] ?? []
          const stayed = before.filter((one) => next[shard]?.includes(one)).length
          const moving = Math.ceil((before.length * setting.rotationPermille) / 1000)
          const returned = stayed - (before.length - moving)
          // Of two shards, the larger one may send more than the smaller one can take.
          const isEven = setting.registered % setting.shardCount === 0 || setting.shardCount > 2
          if (setting.shardCount === 1) expect(stayed).toBe(before.length)
          else if (isEven) expect(returned).toBe(0)
          else expect([0, 1]).toContain(returned)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('property: beacon: assignment: B.3: the same draw gives the same seats, another seed others', () => {
    const base = {
      shardCount: 4,
      registered: 32,
      newcomers: 0,
      absent: 0,
      rotationPermille: 250,
      shardsPerValidator: 1,
      seed: 'a',
    }
    expect(assign(base).next).toEqual(assign(base).next)
    const rules = { blocks: 8, rotationPermille: 250, shardsPerValidator: 1 }
    const { previous, active } = assign(base)
    const other = assignCommittees({
      previous,
      shardCount: previous.length - 1,
      unseated: [],
      active,
      keyOf,
      seed: hashOf('b'),
      rules,
    })
    expect(other).not.toEqual(assign(base).next)
  })

  it('property: beacon: assignment: B.3: over many epochs every validator sits on every shard about equally often', () => {
    const [shardCount, validatorCount, epochs] = [4, 16, 2_000]
    const rules = { blocks: 8, rotationPermille: 250, shardsPerValidator: 1 }
    const active = Array.from({ length: validatorCount }, (_, index) => index)
    const counts = active.map(() => [0, 0, 0, 0, 0])
    let previous = drawCommittees({ seed: hashOf('start'), validatorCount, shardCount })
    for (let epoch = 0; epoch < epochs; epoch++) {
      previous = assignCommittees({
        previous,
        shardCount: previous.length - 1,
        unseated: [],
        active,
        keyOf,
        seed: hashOf(`epoch ${epoch}`),
        rules,
      })
      for (const [chain, seats] of previous.entries()) {
        for (const one of seats) {
          const row = counts[one]
          if (row !== undefined) row[chain] = (row[chain] ?? 0) + 1
        }
      }
    }
    // 500 expected. Stays last four epochs on average, so the deviation is that of some 500 independent draws: about 50.
    for (const row of counts) {
      for (const count of row.slice(1))
        expect(Math.abs(count - epochs / shardCount)).toBeLessThan(250)
    }
  })
})
