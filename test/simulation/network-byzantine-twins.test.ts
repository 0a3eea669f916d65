/**
 * Twins: a sample of the 262,144 cases, spread evenly over all leaders and partitions; `weft twins` runs the rest. And the
 * proof that the cases can find something: with one vote less in a quorum they fork.
 */
import { describe, expect, test } from 'vitest'
import { STANDARD_RULES } from '../../node/consensus/rules.ts'
import { representativeOf } from '../../devnet/simulator/twins-enumeration.ts'
import {
  runTwins,
  TWINS_CASES,
  twinsIndex,
  twinsText,
  twinsViews,
} from '../../devnet/simulator/twins.ts'

/** A prime step visits every leader and every partition of every view. */
const STEP = 1049

function sample(): readonly number[] {
  return Array.from({ length: Math.floor(TWINS_CASES / STEP) }, (_, at) => at * STEP)
}

describe('twins', () => {
  test('twins: cases: a number names leaders and partitions, and back', () => {
    for (const index of sample()) expect(twinsIndex(twinsViews(index))).toBe(index)
    expect(twinsText(0)).toBe('leader 0: 0 1 2 3 4; leader 0: 0 1 2 3 4; leader 0: 0 1 2 3 4')
    expect(twinsText(TWINS_CASES - 1)).toMatch(/^leader 3: 4 \| 0 1 2 3; /)
    const seen = sample().flatMap((index) => twinsViews(index))
    expect(new Set(seen.map(({ leader, split }) => 16 * leader + split)).size).toBe(64)
  })

  test('twins: kinds: renamed cases have one representative, which represents itself', () => {
    for (const index of sample()) {
      const least = representativeOf(index)
      expect(least).toBeLessThanOrEqual(index)
      expect(representativeOf(least)).toBe(least)
    }
  })

  test('twins: sample: no fork, and the honest go on once the network is whole', () => {
    let accused = 0
    for (const index of sample()) {
      const { violation, isStuck, evidence } = runTwins(index)
      expect(violation, `weft twins --case ${index}`).toBeUndefined()
      expect(isStuck, `weft twins --case ${index}`).toBe(false)
      if (evidence > 0) accused++
    }
    expect(accused).toBeGreaterThan(0)
  })

  test('twins: control: with a quorum of 2 some case of the sample forks', () => {
    const rules = { ...STANDARD_RULES, quorum: () => 2 }
    const forked = sample().find((index) => runTwins(index, { rules }).violation !== undefined)
    expect(forked).toBeDefined()
  })

  test('twins: determinism: a case gives one event hash', () => {
    const index = 12_345
    expect(runTwins(index).eventHash).toBe(runTwins(index).eventHash)
    expect(runTwins(index).eventHash).not.toBe(runTwins(index + 1).eventHash)
  })
})
