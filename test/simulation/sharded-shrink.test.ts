/**
 * The simulator of whole networks finds what is planted, and makes the failing plan small.
 */
import { describe, expect, test } from 'vitest'
import { networkPlanOf, playNetwork } from '../../devnet/simulator/network-campaign.ts'
import { parseNetworkPlan, type NetworkPlan } from '../../devnet/simulator/network-plan.ts'
import { shrinkPlan } from '../../devnet/simulator/network-shrink.ts'
import type { Validator } from '../../node/validator/validator.ts'

/** Planted: own votes are never written down, so a restarted node knows of none. */
function withoutJournal(honest: Validator): Validator {
  return {
    ...honest,
    handle: (input) =>
      honest
        .handle(input)
        .filter((effect) => effect.kind !== 'write' || effect.write.table !== 'journal'),
  }
}

/** Planted: nothing is ever synced, whatever was promised. */
function withoutSync(honest: Validator): Validator {
  return {
    ...honest,
    handle: (input) =>
      honest
        .handle(input)
        .map((effect) => (effect.kind === 'write' ? { ...effect, sync: false } : effect)),
  }
}

function ruleOf(
  plan: NetworkPlan,
  replaced?: (honest: Validator) => Validator,
): string | undefined {
  return playNetwork(plan, { replaced }).violation?.rule
}

const found = new Map<(honest: Validator) => Validator, NetworkPlan>()

/** The first seed that shows it. */
function firstFailing(replaced: (honest: Validator) => Validator): NetworkPlan | undefined {
  const known = found.get(replaced)
  if (known !== undefined) return known
  for (let seed = 1; seed <= 40; seed++) {
    const plan = networkPlanOf(seed)
    if (plan.shardCount > 2 || ruleOf(plan, replaced) === undefined) continue
    found.set(replaced, plan)
    return plan
  }
  return undefined
}

describe('sharded: planted', () => {
  for (const [name, replaced] of [
    ['a journal that is never written', withoutJournal],
    ['a disk that is never synced', withoutSync],
  ] as const) {
    test(`sharded: planted: ${name} is found, and the same plan is clean without it`, () => {
      const plan = firstFailing(replaced)
      expect(plan).toBeDefined()
      if (plan !== undefined) expect(ruleOf(plan)).toBeUndefined()
    })
  }
})

describe('sharded: shrink', () => {
  test('sharded: shrink: a failing plan becomes small, and still fails in the same way', () => {
    const plan = firstFailing(withoutJournal)
    if (plan === undefined) throw new Error('no seed shows the planted fault')
    const rule = ruleOf(plan, withoutJournal)
    const smaller = shrinkPlan(plan, {
      ruleOf: (candidate) => ruleOf(candidate, withoutJournal),
      runsMax: 60,
    })
    expect(smaller.troubles.length).toBeLessThanOrEqual(4)
    expect(smaller.vices).toEqual([])
    const stored = parseNetworkPlan(JSON.stringify(smaller))
    expect(ruleOf(stored, withoutJournal)).toBe(rule)
  })

  test('sharded: shrink: a plan that does not fail stays as it is', () => {
    const plan = networkPlanOf(12)
    expect(shrinkPlan(plan, { ruleOf, runsMax: 3 })).toBe(plan)
  })
})
