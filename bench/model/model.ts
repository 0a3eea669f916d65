/**
 * `weft bench model`: throughput against shards on modelled hardware (docs/measuring.md, experiment 10), in virtual time.
 * Always labelled as modelled; beside every point that a real sweep has measured stands how far the model is from it.
 */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError } from '../../node/cli/command-error.ts'
import { present } from '../../node/primitives/assert.ts'
import { alignColumns } from '../../devnet/display/words.ts'
import { timeStage } from '../micro/stage.ts'
import { pureStages } from '../micro/stages.ts'
import { comparableSchema, type Comparable } from '../report/compare.ts'
import { drawChart } from '../report/chart.ts'
import { writePage } from '../report/page.ts'
import { openResults } from '../report/results-directory.ts'
import { decide, isSustained, type Step } from '../run/search.ts'
import { runModelled, type ModelledNetwork, type ModelledRun } from './modelled-run.ts'
import type { ProcessorModel, StageCosts } from './processors.ts'

export type ModelOptions = {
  readonly shards: readonly number[]
  readonly crossShard: number
  readonly cores: number
  /** On one machine, as a sweep has them. */
  readonly validators: number
  /** Instead: committees of so many, every validator on a machine of its own. */
  readonly seats?: number
  readonly calibrate: string
  readonly out?: string
  readonly json?: boolean
}

type ModelledPoint = ModelledRun & {
  readonly experiment: 'modelled'
  readonly shards: number
  readonly validators: number
  readonly crossShard: number
  /** Settled in the real sweep; undefined: it has no such point. */
  readonly realTps: number | undefined
  /** modelled / real - 1 */
  readonly deviation: number | undefined
}

const STAGE_MS = 300
/** Each corrects the one before for what a different speed does to the size of batches. */
const CALIBRATION_ROUNDS = 3
const FACTOR_START = 2
const DELAY_LOCAL_MS = 0
const DELAY_REMOTE_MS = 20

export async function model(options: ModelOptions): Promise<void> {
  const real = await readSweep(options.calibrate)
  const base = real.summary.points.find(
    ({ shards, crossShard }) => shards === 1 && crossShard === 0,
  )
  if (base === undefined)
    throw new CommandError('the sweep to calibrate with has no run of one shard')
  const directory = await openResults(options)
  const stages = await measureStages()
  const processors = await calibrate(stages, { ...options, ...pick(base) })
  const metadata = { ...directory.metadata, stages, overheadFactor: processors.overheadFactor }
  const points: ModelledPoint[] = []
  for (const shards of options.shards) {
    say(`modelling ${shards} shards`)
    points.push(await modelPoint(networkOf(options, shards), processors, { real, points }))
    const lines = modelTable(points)
    await directory.write({
      'results.json': { metadata, runs: points },
      'report.html': pageOf(points, lines, metadata),
    })
  }
  const text =
    options.json === true
      ? JSON.stringify({ event: 'result', directory: directory.path, points })
      : [...modelTable(points), `Results are in ${directory.path}`].join('\n')
  process.stdout.write(`${text}\n`)
}

type Base = { readonly realTps: number; readonly realCpuMs: number; readonly validators: number }

function pick({
  settledTps,
  cpuMsPerTx,
  validators,
}: Comparable['summary']['points'][number]): Base {
  return { realTps: settledTps.median, realCpuMs: cpuMsPerTx.median, validators }
}

async function readSweep(path: string): Promise<Comparable> {
  const named = await stat(path).catch(() => undefined)
  const file = named?.isDirectory() === true ? join(path, 'results.json') : path
  try {
    return comparableSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    throw new CommandError(`${file} is not the results.json of a sweep`, { cause: error })
  }
}

async function measureStages(): Promise<StageCosts> {
  const stages = pureStages()
  const medianUs = async (name: string): Promise<number> => {
    const stage = stages.find((one) => one.name === name)
    return (await timeStage(present(stage, 'the stage exists'), STAGE_MS)).medianUs
  }
  return {
    decode: await medianUs('decode'),
    recover: await medianUs('recover'),
    admit: await medianUs('admit'),
    gossip: await medianUs('gossip'),
    execute: await medianUs('execute'),
    receipt: await medianUs('receipt'),
    sign: await medianUs('vote bls'),
    check: (await medianUs('aggregate bls, 4 seats')) / 2,
  }
}

/** One shard at the rate that it really sustained must cost what it really cost. */
async function calibrate(stages: StageCosts, base: Base & ModelOptions): Promise<ProcessorModel> {
  const { validators, cores } = base
  const network = { shards: 1, validators, crossShard: 0, cores, nodesPerMachine: validators }
  const checkingMs = (stages.recover * validators) / 1000
  let overheadFactor = FACTOR_START
  for (let round = 0; round < CALIBRATION_ROUNDS; round++) {
    const run = await runModelled(
      { ...network, delayMs: DELAY_LOCAL_MS },
      { stages, overheadFactor },
      base.realTps,
    )
    const modelledMs = Math.max(1e-6, run.cpuMsPerTx - checkingMs)
    overheadFactor *= Math.max(0.1, (base.realCpuMs - checkingMs) / modelledMs)
    say(
      `calibrating: everything but signatures costs ${overheadFactor.toFixed(2)} times its stages`,
    )
  }
  return { stages, overheadFactor }
}

