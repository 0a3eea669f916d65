/**
 * `weft bench model`: throughput against shards on modelled hardware (docs/measuring.md, experiment 10), in virtual time.
 * Always labelled as modelled; beside every point that a real sweep has measured stands how far the model is from it.
 */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError } from '../../node/cli/command-error.ts'
import { present } from '../../node/primitives/assert.ts'
import { COMMITTEE_SEATS_MAX } from '../../node/primitives/limits.ts'
import { checkParameters, DEFAULT_PARAMETERS, quorumOf } from '../../devnet/parameters.ts'
import { alignColumns } from '../../devnet/display/words.ts'
import { timeStage } from '../micro/stage.ts'
import { pureStages } from '../micro/stages.ts'
import { comparableSchema, type Comparable } from '../report/compare.ts'
import { drawChart } from '../report/chart.ts'
import { writePage } from '../report/page.ts'
import { openResults } from '../report/results-directory.ts'
import { decide, isSustained, type Step } from '../run/search.ts'
import { runModelled, type ModelledNetwork, type ModelledRun } from './modelled-run.ts'
import { factorsOf, type Observed } from './calibration.ts'
import type { Factors, ProcessorModel, StageCosts } from './processors.ts'

export type ModelOptions = {
  readonly shards: readonly number[]
  readonly crossShard: number
  readonly cores: number
  /** On one machine, as a sweep has them. */
  readonly validators: number
  /** Instead: committees of so many, every validator on a machine of its own. */
  readonly seats?: number
  /** Most seats of the beacon (B.15); absent: everybody, or as many as a committee can have. */
  readonly beaconSeats?: number
  readonly calibrate: string
  readonly out?: string
  readonly json?: boolean
}

type ModelledPoint = ModelledRun & {
  readonly experiment: 'modelled'
  readonly shards: number
  readonly validators: number
  /** Of the beacon (B.15); 0: everybody. */
  readonly beaconSeats: number
  readonly crossShard: number
  /** Settled in the real sweep; undefined: it has no such point. */
  readonly realTps: number | undefined
  /** modelled / real - 1 */
  readonly deviation: number | undefined
  /** The model was fitted to the cost of this point; its rate is still the model's own. */
  readonly isFitted: boolean
}

const STAGE_MS = 300
/** Each corrects the one before for what a different speed does to the size of batches. */
const CALIBRATION_ROUNDS = 3
const FACTORS_START: Factors = { views: 3, transactions: 2 }
/** The largest committee that votes with lists, for which the cost of one of their signatures is measured. */
const LIST_SEATS = 16
/** Further off than this from a real run, a model explains nothing. */
const AGREEMENT_MAX = 0.15
const DELAY_LOCAL_MS = 0
const DELAY_REMOTE_MS = 20

export async function model(options: ModelOptions): Promise<void> {
  const real = await readSweep(options.calibrate)
  refuseTooLarge(options)
  const directory = await openResults(options)
  const stages = await measureStages()
  const processors = await calibrate(stages, real, options)
  const calibratedWith = calibrationPoints(real).map(({ shards }) => shards)
  const metadata = { ...directory.metadata, stages, factors: processors.factors, calibratedWith }
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
      : [...modelTable(points), verdictOf(points), `Results are in ${directory.path}`].join('\n')
  process.stdout.write(`${text}\n`)
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
    signList: await medianUs('vote ed25519'),
    checkListed: (await medianUs(`aggregate ed25519, ${LIST_SEATS} seats`)) / quorumOf(LIST_SEATS),
    signAggregate: await medianUs('vote bls'),
    checkAggregate: await medianUs(`aggregate bls, ${LIST_SEATS} seats`),
  }
}

/** The measured points that the model is fitted to, at the rates that they really sustained (calibration.ts). */
async function calibrate(
  stages: StageCosts,
  real: Comparable,
  { cores }: ModelOptions,
): Promise<ProcessorModel> {
  const points = calibrationPoints(real)
  let factors: Factors = FACTORS_START
  for (let round = 0; round < CALIBRATION_ROUNDS; round++) {
    const observed: Observed[] = []
    for (const { shards, validators, settledTps, cpuMsPerTx } of points) {
      const network = { shards, validators, crossShard: 0, cores, nodesPerMachine: validators }
      const { partsMsPerTx: parts } = await runModelled(
        { ...network, beaconSeats: 0, delayMs: DELAY_LOCAL_MS },
        { stages, factors },
        settledTps.median,
      )
      observed.push({ parts, realMs: cpuMsPerTx.median })
    }
    factors = factorsOf(observed)
    say(
      `calibrating with ${points.map(({ shards }) => shards).join(' and ')} shards: views cost ${factors.views.toFixed(1)} ` +
        `times their stages, transactions ${factors.transactions.toFixed(1)} times`,
    )
  }
  return { stages, factors }
}

