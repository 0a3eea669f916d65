/**
 * `weft sim` for whole networks: ranges of seeds, one seed, a stored plan, and making a failing plan smaller.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { UsageError } from '../../node/cli/command-error.ts'
import {
  partsToPlay,
  sumOfParts,
  type CampaignSum,
  type SeedRange,
} from '../simulator/campaign-record.ts'
import {
  networkPlanOf,
  playNetwork,
  playSeed,
  sumUp,
  type NetworkFigures,
  type NetworkResult,
} from '../simulator/network-campaign.ts'
import { parseNetworkPlan, type NetworkPlan } from '../simulator/network-plan.ts'
import type { NetworkOutcome } from '../simulator/network-run.ts'
import type { PlanShape } from '../simulator/network-seed.ts'
import { shrinkPlan } from '../simulator/network-shrink.ts'
import { runSeedJobs } from '../simulator/seed-jobs.ts'
import { jobsFor, type SimulationOptions } from './simulation-options.ts'
import { printEvent, printLine, startStopwatch } from './simulation-print.ts'
import { openCampaignFile } from './simulation-record.ts'

/** A failing plan shrinks in some tens of runs; more would take minutes for little. */
const SHRINK_RUNS_MAX = 400

/** Returns how many seeds failed. */
export async function runNetworks(shape: PlanShape, options: SimulationOptions): Promise<number> {
  const { record } = options
  const file = record === undefined ? undefined : await openCampaignFile(record, shape.name)
  const range = { first: options.first, count: options.seeds }
  const parts = file === undefined ? [range] : partsToPlay(range, options.part, file.played())
  const failed: number[] = []
  for (const part of parts) {
    const startedAt = new Date().toISOString()
    const stopwatch = startStopwatch()
    const results = await playPart(shape, part, options)
    const wallMs = stopwatch()
    const figures = sumUp(results)
    sayFigures(shape, part, { figures, wallMs, options })
    const losers = results.filter(({ ok }) => !ok).map(({ seed }) => seed)
    failed.push(...losers.toSorted((left, right) => left - right))
    await file?.add({
      event: 'part',
      campaign: shape.name,
      ...file.sources,
      startedAt,
      first: part.first,
      last: part.first + part.count - 1,
      seeds: figures.seeds,
      twice: options.twice === true,
      failed: losers,
      events: figures.events,
      settled: figures.settled,
      epochs: figures.epochs,
      virtualMs: figures.virtualMs,
      wallMs,
      cpuMs: figures.cpuMs,
      jobs: jobsFor({ ...options, seeds: part.count }),
      hash: figures.hash,
    })
  }
  if (file !== undefined) sayCampaign(shape, sumOfParts(file.played()), options)
  const [first] = failed
  if (options.shrink !== false && first !== undefined) {
    await shrinkAndStore(shape.name, networkPlanOf(first, shape), options)
  }
  return failed.length
}

async function playPart(
  shape: PlanShape,
  part: SeedRange,
  options: SimulationOptions,
): Promise<readonly NetworkResult[]> {
  const json = options.json === true
  const results: NetworkResult[] = []
  const twice = options.twice === true
  await runSeedJobs<NetworkResult>({
    campaign: shape.name,
    ...part,
    jobs: jobsFor({ ...options, seeds: part.count }),
    twice,
    play: (seed) => playSeed({ shape, seed }, twice),
    onResult: (result) => {
      results.push(result)
      // The lines of a recorded campaign would be as many as its seeds.
      if (json && options.record === undefined) printLine(resultLine(shape.name, result))
      else if (!result.ok) printLine(failureLines(shape.name, result, options))
    },
  })
  return results
}

export async function replayNetworkSeed(
  shape: PlanShape,
  seed: number,
  options: SimulationOptions,
): Promise<number> {
  return replay(shape.name, networkPlanOf(seed, shape), options)
}

