import { expect, test } from 'vitest'
import { timeStage } from '../../../bench/micro/stage.ts'
import { pureStages } from '../../../bench/micro/stages.ts'

test('bench: micro: every stage can be called and does what it says, again and again', () => {
  for (const { prepare } of pureStages()) {
    for (let call = 0; call < 2; call++) void prepare()()
  }
})

test('bench: micro: a stage is divided by its units, and what waits is timed by the wall', async () => {
  const idle = {
    name: 'idle',
    unit: 'turn',
    unitsPerCall: 10,
    prepare: () => () => Promise.resolve(),
  }
  const { medianUs, samples } = await timeStage(idle, 1)
  expect(samples).toBeGreaterThanOrEqual(5)
  expect(medianUs).toBeGreaterThan(0)
})
