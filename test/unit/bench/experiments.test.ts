import { expect, test } from 'vitest'
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
