import { expect, test } from 'vitest'
import { runModelled } from '../../../bench/model/modelled-run.ts'
import { ModelledCores, turnCost, type StageCosts } from '../../../bench/model/processors.ts'

const STAGES: StageCosts = {
  recover: 50,
  admit: 5,
  execute: 15,
  receipt: 15,
  gossip: 1,
  decode: 2,
  sign: 300,
  check: 400,
}

test('bench: model: turns queue for the cores of their own machine, and fractions are not lost', () => {
  const cores = new ModelledCores(4, 2, 1)
  expect(cores.take(0, 100, 1500)).toBe(1)
  expect(cores.take(1, 100, 1500)).toBe(3)
  expect(cores.take(2, 100, 400)).toBe(0)
  expect(cores.take(0, 200, 900)).toBe(0)
  expect(cores.busyUs).toBe(4300)
})

test('bench: model: the factor is on everything but the checking of signatures', () => {
  const transactions = [undefined, undefined]
  const inputs = [{ kind: 'recovered', job: 1, transactions }] as const
  expect(turnCost({ stages: STAGES, overheadFactor: 1 }, inputs, [])).toBe(2 * (50 + 7))
  expect(turnCost({ stages: STAGES, overheadFactor: 3 }, inputs, [])).toBe(2 * (50 + 21))
})

test('bench: model: a network of slow processors settles less than it is offered', async () => {
  const network = { shards: 1, validators: 4, crossShard: 0, nodesPerMachine: 4, delayMs: 0 }
  const model = { stages: STAGES, overheadFactor: 4 }
  const slow = await runModelled({ ...network, cores: 1 }, { ...model, overheadFactor: 400 }, 20)
  expect(slow.settledTps).toBeLessThan(0.9 * 20)
})
