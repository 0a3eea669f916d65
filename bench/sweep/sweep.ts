/**
 * `weft bench sweep`: throughput against the number of shards, with the validators fixed (docs/measuring.md, experiment 1).
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CommandError, UsageError } from '../../node/cli/command-error.ts'
import { runsAsCsv } from '../report/csv.ts'
import { reportPage } from '../report/report.ts'
import { measurePoint } from './measure-point.ts'
import { describeRun } from './metadata.ts'
import { planRuns, shardsTooMany } from './plan.ts'
import { isVoid, summarize, type RunResult, type SweepResults } from './results.ts'
import { sweepTable } from './table.ts'

export type SweepOptions = {
  readonly shards: readonly number[]
  readonly validators: number
  readonly crossShard: readonly number[]
  readonly seconds: number
  readonly repeats: number
  readonly start?: number
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
  const directory = resolve(options.out ?? join('bench', 'results', timestamp()))
  await mkdir(directory, { recursive: true })
  const metadata = await describeRun({ ...options })
  await writeFile(join(directory, 'metadata.json'), toFile(metadata))
  const plan = planRuns(options)
  const startedMs = Date.now()
  const runs: RunResult[] = []
  let results: SweepResults = summarize(metadata, runs)
  for (const [index, run] of plan.entries()) {
    const name = `${index + 1}/${plan.length}: ${run.shards} shards, cross-shard ${run.crossShard}, repeat ${run.repeat}`
    say(`${name}${timeLeft(Date.now() - startedMs, index, plan.length)}`)
    const dataDirectory = join(directory, 'devnet')
    runs.push(
      await measurePoint(run, {
        dataDirectory,
        windowSeconds: options.seconds,
        startTps: options.start,
        onProgress: (sentence) => say(`  ${sentence}`),
      }),
    )
    await rm(dataDirectory, { recursive: true, force: true })
    // After every run, so that an interrupted sweep keeps what it has.
    results = summarize(metadata, runs)
    await writeResults(directory, results)
  }
  finish(options, directory, results)
}

async function writeResults(directory: string, results: SweepResults): Promise<void> {
  await Promise.all([
    writeFile(join(directory, 'results.json'), toFile(results)),
    writeFile(join(directory, 'results.csv'), runsAsCsv(results)),
    writeFile(join(directory, 'report.html'), reportPage(results)),
  ])
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

function toFile(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** 2026-11-22T08-30-00: sorts by time and is a file name everywhere. */
function timestamp(): string {
  return new Date().toISOString().slice(0, 19).replaceAll(':', '-')
}