export async function replayStoredPlan(path: string, options: SimulationOptions): Promise<number> {
  let plan: NetworkPlan
  try {
    plan = parseNetworkPlan(await readFile(path, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${path} is no plan of a network: ${reason}`)
  }
  return replay('plan', plan, options)
}

async function replay(
  campaign: string,
  plan: NetworkPlan,
  options: SimulationOptions,
): Promise<number> {
  const stopwatch = startStopwatch()
  const outcome = playNetwork(plan, options.trace === true ? { trace: printEvent } : {})
  const wallMs = stopwatch()
  const isJson = options.json === true
  printLine(
    isJson ? resultLine(campaign, resultOf(outcome, wallMs)) : outcomeLine(campaign, outcome),
  )
  if (outcome.violation === undefined) return 0
  if (options.shrink === true) await shrinkAndStore(campaign, plan, options)
  return 1
}

async function shrinkAndStore(
  campaign: string,
  plan: NetworkPlan,
  options: SimulationOptions,
): Promise<void> {
  const isJson = options.json === true
  if (!isJson) printLine(`${campaign} seed ${plan.seed} is made smaller`)
  const smaller = shrinkPlan(plan, {
    ruleOf: (candidate) => playNetwork(candidate).violation?.rule,
    runsMax: SHRINK_RUNS_MAX,
    onSmaller: ({ troubles, vices, orders }, runs) => {
      if (isJson) return
      printLine(
        `  run ${runs}: fails with ${troubles.length} troubles, ${vices.length} vices, ${orders.length} transfers`,
      )
    },
  })
  const path = `${campaign}-${plan.seed}.plan.json`
  await writeFile(path, `${JSON.stringify(smaller, undefined, 1)}\n`)
  const command = `${options.program} sim --plan ${path} --trace`
  printLine(
    isJson
      ? JSON.stringify({ event: 'shrunk', campaign, seed: plan.seed, path, replay: command })
      : `  replay the smaller plan: ${command}`,
  )
}

function resultOf(outcome: NetworkOutcome, wallMs: number): NetworkResult {
  const { steps: events, violation } = outcome
  const violations = violation === undefined ? [] : [violation]
  return { ...outcome, events, wallMs, cpuMs: wallMs, ok: violation === undefined, violations }
}

function resultLine(campaign: string, result: NetworkResult): string {
  const { seed, ok, hash, virtualMs, wallMs, violations } = result
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

function failureLines(
  campaign: string,
  { seed, violations }: NetworkResult,
  { program }: SimulationOptions,
): string {
  const what = violations.map(({ rule, atMs, sentence }) => `${rule} at ${atMs} ms: ${sentence}`)
  const command = `${program} sim --only ${campaign} --seed ${seed} --trace`
  return `${campaign} seed ${seed}: ${what.join('; ')}\n  replay: ${command}`
}

function outcomeLine(campaign: string, outcome: NetworkOutcome): string {
  const { seed, violation, virtualMs, steps, settled, hash } = outcome
  const words =
    violation === undefined
      ? `clean, ${settled} transfers settled`
      : `${violation.rule} at ${violation.atMs} ms: ${violation.sentence}`
  return `${campaign} seed ${seed}: ${words}\n  ${virtualMs} ms, ${steps} events, event hash ${hash}`
}

function sayFigures(
  { name }: PlanShape,
  { first, count }: SeedRange,
  said: {
    readonly figures: NetworkFigures
    readonly wallMs: number
    readonly options: SimulationOptions
  },
): void {
  const { figures, wallMs, options } = said
  if (options.json === true) {
    return printLine(JSON.stringify({ event: 'summary', campaign: name, ...figures, wallMs }))
  }
  const { failures, virtualMs, cpuMs, events, settled, recoveryP50Ms, recoveryMaxMs } = figures
  printLine(
    [
      `${name}: seeds ${first} to ${first + count - 1}, ${failures} failed; ${settled} transfers settled`,
      `  ${Math.round(virtualMs / 1000)} s simulated in ${Math.round(wallMs / 1000)} s (${times(virtualMs, wallMs)} times real time; ${times(virtualMs, cpuMs)} per second of one processor), ${events} events`,
      `  recovery p50 ${recoveryP50Ms ?? '-'} ms, longest ${recoveryMaxMs ?? '-'} ms; hash of all seeds ${figures.hash}`,
    ].join('\n'),
  )
}

function sayCampaign({ name }: PlanShape, sum: CampaignSum, options: SimulationOptions): void {
  if (options.json === true) {
    return printLine(JSON.stringify({ event: 'campaign', campaign: name, ...sum }))
  }
  const { seeds, parts, failed, virtualMs, wallMs, cpuMs, hash } = sum
  printLine(
    `${name}, by this commit: ${seeds} seeds in ${parts} parts, ${failed.length} failed; ${Math.round(virtualMs / 1000)} s simulated in ${Math.round(wallMs / 1000)} s (${Math.round(cpuMs / 1000)} s of processor); hash of all parts ${hash}`,
  )
}

function times(virtualMs: number, realMs: number): number {
  return Math.round(virtualMs / Math.max(1, realMs))
}
