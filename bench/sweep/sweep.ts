/**
 * `weft bench sweep`: throughput against the number of shards, with the validators fixed (docs/measuring.md, experiments 1
 * to 3, 5 and 7).
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError, UsageError } from '../../node/cli/command-error.ts'
import { nameWorkload, type WorkloadPlan } from '../../devnet/load/workload-plan.ts'
import { openResults, type ResultsDirectory } from '../report/results-directory.ts'
import { runsAsCsv } from '../report/csv.ts'
import { reportPage } from '../report/report.ts'
import { measureReceiptRatio } from '../run/receipt-cost.ts'
import type { SearchStart } from '../run/search.ts'
import { measurePoint } from './measure-point.ts'
import { planRuns, samePoint, shardsTooMany, type PlannedRun } from './plan.ts'
import { isVoid, summarize, type RunResult, type SweepResults } from './results.ts'
import { sweepTable } from './table.ts'

export type SweepOptions = {
  readonly shards: readonly number[]
  readonly validators: number
  readonly crossShard: readonly number[]
  readonly limit: 'cpu' | 'slot'
  readonly workload: WorkloadPlan
  readonly seconds: number
  readonly repeats: number
  readonly start?: number
  /** Also one chain without a beacon. */
  readonly bare?: boolean
  readonly cap?: number
  /** Commander's `--no-samples`. */
  readonly samples: boolean
  readonly out?: string
  readonly json?: boolean
}

export async function sweep(options: SweepOptions): Promise<void> {
  const impossible = shardsTooMany(options.shards, options.validators)
  if (impossible.length > 0) {
    throw new UsageError(
      `${options.validators} validators cannot fill ${impossible.join(' or ')} committees of four; use more --validators or fewer --shards`,
    )
  }
  const directory = await openResults(options)
  const workload = nameWorkload(options.workload)
  const plan = planRuns({ ...options, workload, bare: options.bare === true })
  const startedMs = Date.now()
  const runs: RunResult[] = []
  const receiptRatio = await measureReceiptRatio()
  const metadata = { ...directory.metadata, receiptRatio }
  let results: SweepResults = summarize(metadata, runs, receiptRatio)
  for (const [index, run] of plan.entries()) {
    const name = `${index + 1}/${plan.length}: ${nameOf(run)}`
    say(`${name}${timeLeft(Date.now() - startedMs, index, plan.length)}`)
    const dataDirectory = join(directory.path, 'devnet')
    runs.push(
      await measurePoint(run, {
        experiment: options.limit === 'slot' ? 'scaling-slot' : 'scaling-cpu',
        workload: options.workload,
        dataDirectory,
        windowSeconds: options.seconds,
        known: knownRate(run, runs) ?? startOf(options),
        capCores: options.cap,
        samples: options.samples && run.repeat === 1,
        onProgress: (sentence) => say(`  ${sentence}`),
      }),
    )
    await rm(dataDirectory, { recursive: true, force: true })
    // After every run, so that an interrupted sweep keeps what it has.
    results = summarize(metadata, runs, receiptRatio)
    await writeResults(directory, results)
  }
  finish(options, directory.path, results)
}

function nameOf({ shards, crossShard, repeat, chain }: PlannedRun): string {
  const what = chain === 'bare' ? 'one chain without a beacon' : `${shards} shards`
  return `${what}, cross-shard ${crossShard}, repeat ${repeat}`
}

/** What the point, or one like it, has sustained; where committees are smaller by the factor that their checks fall by. */
export function knownRate(run: PlannedRun, runs: readonly RunResult[]): SearchStart | undefined {
  const valid = runs.filter((one) => !isVoid(one) && one.settledTps > 1)
  const same = valid.findLast((one) => samePoint(one, run))
  if (same !== undefined) return { rateTps: same.settledTps, known: 'same' }
  const similar = valid.findLast(({ shards }) => shards === run.shards) ?? valid.at(-1)
  if (similar === undefined) return undefined
  return { rateTps: (similar.settledTps * run.shards) / similar.shards, known: 'similar' }
}

function startOf({ start }: SweepOptions): SearchStart | undefined {
  return start === undefined ? undefined : { rateTps: start, known: 'similar' }
}

async function writeResults(directory: ResultsDirectory, results: SweepResults): Promise<void> {
  await directory.write({
    'results.json': results,
    'results.csv': runsAsCsv(results),
    'report.html': reportPage(results),
  })
}

/** From the runs that are done; nothing is known before the first. */
function timeLeft(elapsedMs: number, done: number, planned: number): string {
  if (done === 0) return ''
  const minutes = ((elapsedMs / done) * (planned - done)) / 60_000
  return ` (about ${Math.max(1, Math.round(minutes))} min left)`
}

function finish(options: SweepOptions, directory: string, results: SweepResults): void {
  const text =
    options.json === true
      ? JSON.stringify({ event: 'result', directory, ...results.summary })
      : [...sweepTable(results), `Results are in ${directory}`].join('\n')
  process.stdout.write(`${text}\n`)
  const voids = results.runs.filter(isVoid)
  if (voids.length === 0) return
  throw new CommandError(
    `${voids.length} of ${results.runs.length} runs are void: ${voids[0]?.audit}`,
  )
}

/** Progress goes to the error stream, so that the table or the JSON can be piped. */
function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}
