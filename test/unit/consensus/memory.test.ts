/** What an engine keeps, and what it lets go (A.4). */
import { describe, expect, it } from 'vitest'
import { BLOCKS_HELD_MAX, DELIVERED_BLOCKS_RETAINED } from '../../../node/consensus/blocks.ts'
import { ROUNDS_RETAINED, VIEW_WINDOW } from '../../../node/primitives/limits.ts'
import { createCluster } from './support/cluster.ts'
import { blockOn, certificateOf, genesis, proposalOf } from './support/fixtures.ts'
import { createSolo, proposalMessage, saidIn } from './support/solo.ts'

describe('consensus: memory', () => {
  it('consensus: memory: R10 rounds and bodies behind the finalized view are dropped', () => {
    const cluster = createCluster({
      seatCount: 1,
      observerCount: 1,
      timing: { blockIntervalMs: 10 },
    })
    cluster.work(true)
    cluster.run(3_000)
    for (const { engine, delivered } of cluster.nodes) {
      expect(delivered.length).toBeGreaterThan(200)
      const held = engine.held()
      expect(held.rounds).toBeLessThanOrEqual(ROUNDS_RETAINED + VIEW_WINDOW + 2)
      expect(held.blocks).toBeLessThanOrEqual(DELIVERED_BLOCKS_RETAINED + 3)
    }
  })

  it('consensus: memory: without finality, bodies that nobody certified go first', () => {
    const solo = createSolo()
    const kept = blockOn(genesis, 1)
    solo.hear(0, proposalMessage(kept, 0))
    solo.hearCertificate(certificateOf('notarize', proposalOf(kept, 0), 4))
    for (let view = 2; view < BLOCKS_HELD_MAX + 50; view++) {
      if ((view - 1) % 4 !== 3) solo.hear((view - 1) % 4, proposalMessage(blockOn(kept, view), 1))
      solo.hearCertificate(certificateOf('nullify', view, 4))
    }
    expect(solo.engine.held().blocks).toBeLessThanOrEqual(BLOCKS_HELD_MAX)
    expect(saidIn(solo.hear(0, { kind: 'get-block', hash: kept.hash }))).toEqual(['send 0 block'])
  })

  it('consensus: memory: one far certificate makes one round, not all between', () => {
    const solo = createSolo()
    solo.hearCertificate(certificateOf('nullify', 1_000_000, 4))
    expect(solo.engine.held().rounds).toBeLessThan(5)
  })

  it('consensus: memory: without finality, single votes of views long passed are dropped', () => {
    const solo = createSolo({ seat: -1 })
    for (let view = 1; view <= 4 * ROUNDS_RETAINED; view++) {
      solo.hearVotes('nullify', view, [0, 1, 2])
      expect(solo.engine.status().view).toBe(view + 1)
    }
    expect(solo.engine.held().votes).toBeLessThanOrEqual(3 * 2 * (ROUNDS_RETAINED + 1))
    // The certificates are still there: they justify later proposals.
    expect(saidIn(solo.hear(0, { kind: 'get-certificate', view: 2 }))).toEqual([
      'send 0 certificate nullify 2',
    ])
  })

  it('consensus: memory: votes for views long passed make no rounds', () => {
    const solo = createSolo()
    solo.hearCertificate(certificateOf('nullify', 1_000, 4))
    const before = solo.engine.held().rounds
    for (let view = 1; view < 900; view++) solo.hearVotes('nullify', view, [0])
    expect(solo.engine.held().rounds).toBe(before)
  })
})
