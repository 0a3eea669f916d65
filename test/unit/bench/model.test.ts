import { expect, test } from 'vitest'
import { factorsOf } from '../../../bench/model/calibration.ts'
import {
  createModelledScheme,
  isListKey,
  modelledKeys,
} from '../../../bench/model/modelled-scheme.ts'
import { calibrationPoints } from '../../../bench/model/model.ts'
import { runModelled } from '../../../bench/model/modelled-run.ts'
import {
  ModelledCores,
  totalOf,
  turnCost,
  type StageCosts,
  type TurnCost,
} from '../../../bench/model/processors.ts'
import { votingKeys } from '../../../node/primitives/key-use.ts'
import type { ValidatorEffect } from '../../../node/validator/contract.ts'

const STAGES: StageCosts = {
  recover: 50,
  admit: 5,
  execute: 15,
  receipt: 15,
  gossip: 1,
  decode: 2,
  signList: 30,
  checkListed: 80,
  signAggregate: 300,
  checkAggregate: 1400,
}
const ONCE = { views: 1, transactions: 1 }

function views(costUs: number): TurnCost {
  return { signatures: 0, views: costUs, transactions: 0 }
}

test('bench: model: turns queue for the cores of their own machine, and fractions are not lost', () => {
  const cores = new ModelledCores(4, 2, 1)
  expect(cores.take(0, 100, views(1500), ONCE)).toBe(1)
  expect(cores.take(1, 100, views(1500), ONCE)).toBe(3)
  expect(cores.take(2, 100, views(400), ONCE)).toBe(0)
  expect(cores.take(0, 200, views(900), ONCE)).toBe(0)
  expect(cores.busyUs).toBe(4300)
  expect(cores.parts).toEqual(views(4300))
})

test('bench: model: the factors are on everything but the checking of signatures', () => {
  const transactions = [undefined, undefined]
  const cost = turnCost(STAGES, [{ kind: 'recovered', job: 1, transactions }], [])
  expect(cost.signatures).toBe(2 * 50)
  expect(cost.transactions).toBe(2 * 7)
  const times = totalOf(cost, { views: 2, transactions: 3 })
  expect(times).toBe(2 * 50 + 2 * cost.views + 3 * 2 * 7)
})

test('bench: model: a committee of sixteen is charged for lists, one of seventeen for aggregates', () => {
  const charged = (seats: number): number => {
    const keys = Array.from({ length: seats }, (_, seat) => modelledKeys(Uint8Array.of(seat)))
    const publicKeys = votingKeys(keys).slice(0, seats - Math.floor((seats - 1) / 3))
    const question = {
      publicKeys,
      message: new Uint8Array(32),
      signatures: [],
      mode: 'aggregate',
    } as const
    const check: ValidatorEffect = { kind: 'check', job: 1, questions: [question] }
    return turnCost(STAGES, [], [check]).signatures
  }
  expect(charged(16)).toBe(11 * 80)
  expect(charged(17)).toBe(1400)
})

test('bench: model: signatures under both keys of a validator verify under that key only', () => {
  const scheme = createModelledScheme()
  const pair = modelledKeys(Uint8Array.of(1))
  const message = Uint8Array.of(7)
  const [list, aggregate] = [pair.subarray(0, 32), pair.subarray(32)]
  expect([isListKey(list), isListKey(aggregate)]).toEqual([true, false])
  for (const [use, key, other] of [
    ['list', list, aggregate],
    ['aggregate', aggregate, list],
  ] as const) {
    const signature = scheme.sign(pair, message, use)
    expect(scheme.verify(key, message, signature)).toBe(true)
    expect(scheme.verify(other, message, signature)).toBe(false)
  }
})

test('bench: model: two points tell what a view and what a transaction cost, one point what both do', () => {
  const few = { parts: { signatures: 1, views: 0.5, transactions: 0.2 }, realMs: 3.6 }
  const many = { parts: { signatures: 0.2, views: 0.1, transactions: 0.1 }, realMs: 0.9 }
  const fitted = factorsOf([few, many])
  expect(fitted.views).toBeCloseTo(4)
  expect(fitted.transactions).toBeCloseTo(3)
  const alone = factorsOf([{ ...few, realMs: 1 + 0.7 * 5 }])
  expect(alone.views).toBeCloseTo(5)
  expect(alone.transactions).toBe(alone.views)
})

test('bench: model: nothing is cheaper than its stages, whatever a sweep says', () => {
  const parts = { signatures: 0, views: 1, transactions: 1 }
  const fitted = factorsOf([
    { parts, realMs: 5 },
    { parts: { ...parts, transactions: 0.1 }, realMs: 4.9 },
  ])
  expect(fitted.transactions).toBe(1)
  expect(fitted.views).toBeCloseTo(4.3, 0)
})

test('bench: model: it is fitted to one shard and to the most shards of as many validators', () => {
  const point = (shards: number, validators: number, crossShard = 0) => {
    const spread = { min: 1, median: 1, max: 1 }
    return { shards, validators, crossShard, runs: 1, settledTps: spread, cpuMsPerTx: spread }
  }
  const points = [point(2, 16), point(8, 32), point(1, 16), point(4, 16), point(4, 16, 0.25)]
  const chosen = calibrationPoints({ metadata: {}, summary: { points } })
  expect(chosen.map(({ shards, validators }) => [shards, validators])).toEqual([
    [1, 16],
    [4, 16],
  ])
  expect(() => calibrationPoints({ metadata: {}, summary: { points: [point(2, 16)] } })).toThrow(
    'no run of one shard',
  )
})

test('bench: model: a network of slow processors settles less than it is offered', async () => {
  const place = { nodesPerMachine: 4, delayMs: 0 }
  const network = { shards: 1, validators: 4, beaconSeats: 0, crossShard: 0, ...place }
  const model = { stages: STAGES, factors: { views: 400, transactions: 400 } }
  const slow = await runModelled({ ...network, cores: 1 }, model, 20)
  expect(slow.settledTps).toBeLessThan(0.9 * 20)
})
