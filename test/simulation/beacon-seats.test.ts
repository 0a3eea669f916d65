/**
 * Networks whose beacon draws its committee anew with every epoch (docs/protocol/beacon.md B.15), judged by the court like any
 * other: every signature under the seats of its epoch.
 */
import { describe, expect, test } from 'vitest'
import { playSeed } from '../../devnet/simulator/network-campaign.ts'
import { SAMPLED_SHAPE } from '../../devnet/simulator/network-seed.ts'
import { runSampledBout } from './planted/sampled-bout.ts'

describe('beacon seats', () => {
  test('beacon seats: B.15: who takes over without one of those who sat before asks how the epoch ended, and goes on', () => {
    expect(runSampledBout(1).verdict).toBeUndefined()
  })

  test('beacon seats: B.15: seeds of crashes, partitions and losses stay clean', () => {
    const results = [1, 2].map((seed) => playSeed({ shape: SAMPLED_SHAPE, seed }, false))
    for (const { seed, violations } of results) expect(violations, `seed ${seed}`).toEqual([])
    expect(results.every(({ ok }) => ok)).toBe(true)
    expect(results.filter(({ epochs }) => epochs > 0).length).toBeGreaterThan(1)
  })
})
