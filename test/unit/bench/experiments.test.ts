import { expect, test } from 'vitest'
import { splitCost } from '../../../bench/experiments/cost.ts'
import { metricOf } from '../../../bench/experiments/node-return.ts'
import { planSystems } from '../../../bench/experiments/single.ts'
import { fairnessOf } from '../../../bench/experiments/skew.ts'

test('bench: single: two systems take turns as A B B A', () => {
  expect(planSystems({ repeats: 2, against: 'anvil' })).toEqual(['weft', 'anvil', 'anvil', 'weft'])
  expect(planSystems({ repeats: 2 })).toEqual(['weft', 'weft'])
})

test('bench: skew: fairness is one when shards are alike and one over their number when one has all', () => {
  expect(fairnessOf([5, 5, 5, 5])).toBe(1)
  expect(fairnessOf([9, 0, 0, 0])).toBe(0.25)
  expect(fairnessOf([0, 0])).toBe(1)
})

test('bench: cost: two rates tell what views cost from what payments do', () => {
  const slow = { settledTps: 20, cpuMsPerTx: 52 }
  const fast = { settledTps: 120, cpuMsPerTx: 10.333333333333334 }
  const split = splitCost([fast, slow])
  expect(split?.fixedMsPerSecond).toBeCloseTo(1000, 6)
  expect(split?.marginalMs).toBeCloseTo(2, 6)
  expect(splitCost([slow])).toBeUndefined()
})

test('bench: recovery: a metric is read by its name and its chain', () => {
  const text = '# HELP weft_height\nweft_height{chain="1"} 7\nweft_height{chain="12"} 9\n'
  expect(metricOf(text, 'weft_height', 1)).toBe(7)
  expect(metricOf(text, 'weft_height', 12)).toBe(9)
  expect(metricOf(text, 'weft_height', 2)).toBeUndefined()
})
