/**
 * What a seed of a committee campaign is, for comparisons between machines; playing and replaying is `weft sim --only`:
 *
 *   npx node devnet/simulator/main-consensus.ts --seeds 500                   campaign, seed and event hash, line by line
 *   npx node devnet/simulator/main-consensus.ts --only crash --seed 17        the plan of one seed
 */
import { parseArgs } from 'node:util'
import { runCampaign } from './campaign.ts'
import { CAMPAIGNS } from './consensus-campaigns.ts'
import type { CampaignShape } from './campaign-shape.ts'
import { expandPlan } from './consensus-plan.ts'
import type { ConsensusOutcome } from './consensus-world.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    seed: { type: 'string' },
    only: { type: 'string' },
  },
})

for (const shape of chosenCampaigns(values.only?.split(','))) {
  if (values.seed === undefined) {
    runCampaign(shape, { first: 1, count: Number(values.seeds) }, { onOutcome: printHash })
  } else {
    console.log(JSON.stringify(expandPlan(shape, Number(values.seed)), undefined, 1))
  }
}

function chosenCampaigns(only: readonly string[] | undefined): readonly CampaignShape[] {
  return only === undefined ? CAMPAIGNS : CAMPAIGNS.filter(({ name }) => only.includes(name))
}

function printHash({ campaign, seed, eventHash }: ConsensusOutcome): void {
  console.log(`${campaign} ${seed} ${eventHash}`)
}
