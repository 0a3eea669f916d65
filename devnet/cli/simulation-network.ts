/**
 * `weft sim` for whole networks: ranges of seeds, one seed, a stored plan, and making a failing plan smaller.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { UsageError } from '../../node/cli/command-error.ts'
import {
  NETWORK_CAMPAIGN,
  networkPlanOf,
  playNetwork,
  sumUp,
  type NetworkResult,
} from '../simulator/network-campaign.ts'
import { parseNetworkPlan, type NetworkPlan } from '../simulator/network-plan.ts'
import type { NetworkOutcome } from '../simulator/network-run.ts'
import { shrinkPlan } from '../simulator/network-shrink.ts'
import { runSeeds } from '../simulator/network-jobs.ts'
import type { SimulationOptions } from './simulation-options.ts'
import { printEvent, printLine, startStopwatch } from './simulation-print.ts'

/** A failing plan shrinks in some tens of runs; more would take minutes for little. */
const SHRINK_RUNS_MAX = 400

/** Returns how many seeds failed. */
export async function runNetworks(options: SimulationOptions): Promise<number> {
  const json = options.json === true
  const stopwatch = startStopwatch()
  const results: NetworkResult[] = []
  await runSeeds({
    first: options.first,
    count: options.seeds,
    jobs: options.jobs,
    twice: options.twice === true,
    onResult: (result) => {
      results.push(result)
      if (json) printLine(resultLine(result))
      else if (!result.ok) printLine(failureLines(result))
    },
  })
  const figures = sumUp(results)
  const wallMs = stopwatch()
  printLine(
    json
      ? JSON.stringify({ event: 'summary', campaign: NETWORK_CAMPAIGN, ...figures, wallMs })
      : summaryLine(figures, options, wallMs),
  )
  const failed = results.filter(({ ok }) => !ok).toSorted((left, right) => left.seed - right.seed)
  if (options.shrink === true && failed[0] !== undefined) {
    await shrinkAndStore(networkPlanOf(failed[0].seed))
  }
  return figures.failures
}

export async function replayNetworkSeed(seed: number, options: SimulationOptions): Promise<number> {
  return replay(networkPlanOf(seed), options)
}

export async function replayStoredPlan(path: string, options: SimulationOptions): Promise<number> {
  let plan: NetworkPlan
  try {
    plan = parseNetworkPlan(await readFile(path, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${path} is no plan of a network: ${reason}`)
  }
  return replay(plan, options)
}

async function replay(plan: NetworkPlan, options: SimulationOptions): Promise<number> {
  const stopwatch = startStopwatch()
  const outcome = playNetwork(plan, options.trace === true ? { trace: printEvent } : {})
  const wallMs = stopwatch()
  printLine(options.json === true ? resultLine(resultOf(outcome, wallMs)) : outcomeLine(outcome))
  if (outcome.violation === undefined) return 0
  if (options.shrink === true) await shrinkAndStore(plan)
  return 1
}

async function shrinkAndStore(plan: NetworkPlan): Promise<void> {
  const smaller = shrinkPlan(plan, {
    ruleOf: (candidate) => playNetwork(candidate).violation?.rule,
    runsMax: SHRINK_RUNS_MAX,
    onSmaller: ({ troubles, vices, orders }, runs) => {
      printLine(
        `  run ${runs}: fails with ${troubles.length} troubles, ${vices.length} vices, ${orders.length} transfers`,
      )
    },
  })
  const path = `network-${plan.seed}.plan.json`
  await writeFile(path, `${JSON.stringify(smaller, undefined, 1)}\n`)
  printLine(`  replay the smaller plan: weft sim --plan ${path} --trace`)
}

function resultOf(outcome: NetworkOutcome, wallMs: number): NetworkResult {
  const { steps: events, violation } = outcome
  const violations = violation === undefined ? [] : [violation]
  return { ...outcome, events, wallMs, ok: violation === undefined, violations }
}

function resultLine(result: NetworkResult): string {
  const { seed, ok, hash, virtualMs, wallMs, violations } = result
  return JSON.stringify({
    event: 'result',
    campaign: NETWORK_CAMPAIGN,
    seed,
    ok,
    hash,
    virtualMs,
    wallMs,
    violations,
  })
}

function failureLines({ seed, violations }: NetworkResult): string {
  const what = violations.map(({ rule, atMs, sentence }) => `${rule} at ${atMs} ms: ${sentence}`)
  return `${NETWORK_CAMPAIGN} seed ${seed}: ${what.join('; ')}\n  replay: ${replayCommand(seed)}`
}

function replayCommand(seed: number): string {
  return `weft sim --only ${NETWORK_CAMPAIGN} --seed ${seed} --trace`
}

function outcomeLine(outcome: NetworkOutcome): string {
  const { seed, violation, virtualMs, steps, settled, hash } = outcome
  const words =
    violation === undefined
      ? `clean, ${settled} transfers settled`
      : `${violation.rule} at ${violation.atMs} ms: ${violation.sentence}`
  return `${NETWORK_CAMPAIGN} seed ${seed}: ${words}\n  ${virtualMs} ms, ${steps} events, event hash ${hash}`
}

function summaryLine(
  figures: ReturnType<typeof sumUp>,
  { first }: SimulationOptions,
  wallMs: number,
): string {
  const { seeds, failures, virtualMs, events, settled, recoveryP50Ms, recoveryMaxMs } = figures
  const speed = Math.round(virtualMs / Math.max(1, wallMs))
  return [
    `${NETWORK_CAMPAIGN}: seeds ${first} to ${first + seeds - 1}, ${failures} failed; ${settled} transfers settled`,
    `  ${Math.round(virtualMs / 1000)} s simulated in ${Math.round(wallMs / 1000)} s (${speed} times real time), ${events} events`,
    `  recovery p50 ${recoveryP50Ms ?? '-'} ms, longest ${recoveryMaxMs ?? '-'} ms; hash of all seeds ${figures.hash}`,
  ].join('\n')
}
