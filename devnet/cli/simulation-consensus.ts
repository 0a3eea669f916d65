/**
 * `weft sim` for single committees: the consensus campaigns, one engine per seat over a toy chain.
 */
import { CAMPAIGNS } from '../simulator/consensus-campaigns.ts'
import { failureText, reportHeading, reportLine } from '../simulator/campaign-report.ts'
import { hasFailed, runCampaign } from '../simulator/campaign.ts'
import { expandPlan } from '../simulator/consensus-plan.ts'
import { createEventHash } from '../simulator/event-hash.ts'
import { runConsensus, type ConsensusOutcome } from '../simulator/consensus-world.ts'
import type { SimulationOptions } from './simulation-options.ts'
import { printEvent, printLine, startStopwatch } from './simulation-print.ts'

/** Returns how many runs failed. */
export async function runCommittees(
  names: readonly string[],
  options: SimulationOptions,
): Promise<number> {
  const json = options.json === true
  const stopwatch = startStopwatch()
  const hash = createEventHash()
  let failures = 0
  let runs = 0
  if (!json) printLine(reportHeading())
  for (const shape of CAMPAIGNS.filter(({ name }) => names.includes(name))) {
    const range = { first: options.first, count: options.seeds }
    const figures = runCampaign(shape, range, {
      onOutcome: (outcome) => {
        runs++
        if (hasFailed(outcome)) failures++
        hash.absorb(Number.parseInt(outcome.eventHash.slice(0, 8), 16))
        hash.absorb(Number.parseInt(outcome.eventHash.slice(8), 16))
        if (json) printLine(resultLine(outcome, !hasFailed(outcome), stopwatch()))
      },
    })
    if (json) continue
    printLine(reportLine(figures))
    if (figures.firstFailure !== undefined) printLine(failureText(figures.firstFailure))
  }
  const summary = { campaign: 'committees', seeds: runs, failures, hash: hash.digest() }
  printLine(
    json
      ? JSON.stringify({ event: 'summary', ...summary })
      : `committees: ${runs} runs, ${failures} failed; hash of all runs ${summary.hash}`,
  )
  return failures
}

export async function replayCommittee(
  names: readonly string[],
  seed: number,
  options: SimulationOptions,
): Promise<number> {
  const stopwatch = startStopwatch()
  let failures = 0
  for (const shape of CAMPAIGNS.filter(({ name }) => names.includes(name))) {
    const outcome = runConsensus(
      expandPlan(shape, seed),
      options.trace === true ? { trace: printEvent } : {},
    )
    const failed = hasFailed(outcome)
    if (failed) failures++
    const words = failed
      ? failureText(outcome)
      : `${shape.name} seed ${seed}: clean, heights ${outcome.heights.join(' ')}, event hash ${outcome.eventHash}`
    printLine(options.json === true ? resultLine(outcome, !failed, stopwatch()) : words)
  }
  return failures
}

function resultLine(outcome: ConsensusOutcome, ok: boolean, wallMs: number): string {
  const { campaign, seed, eventHash: hash, endedAtMs: virtualMs, violation } = outcome
  const violations = violation === undefined ? [] : [violation]
  return JSON.stringify({
    event: 'result',
    campaign,
    seed,
    ok,
    hash,
    virtualMs,
    wallMs,
    violations,
  })
}
