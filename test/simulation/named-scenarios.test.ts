/** Clocks that are wrong by two deltas, in both directions at once: a situation by name, which random plans reach by chance. */
import { expect, test } from 'vitest'
import { createPrng } from '../../node/primitives/prng.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

const DELTA_MS = 100

function expectSettled(trial: Trial): void {
  const settled = trial.settle(180_000)
  expect(trial.court.violation()).toBeUndefined()
  expect(settled, `${trial.traffic.openCount()} orders are open`).toBe(true)
  expect(trial.court.receipts.finish()).toBeUndefined()
}

test('named scenarios: R4: clocks two deltas ahead and two behind cost nothing but time', () => {
  const trial = createTrial({ shardCount: 2, seed: 2 })
  const { world, traffic } = trial
  const dice = createPrng(2).stream('traffic')
  trial.startAll()
  world.apply({ kind: 'clock', nodes: [0, 3, 6], skewMs: 2 * DELTA_MS })
  world.apply({ kind: 'clock', nodes: [1, 4, 7], skewMs: -2 * DELTA_MS })
  world.run(1_500)
  for (let sent = 0; sent < 40; sent++) {
    world.run(world.now() + 100)
    traffic.send(traffic.draw(dice), dice.below(trial.nodeCount))
  }
  expectSettled(trial)
})
