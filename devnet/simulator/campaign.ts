/**
 * Runs one campaign over a range of seeds and sums it up. The figures are those of docs/protocol A.13.
 */
import type { CampaignShape } from './campaign-shape.ts'
import { expandPlan } from './consensus-plan.ts'
import { runConsensus, type ConsensusOutcome, type ConsensusRunOptions } from './consensus-world.ts'

export type CampaignFigures = {
  readonly campaign: string
  readonly title: string
  readonly seeds: number
  readonly violations: number
  readonly stuck: number
  /** The first seed that failed, whichever way. */
  readonly firstFailure: ConsensusOutcome | undefined
  readonly restarts: number
  readonly evidence: number
  readonly steps: number
  /** Simulated milliseconds from stabilization until all honest nodes took a new block; seeds that did. */
  readonly recoveryP50Ms: number | undefined
  readonly recoveryMaxMs: number | undefined
  readonly wallMs: number
}

export type SeedRange = { readonly first: number; readonly count: number }

export type CampaignOptions = ConsensusRunOptions & {
  readonly onOutcome?: (outcome: ConsensusOutcome) => void
  /** Ends the campaign at the first failure: negative campaigns need no second. */
  readonly stopAtFailure?: boolean
}

export function runCampaign(
  shape: CampaignShape,
  seeds: SeedRange,
  options: CampaignOptions = {},
): CampaignFigures {
  const startedAt = performance.now()
  const outcomes: ConsensusOutcome[] = []
  for (let seed = seeds.first; seed < seeds.first + seeds.count; seed++) {
    const outcome = playCommittee(shape, seed, options)
    outcomes.push(outcome)
    options.onOutcome?.(outcome)
    if (options.stopAtFailure === true && hasFailed(outcome)) break
  }
  return figuresOf(shape, outcomes, performance.now() - startedAt)
}

export function playCommittee(
  shape: CampaignShape,
  seed: number,
  options: ConsensusRunOptions = {},
): ConsensusOutcome {
  return runConsensus(expandPlan(shape, seed), options)
}

export function hasFailed(outcome: ConsensusOutcome): boolean {
  return outcome.violation !== undefined || outcome.isStuck
}

/** Of outcomes in the order of their seeds. */
export function figuresOf(
  shape: CampaignShape,
  outcomes: readonly ConsensusOutcome[],
  wallMs: number,
): CampaignFigures {
  const recoveries = outcomes
    .map(({ recoveryMs }) => recoveryMs)
    .filter((recoveryMs) => recoveryMs !== undefined)
    .toSorted((left, right) => left - right)
  return {
    campaign: shape.name,
    title: shape.title,
    seeds: outcomes.length,
    violations: outcomes.filter(({ violation }) => violation !== undefined).length,
    stuck: outcomes.filter(({ isStuck }) => isStuck).length,
    firstFailure: outcomes.find(hasFailed),
    restarts: sum(outcomes.map(({ restarts }) => restarts)),
    evidence: sum(outcomes.map(({ evidence }) => evidence)),
    steps: sum(outcomes.map(({ steps }) => steps)),
    recoveryP50Ms: recoveries[recoveries.length >> 1],
    recoveryMaxMs: recoveries[recoveries.length - 1],
    wallMs: Math.round(wallMs),
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
