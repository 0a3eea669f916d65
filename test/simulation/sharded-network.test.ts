/**
 * Whole networks from seeds, as `weft sim --only network` plays them: a swarm of troubles and adversaries, safety judged at
 * every event, progress demanded after healing.
 */
import { describe, expect, test } from 'vitest'
import { networkPlanOf, playNetwork, playSeed } from '../../devnet/simulator/network-campaign.ts'
import { NETWORK_SHAPE, SHORT_SHAPE, type PlanShape } from '../../devnet/simulator/network-seed.ts'
import { parseNetworkPlan } from '../../devnet/simulator/network-plan.ts'
import { seedCount } from './seeds.ts'

const BATCH = 10
/** One of them costs as much as five short ones: where most seeds are spent is test/simulation/network-seeds.test.ts. */
const BATCHES = Math.ceil(seedCount() / 20)
/** Seeds in which a rule was once said to be broken. 50, 64: a node that silently lost beacon records disagrees with its committee. 146: a liar commits first. */
const REGRESSIONS: readonly number[] = [50, 64, 146]
/**
 * 973: a leader that was away was given up four times. 1346: a node with a hole in its store read it in a circle. 4865: a clock
 * set back stopped a node's timers. 5906: a node would not ask for the next block's parent before its beacon moved.
 * 11609: two clocks further apart than a follower tolerates, and a refusal that was taken for a fault.
 * 12985, 23931: leaders whose workers had died gave up one view after the other. 12659, 13977: effects heard before causes.
 * 99829: a leader that hid its proposal from the next one cost that one's view, too.
 */
const SHORT_REGRESSIONS: readonly number[] = [
  973, 1346, 4865, 5906, 10913, 11609, 12659, 12985, 13977, 17273, 23931, 27678, 99829,
]

function failureOf(seed: number, shape: PlanShape): string | undefined {
  const { ok, violations } = playSeed({ seed, shape }, false)
  const words = violations.map(({ rule, atMs, sentence }) => `${rule} at ${atMs} ms: ${sentence}`)
  return ok ? undefined : `seed ${seed}: ${words.join('; ')}`
}

describe('sharded: network', () => {
  for (let first = 1; first <= BATCH * BATCHES; first += BATCH) {
    const last = first + BATCH - 1
    test(`sharded: network: seeds ${first} to ${last} keep every rule and recover`, () => {
      const seeds = Array.from({ length: BATCH }, (_, index) => first + index)
      const failures = seeds.map((seed) => failureOf(seed, NETWORK_SHAPE))
      expect(failures.filter((failure) => failure !== undefined)).toEqual([])
    })
  }

  test.each([
    [100, 'bls'],
    [200, 'by-size'],
  ])('sharded: network: seed %i with real signatures, %s', (seed, scheme) => {
    expect(networkPlanOf(seed).scheme).toBe(scheme)
    expect(failureOf(seed, NETWORK_SHAPE)).toBeUndefined()
  })

  test.each(REGRESSIONS)('sharded: network: seed %i, which failed once, holds', (seed) => {
    expect(failureOf(seed, NETWORK_SHAPE)).toBeUndefined()
  })
})

describe('sharded: network: short', () => {
  test.each(SHORT_REGRESSIONS)(
    'sharded: network: short: seed %i, which failed once, holds',
    (seed) => {
      expect(failureOf(seed, SHORT_SHAPE)).toBeUndefined()
    },
  )
})

describe('sharded: network: plans', () => {
  const seeds = [2, 5, 10, 12]

  test('sharded: network: plans: one seed gives one event hash, and another seed another', () => {
    const hashes = seeds.map((seed) => playSeed({ seed, shape: NETWORK_SHAPE }, true))
    expect(hashes.flatMap(({ violations }) => violations)).toEqual([])
    expect(new Set(hashes.map(({ hash }) => hash)).size).toBe(seeds.length)
  })

  test('sharded: network: plans: receivers that read every message from its bytes do the same, event for event', () => {
    for (const seed of seeds) {
      const plan = networkPlanOf(seed, SHORT_SHAPE)
      expect(playNetwork(plan, { isWired: true }).hash).toBe(playNetwork(plan).hash)
    }
  })

  test('sharded: network: plans: a plan that was stored as text plays the same', () => {
    for (const seed of seeds.slice(0, 2)) {
      const plan = networkPlanOf(seed)
      const stored = parseNetworkPlan(JSON.stringify(plan))
      expect(playNetwork(stored).hash).toBe(playNetwork(plan).hash)
    }
  })

  test('sharded: network: plans: every class of trouble and liar is drawn, never more than f of a committee', () => {
    const plans = Array.from({ length: 400 }, (_, seed) => networkPlanOf(seed))
    const kinds = new Set(
      plans.flatMap(({ troubles }) => troubles.map(({ trouble }) => trouble.kind)),
    )
    expect(kinds).toEqual(new Set(DRAWN))
    expect(
      new Set(plans.flatMap(({ vices }) => vices.map(({ vice }) => vice))).size,
    ).toBeGreaterThan(15)
    for (const plan of plans) {
      const seats = Math.floor(plan.validatorCount / plan.shardCount)
      const tolerated = Math.floor((seats + 1 - 1) / 3) * plan.shardCount
      expect(plan.vices.length).toBeLessThanOrEqual(tolerated)
    }
  })
})

const DRAWN = [
  'bit-flips',
  'clock',
  'crash',
  'crash-amid',
  'cut',
  'disk',
  'executor-loss',
  'heal',
  'link',
  'loss',
  'lost-records',
  'pause',
  'read-error',
  'replay',
  'resume',
  'start',
  'stop',
  'wipe',
]
