/**
 * How much work a transaction is, counted and not timed (docs/measuring.md): every member of its committee checks its
 * signature once and executes it once; its receipt is executed by every member of the other committee, and checks nothing.
 */
import { expect, test } from 'vitest'
import { createTrial, type Trial } from './sharded/trial.ts'

const SEATS = 4

type Work = { recovered: number; executed: number; receipts: number }

function openTrial(shardCount: number, work: Work): Trial {
  const trial = createTrial({
    shardCount,
    seed: 3,
    replaced: (honest) => ({
      ...honest,
      handle: (input) => {
        if (input.kind === 'executed') {
          const { response } = input
          if (response?.kind === 'built' || response?.kind === 'verified') {
            work.executed += response.outcome.results.length
            work.receipts += response.outcome.consumed.length
          }
        }
        const effects = honest.handle(input)
        for (const effect of effects)
          if (effect.kind === 'recover') work.recovered += effect.raws.length
        return effects
      },
    }),
  })
  trial.startAll()
  trial.world.run(2_000)
  return trial
}

test('sharded: work: each member of a committee checks and executes a transaction once, and a receipt checks nothing', () => {
  const work: Work = { recovered: 0, executed: 0, receipts: 0 }
  const trial = openTrial(2, work)
  const committees = trial.world.validator(0).beacon.head().committees
  const [orders, crossing] = [40, 10]
  for (let index = 0; index < orders; index++) {
    trial.world.run(trial.world.now() + 150)
    const shard = 1 + (index % 2)
    const destination = index < 2 * crossing && shard === 1 ? 2 : shard
    const member = committees[shard]?.[index % SEATS] ?? 0
    const order = { shard, sender: index % 10, destination, to: 'account', amount: 5n } as const
    trial.traffic.send(order, member)
  }
  expect(trial.settle(60_000)).toBe(true)
  expect(work).toEqual({
    recovered: SEATS * orders,
    executed: SEATS * orders,
    receipts: SEATS * crossing,
  })
})