type RealPoint = Comparable['summary']['points'][number]

/** One shard, and the most shards on as many validators; without payments across shards. */
export function calibrationPoints({ summary }: Comparable): readonly RealPoint[] {
  const plain = summary.points.filter(({ crossShard }) => crossShard === 0)
  const one = plain.find(({ shards }) => shards === 1)
  if (one === undefined)
    throw new CommandError('the sweep to calibrate with has no run of one shard')
  const more = plain
    .filter(({ shards, validators }) => shards > 1 && validators === one.validators)
    .toSorted((left, right) => right.shards - left.shards)
  return [one, ...more.slice(0, 1)]
}

/** Before anything is measured: what no network can be. */
function refuseTooLarge(options: ModelOptions): void {
  for (const shards of options.shards) {
    const { validators, beaconSeats } = networkOf(options, shards)
    const checked = checkParameters({ ...DEFAULT_PARAMETERS, shards, validators, beaconSeats })
    if (!checked.ok) throw new CommandError(checked.reject.detail)
  }
}

function networkOf(options: ModelOptions, shards: number): ModelledNetwork {
  const { crossShard, cores, seats } = options
  const validators = seats === undefined ? options.validators : seats * shards
  return {
    shards,
    validators,
    beaconSeats:
      options.beaconSeats ?? (validators > COMMITTEE_SEATS_MAX ? COMMITTEE_SEATS_MAX : 0),
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
  const { shards, validators, beaconSeats, crossShard, nodesPerMachine } = network
  const real = known.real.summary.points.find(
    (point) =>
      beaconSeats === 0 &&
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
  const isFitted = real !== undefined && calibrationPoints(known.real).includes(real)
  const deviation = realTps === undefined ? undefined : run.settledTps / realTps - 1
  return {
    experiment: 'modelled',
    shards,
    validators,
    beaconSeats,
    crossShard,
    ...run,
    realTps,
    deviation,
    isFitted,
  }
}

async function saturateModelled(
  network: ModelledNetwork,
  processors: ProcessorModel,
  rateTps: number,
): Promise<ModelledRun> {
  const runs: (ModelledRun & Step)[] = []
  const start = { rateTps, known: 'similar' } as const
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
  const { offeredTps, settledTps, cpuMsPerTx, busyShare, partsMsPerTx } = present(
    best[0] ?? runs[0],
    'one ran',
  )
  return { offeredTps, settledTps, cpuMsPerTx, busyShare, partsMsPerTx }
}

function modelTable(points: readonly ModelledPoint[]): readonly string[] {
  const header = [
    'shards',
    'validators',
    'beacon',
    'cross',
    'modelled tx/s',
    'real tx/s',
    'deviation',
    'point is',
    'CPU ms/tx',
    'busy',
  ]
  return alignColumns([
    header,
    ...points.map((point) => [
      String(point.shards),
      String(point.validators),
      point.beaconSeats === 0 ? 'all' : String(point.beaconSeats),
      percent(point.crossShard),
      point.settledTps.toFixed(0),
      point.realTps?.toFixed(0) ?? '-',
      point.deviation === undefined ? '-' : percent(point.deviation),
      pointWord(point),
      point.cpuMsPerTx.toFixed(2),
      percent(point.busyShare),
    ]),
  ])
}

function pointWord({ isFitted, realTps }: ModelledPoint): string {
  if (isFitted) return 'fitted'
  return realTps === undefined ? 'predicted' : 'predicted, measured'
}

/** How far the model is from all that the sweep has measured. */
function verdictOf(points: readonly ModelledPoint[]): string {
  const deviations = points.flatMap(({ deviation }) => (deviation === undefined ? [] : [deviation]))
  if (deviations.length === 0) return 'None of these points was measured in the sweep.'
  const worst = Math.max(...deviations.map(Math.abs))
  const word = worst <= AGREEMENT_MAX ? 'agrees with' : 'does not agree with'
  return `The model ${word} the sweep: ${percent(worst)} off at the worst of ${deviations.length} measured points (${percent(AGREEMENT_MAX)} is allowed).`
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
      'Not measured: the machines of a node in virtual time, with processors whose costs are calibrated with a real sweep.',
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
        note: 'What views and transactions cost beside signatures is fitted to the cost of the points that say so; rates, and all other points, are predictions.',
      },
    ],
    metadata,
  })
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}