function networkOf(options: ModelOptions, shards: number): ModelledNetwork {
  const { crossShard, cores, seats } = options
  const validators = seats === undefined ? options.validators : seats * shards
  return {
    shards,
    validators,
    crossShard: shards === 1 ? 0 : crossShard,
    cores,
    nodesPerMachine: seats === undefined ? validators : 1,
    delayMs: seats === undefined ? DELAY_LOCAL_MS : DELAY_REMOTE_MS,
  }
}

async function modelPoint(
  network: ModelledNetwork,
  processors: ProcessorModel,
  known: { readonly real: Comparable; readonly points: readonly ModelledPoint[] },
): Promise<ModelledPoint> {
  const { shards, validators, crossShard, nodesPerMachine } = network
  const real = known.real.summary.points.find(
    (point) =>
      nodesPerMachine === validators &&
      point.shards === shards &&
      point.validators === validators &&
      point.crossShard === crossShard,
  )
  const earlier = known.points.at(-1)
  const guess =
    earlier === undefined
      ? (real?.settledTps.median ?? known.real.summary.points[0]?.settledTps.median ?? 100)
      : (earlier.settledTps * shards) / earlier.shards
  const run = await saturateModelled(network, processors, guess)
  const realTps = real?.settledTps.median
  const deviation = realTps === undefined ? undefined : run.settledTps / realTps - 1
  return { experiment: 'modelled', shards, validators, crossShard, ...run, realTps, deviation }
}

async function saturateModelled(
  network: ModelledNetwork,
  processors: ProcessorModel,
  rateTps: number,
): Promise<ModelledRun> {
  const runs: (ModelledRun & Step)[] = []
  const start = { rateTps, isKnown: true }
  for (;;) {
    const decision = decide(start, runs)
    if (decision.kind === 'done') break
    const run = await runModelled(network, processors, decision.rateTps)
    const settledTps = Math.min(run.settledTps, run.offeredTps)
    const step = { ...run, settledTps, backlogGrowthTps: run.offeredTps - settledTps }
    say(`  offered ${run.offeredTps.toFixed(0)}, settled ${settledTps.toFixed(0)} (modelled)`)
    runs.push(step)
  }
  const best = runs
    .filter(isSustained)
    .toSorted((left, right) => right.offeredTps - left.offeredTps)
  const { offeredTps, settledTps, cpuMsPerTx, busyShare } = present(best[0] ?? runs[0], 'one ran')
  return { offeredTps, settledTps, cpuMsPerTx, busyShare }
}

function modelTable(points: readonly ModelledPoint[]): readonly string[] {
  const header = [
    'shards',
    'validators',
    'cross',
    'modelled tx/s',
    'real tx/s',
    'deviation',
    'CPU ms/tx',
    'busy',
  ]
  return alignColumns([
    header,
    ...points.map((point) => [
      String(point.shards),
      String(point.validators),
      percent(point.crossShard),
      point.settledTps.toFixed(0),
      point.realTps?.toFixed(0) ?? '-',
      point.deviation === undefined ? '-' : percent(point.deviation),
      point.cpuMsPerTx.toFixed(2),
      percent(point.busyShare),
    ]),
  ])
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

function pageOf(
  points: readonly ModelledPoint[],
  lines: readonly string[],
  metadata: Readonly<Record<string, unknown>>,
): string {
  return writePage({
    title: 'Throughput against shards, modelled',
    headline:
      'Not measured: the machines of a node in virtual time, with processors whose costs are calibrated from a real run of one shard.',
    figures: [
      drawChart({
        title: 'Settled transactions per second, modelled',
        caption: 'Where a real run of the same network exists it stands beside the model.',
        xLabel: 'shards',
        yLabel: 'transactions per second',
        places: points.map(({ shards }) => String(shards)),
        series: [
          {
            name: 'modelled',
            mark: 'series-1',
            points: points.map(({ settledTps }, at) => ({ at, value: settledTps })),
          },
          {
            name: 'real',
            mark: 'series-2',
            points: points.flatMap(({ realTps }, at) =>
              realTps === undefined ? [] : [{ at, value: realTps }],
            ),
          },
        ],
      }),
    ],
    tables: [
      {
        title: 'All points, modelled',
        lines,
        note: 'The cost of everything but the checking of signatures is calibrated at one shard; the other points are predictions.',
      },
    ],
    metadata,
  })
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}
