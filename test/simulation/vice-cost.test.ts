/** What a vice costs is measured where it should cost something, and where it should not. */
import { expect, test } from 'vitest'
import { costs } from '../../devnet/scenario/vice-cost.ts'

test('scenarios: vice cost: silent leaders cost views of every chain, a second voice costs nothing', async () => {
  const rows = []
  const options = { seeds: [1], measureMs: 5_000 }
  for await (const cost of costs(options, ['silent-leader', 'nullify-and-finalize']))
    rows.push(cost)
  const [honest, silent, contradicting] = rows
  expect(rows.map(({ vice }) => vice)).toEqual([undefined, 'silent-leader', 'nullify-and-finalize'])
  expect(rows.flatMap(({ violations }) => violations)).toEqual([])
  // Two blocks a second in each shard, ten payments in each.
  expect(honest?.shardBlocksPerSecond).toBeGreaterThan(1.5)
  expect(honest?.settledPerSecond).toBeGreaterThan(15)
  expect(silent?.shardBlocksPerSecond).toBeLessThan(honest?.shardBlocksPerSecond ?? 0)
  expect(silent?.beaconBlocksPerSecond).toBeLessThan(honest?.beaconBlocksPerSecond ?? 0)
  expect(contradicting?.shardBlocksPerSecond).toBe(honest?.shardBlocksPerSecond)
})
