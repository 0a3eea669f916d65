/**
 * `weft sim` for single committees: the consensus campaigns, one engine per seat over a toy chain.
 */
import { CAMPAIGNS } from '../simulator/consensus-campaigns.ts'
import { failureText, reportHeading, reportLine } from '../simulator/campaign-report.ts'
import { figuresOf, hasFailed, playCommittee } from '../simulator/campaign.ts'
import type { CampaignShape } from '../simulator/campaign-shape.ts'
import { createEventHash } from '../simulator/event-hash.ts'
import type { ConsensusOutcome } from '../simulator/consensus-world.ts'
import { runSeedJobs } from '../simulator/seed-jobs.ts'
import { jobsFor, type SimulationOptions } from './simulation-options.ts'
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
    const outcomes = await playRange(shape, options)
    runs += outcomes.length
    failures += outcomes.filter(hasFailed).length
    for (const { eventHash } of outcomes) {
      hash.absorb(Number.parseInt(eventHash.slice(0, 8), 16))
      hash.absorb(Number.parseInt(eventHash.slice(8), 16))
    }
    if (json) continue
    const figures = figuresOf(shape, outcomes, stopwatch())
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

/** In the order of the seeds, however many processes played them. */
async function playRange(
  shape: CampaignShape,
  options: SimulationOptions,
): Promise<readonly ConsensusOutcome[]> {
  const outcomes: ConsensusOutcome[] = []
  const stopwatch = startStopwatch()
  await runSeedJobs<ConsensusOutcome>({
    campaign: shape.name,
    first: options.first,
    count: options.seeds,
    jobs: jobsFor(options),
    twice: false,
    play: (seed) => playCommittee(shape, seed),
    onResult: (outcome) => {
      outcomes.push(outcome)
      if (options.json === true) printLine(resultLine(outcome, !hasFailed(outcome), stopwatch()))
    },
  })
  return outcomes.toSorted((left, right) => left.seed - right.seed)
}

export async function replayCommittee(
  names: readonly string[],
  seed: number,
  options: SimulationOptions,
): Promise<number> {
  const stopwatch = startStopwatch()
  let failures = 0
  for (const shape of CAMPAIGNS.filter(({ name }) => names.includes(name))) {
    const outcome = playCommittee(shape, seed, options.trace === true ? { trace: printEvent } : {})
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
