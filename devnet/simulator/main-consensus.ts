/**
 * Consensus campaigns from the command line, with the plan of a seed (`--plan`) and the event hash of each (`--hashes`):
 *
 *   npx node devnet/simulator/main-consensus.ts --seeds 500
 *   npx node devnet/simulator/main-consensus.ts --only crash --seed 17 --trace
 */
import { parseArgs } from 'node:util'
import { failureText, reportHeading, reportLine } from './campaign-report.ts'
import { hasFailed, runCampaign, type CampaignFigures } from './campaign.ts'
import { CAMPAIGNS } from './consensus-campaigns.ts'
import type { CampaignShape } from './campaign-shape.ts'
import { expandPlan } from './consensus-plan.ts'
import { runConsensus, type ConsensusOutcome } from './consensus-world.ts'

export type ConsensusCampaignOptions = {
  /** Seeds 1..seeds of each campaign. */
  readonly seeds: number
  /** Names of campaigns; all when absent. */
  readonly only?: readonly string[] | undefined
  readonly onProgress?: ((figures: CampaignFigures) => void) | undefined
  readonly onOutcome?: ((outcome: ConsensusOutcome) => void) | undefined
}

export function runConsensusCampaigns(
  options: ConsensusCampaignOptions,
): readonly CampaignFigures[] {
  const { seeds, only, onProgress, onOutcome } = options
  return chosenCampaigns(only).map((shape) => {
    const range = { first: 1, count: seeds }
    const figures = runCampaign(shape, range, onOutcome === undefined ? {} : { onOutcome })
    onProgress?.(figures)
    return figures
  })
}

function chosenCampaigns(only: readonly string[] | undefined): readonly CampaignShape[] {
  return only === undefined ? CAMPAIGNS : CAMPAIGNS.filter(({ name }) => only.includes(name))
}

function main(): void {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      seed: { type: 'string' },
      only: { type: 'string' },
      trace: { type: 'boolean', default: false },
      plan: { type: 'boolean', default: false },
      hashes: { type: 'boolean', default: false },
    },
  })
  const only = values.only?.split(',')
  if (values.seed !== undefined) return replay(Number(values.seed), only, values)
  if (!values.hashes) console.log(reportHeading())
  const figures = runConsensusCampaigns({
    seeds: Number(values.seeds),
    only,
    onProgress: values.hashes ? undefined : (done) => console.log(reportLine(done)),
    onOutcome: values.hashes ? printHash : undefined,
  })
  const failures = figures.flatMap(({ firstFailure }) => firstFailure ?? [])
  for (const failure of failures) console.log(failureText(failure))
  process.exitCode = failures.length === 0 ? 0 : 1
}

function printHash({ campaign, seed, eventHash }: ConsensusOutcome): void {
  console.log(`${campaign} ${seed} ${eventHash}`)
}

type ReplayOptions = { readonly trace: boolean; readonly plan: boolean }

/** One seed, one line per event when asked: simulated time in ms, node, what it did. */
function replay(seed: number, only: readonly string[] | undefined, options: ReplayOptions): void {
  for (const shape of chosenCampaigns(only)) {
    const plan = expandPlan(shape, seed)
    if (options.plan) console.log(JSON.stringify(plan, undefined, 1))
    const outcome = runConsensus(plan, options.trace ? { trace: printTrace } : {})
    if (hasFailed(outcome)) {
      console.log(failureText(outcome))
      process.exitCode = 1
    } else {
      console.log(`${shape.name} seed ${seed}: clean, heights ${outcome.heights.join(' ')}`)
    }
    console.log(`  ${outcome.steps} events, event hash ${outcome.eventHash}`)
  }
}

function printTrace(now: number, node: number, line: string): void {
  console.log(`${`${now}`.padStart(7)} n${`${node}`.padEnd(3)}${line}`)
}

if (import.meta.main) main()
