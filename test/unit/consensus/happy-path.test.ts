/** Engines with nothing wrong between them. */
import { describe, expect, it } from 'vitest'
import { agree, createCluster } from './support/cluster.ts'

describe('consensus: happy path', () => {
  it.each([1, 2, 3, 4, 7, 16])(
    'consensus: happy path: %i seats finalize block after block',
    (n) => {
      const cluster = createCluster({ seatCount: n })
      cluster.work(true)
      expect(
        cluster.run(2_000, () => cluster.nodes.every((node) => node.delivered.length >= 10)),
      ).toBe(true)
      expect(agree(cluster)).toBe(true)
      expect(cluster.nodes.flatMap((node) => node.evidence)).toEqual([])
      expect(cluster.nodes.every((node) => node.facts.every((f) => f.kind !== 'nullified'))).toBe(
        true,
      )
    },
  )
})
