/**
 * Two thousand seeds of short whole networks, as `weft sim --only network-short` plays them, in processes of their own: one
 * per core. One in a hundred has real signatures. What failed once and lies beyond is played as well.
 */
import { availableParallelism } from 'node:os'
import { describe, expect, test } from 'vitest'
import { playSeed, type NetworkResult } from '../../devnet/simulator/network-campaign.ts'
import { SHORT_SHAPE } from '../../devnet/simulator/network-seed.ts'
import { runSeedJobs } from '../../devnet/simulator/seed-jobs.ts'
import { seedCount } from './seeds.ts'

const BATCH = 500
const BATCHES = Math.ceil(seedCount(2000) / BATCH)
/** One in so many is played once more, by the process of the tests. */
const AGAIN_EVERY = 50

async function play(first: number, count: number): Promise<readonly NetworkResult[]> {
  const results: NetworkResult[] = []
  const jobs = availableParallelism()
  const onResult = (result: NetworkResult): unknown => results.push(result)
  await runSeedJobs<NetworkResult>({
    campaign: SHORT_SHAPE.name,
    first,
    count,
    jobs,
    twice: false,
    play: (seed) => playSeed({ seed, shape: SHORT_SHAPE }, false),
    onResult,
  })
  return results
}

function failureOf({ seed, violations }: NetworkResult): string {
  const words = violations.map(({ rule, atMs, sentence }) => `${rule} at ${atMs} ms: ${sentence}`)
  return `weft sim --only network-short --seed ${seed}: ${words.join('; ')}`
}

describe('sharded: seeds', () => {
  for (let first = 1; first <= BATCH * BATCHES; first += BATCH) {
    const last = first + BATCH - 1
    test(`sharded: seeds: ${first} to ${last} keep every rule, recover, and do the same in another process`, async () => {
      const results = await play(first, BATCH)
      expect(results.map(({ seed }) => seed).toSorted((left, right) => left - right)).toEqual(
        Array.from({ length: BATCH }, (_, index) => first + index),
      )
      expect(results.filter(({ ok }) => !ok).map(failureOf)).toEqual([])
      for (const { seed, hash } of results.filter(({ seed: one }) => one % AGAIN_EVERY === 0)) {
        expect(playSeed({ seed, shape: SHORT_SHAPE }, false).hash, `seed ${seed}`).toBe(hash)
      }
    })
  }
})
