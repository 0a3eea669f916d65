/**
 * The end of an epoch under trouble: messages are lost and seats crash around the sealing block; all seats must end their
 * epoch with the same block, once the trouble stops (R2, R12, R14, A.10).
 */
import { describe, expect, it } from 'vitest'
import { toHex } from '../../node/primitives/bytes.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import { agree, createCluster, type Cluster } from '../unit/consensus/support/cluster.ts'
import { genesis } from '../unit/consensus/support/fixtures.ts'

const TROUBLE_MS = 3_000
const SEATS = 4

function sealUnderTrouble(seed: number): Cluster {
  const dice = createPrng(seed)
  const cluster = createCluster({
    seatCount: SEATS,
    timing: { idleIntervalMs: 500, backoffMax: 8 },
    sealingHeight: genesis.height + 1 + dice.below(6),
    carry: ({ message }) => (dice.below(100) < 30 ? undefined : message),
  })
  cluster.work(true)
  while (cluster.now() < TROUBLE_MS) {
    cluster.run(cluster.now() + 50 + dice.below(400))
    const victim = dice.below(SEATS)
    cluster.crash(victim)
    cluster.run(cluster.now() + 20 + dice.below(200))
    cluster.restart(victim)
  }
  cluster.setCarry(undefined)
  return cluster
}

describe('consensus: sealing', () => {
  it.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    'consensus: sealing: loss and crashes, seed %i: all seats end with the same block',
    (seed) => {
      const cluster = sealUnderTrouble(seed)
      const allDone = (): boolean => cluster.nodes.every(({ engine }) => engine.status().done)
      expect(cluster.run(60_000, allDone)).toBe(true)
      const ends = cluster.nodes.map(({ engine }) => toHex(engine.status().deliveredHash))
      expect(new Set(ends).size).toBe(1)
      expect(agree(cluster)).toBe(true)
      expect(cluster.nodes.flatMap((node) => node.evidence)).toEqual([])
    },
  )
})
