/** Seeds of networks that get a shard more amid faults; see `weft sim --only network-elastic` for more. */
import { describe, expect, test } from 'vitest'
import { networkPlanOf, playSeed } from '../../devnet/simulator/network-campaign.ts'
import { parseNetworkPlan } from '../../devnet/simulator/network-plan.ts'
import { ELASTIC_SHAPE } from '../../devnet/simulator/network-seed.ts'

/** The last once had its payers refused for good by a shard that was congested for some seconds. */
const SEEDS = [1, 2, 67]

describe('elastic shards: campaign', () => {
  test('elastic shards: campaign: B.7: seeds in which a shard opens amid faults keep every rule', () => {
    const failures = SEEDS.flatMap((seed) => {
      const { violations } = playSeed({ seed, shape: ELASTIC_SHAPE }, false)
      return violations.map(({ rule, sentence }) => `seed ${seed}: ${rule}: ${sentence}`)
    })
    expect(failures).toEqual([])
  })

  test('elastic shards: campaign: a plan that was stored as text plays the same', () => {
    const plan = networkPlanOf(1, ELASTIC_SHAPE)
    const opened = plan.shardCount + 1
    expect(plan.orders.filter(({ destination }) => destination === opened).length).toBeGreaterThan(
      3,
    )
    expect(plan.orders.filter(({ shard }) => shard === opened)).toHaveLength(4)
    expect(parseNetworkPlan(JSON.stringify(plan))).toEqual(plan)
  })
})
