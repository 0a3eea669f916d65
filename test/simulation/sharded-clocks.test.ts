/**
 * Times of day that jump. Deadlines are counted on a clock that nobody can set, so a clock that is set right again does
 * not stop a node until time has caught up with it.
 */
import { describe, expect, test } from 'vitest'
import { createPrng } from '../../node/primitives/prng.ts'
import { createTrial } from './sharded/trial.ts'

const HOUR_MS = 3_600_000

describe('sharded: clocks', () => {
  test('sharded: clocks: a node whose clock was an hour ahead and is set back gives up the views of absent leaders at once', () => {
    const trial = createTrial({ shardCount: 2, seed: 7 })
    trial.startAll()
    trial.world.run(2_000)
    const dice = createPrng(7).stream('traffic')
    const { committees } = trial.world.validator(0).beacon.head()
    const [wrong = -1, second = -1, third = -1, absent = -1] = committees[1] ?? []
    trial.world.apply({ kind: 'clock', nodes: [wrong], skewMs: HOUR_MS })
    trial.traffic.send(trial.traffic.draw(dice), wrong)
    trial.world.run(4_000)
    trial.world.apply({ kind: 'clock', nodes: [wrong], skewMs: 0 })
    // From here on the other three are the quorum, also for what only a timeout decides.
    trial.world.apply({ kind: 'stop', nodes: [absent] })
    const submitters = [wrong, second, third]
    for (let sent = 0; sent < 12; sent++) {
      trial.world.run(trial.world.now() + 250)
      trial.traffic.send(trial.traffic.draw(dice), dice.pick(submitters))
    }
    expect(trial.settle(30_000), `${trial.traffic.openCount()} orders are open`).toBe(true)
    expect(trial.court.violation()).toBeUndefined()
  })
})
