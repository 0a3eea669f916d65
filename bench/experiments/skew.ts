/**
 * `weft bench skew`: what uneven load does (docs/measuring.md, experiment 4): who is refused, which shards stay unaffected,
 * how fairly the others are served. One network per workload, all at the same rate.
 */
import { alignColumns } from '../../devnet/display/words.ts'
import { nameWorkload, type WorkloadPlan } from '../../devnet/load/workload-plan.ts'
import { readPssMiB, sumOver } from '../../devnet/processes/process-figures.ts'
import type { TrafficReport } from '../../devnet/load/message.ts'
import { drawChart, type Chart } from '../report/chart.ts'
import type { Page } from '../report/page.ts'
import { describeWindow } from '../run/describe-window.ts'
import { withNetwork } from '../run/measured-network.ts'
import { saturate } from '../run/saturation.ts'
import { measureWindow, warmUp, type Window } from '../run/window.ts'
import type { Point } from '../sweep/plan.ts'
import type { MeasuredRun } from '../sweep/results.ts'
import {
  beginExperiment,
  endExperiment,
  saveExperiment,
  type Experiment,
  type ExperimentOptions,
} from './experiment.ts'

export type SkewOptions = ExperimentOptions & {
  readonly shards: number
  readonly validators: number
  readonly crossShard: number
  readonly workloads: readonly WorkloadPlan[]
  readonly seconds: number
  /** Offered over all shards; absent: half of what the first workload saturates at. */
  readonly rate?: number
}

export type SkewRun = MeasuredRun & {
  readonly experiment: 'skew'
  /** Per second, by what the node or the sender said. */
  readonly refusedByReason: Readonly<Record<string, number>>
  /** Index = shard - 1. */
  readonly perShard: readonly {
    readonly settledTps: number
    readonly pending: number
    readonly p50Ms: number
    readonly p99Ms: number
  }[]
  /** Jain's index over the shards' settled payments: 1 is even, 1 / S is all on one. */
  readonly fairness: number
}

export async function skew(options: SkewOptions): Promise<void> {
  const experiment = await beginExperiment(options)
  const runs: SkewRun[] = []
  let { rate } = options
  for (const workload of options.workloads) {
    experiment.onProgress(`workload ${nameWorkload(workload)}`)
    const run = await measureWorkload(experiment, options, { workload, rate })
    rate ??= run.offeredTps
    runs.push(run)
    await saveExperiment(experiment, runs, pageOf(runs))
  }
  endExperiment(experiment, options, { runs, lines: skewTable(runs) })
}

async function measureWorkload(
  experiment: Experiment,
  { shards, validators, crossShard, seconds }: SkewOptions,
  { workload, rate }: { readonly workload: WorkloadPlan; readonly rate: number | undefined },
): Promise<SkewRun> {
  const plan = { shards, validators, crossShard, workload }
  const { measured, audit } = await withNetwork(plan, experiment, async (network) => {
    const rateTps =
      rate ?? (await saturate(network, { windowSeconds: 10 })).window.settledTps * HALF
    if (rate !== undefined) await warmUp(network, rate * HALF)
    const window = await measureWindow(network, rateTps, seconds * 1000)
    const pssMiB = await sumOver(network.supervisor.nodePids, readPssMiB)
    return { network, window, pssMiB }
  })
  const name = nameWorkload(workload)
  const point: Point = { shards, validators, crossShard, workload: name, chain: 'sharded' }
  const described = describeWindow({ ...measured, point, repeat: 1, audit })
  return { experiment: 'skew', ...described, ...unevennessOf(measured.window) }
}

const HALF = 0.5

function unevennessOf({
  before,
  after,
}: Window): Pick<SkewRun, 'refusedByReason' | 'perShard' | 'fairness'> {
  const [early, late] = [before.report, after.report]
  const seconds = (late.atMs - early.atMs) / 1000
  const perShard = late.shards.map((shard, index) => ({
    settledTps:
      (shard.settledTransactions - (early.shards[index]?.settledTransactions ?? 0)) / seconds,
    pending: shard.pending,
    p50Ms: shard.latency.p50,
    p99Ms: shard.latency.p99,
  }))
  return {
    refusedByReason: refusals(early, late, seconds),
    perShard,
    fairness: fairnessOf(perShard.map(({ settledTps }) => settledTps)),
  }
}

function refusals(
  early: TrafficReport,
  late: TrafficReport,
  seconds: number,
): Readonly<Record<string, number>> {
  const { refused, dropped } = late.counts
  const byReason = Object.entries(refused).map(([reason, count]): [string, number] => [
    reason,
    (count - (early.counts.refused[reason] ?? 0)) / seconds,
  ])
  const full: [string, number] = ['sender full', (dropped - early.counts.dropped) / seconds]
  return Object.fromEntries([...byReason, full].filter(([, rate]) => rate > 0))
}

export function fairnessOf(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0)
  const squares = values.reduce((total, value) => total + value * value, 0)
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares)
}

function skewTable(runs: readonly SkewRun[]): readonly string[] {
  const header = [
    'workload',
    'offered',
    'settled',
    'refused',
    'failed',
    'fairness',
    'per shard: settled tx/s, p50 ms',
    'refused for',
  ]
  return alignColumns([
    header,
    ...runs.map((run) => [
      run.workload,
      run.offeredTps.toFixed(0),
      run.settledTps.toFixed(0),
      run.refusedTps.toFixed(1),
      run.failedTps.toFixed(1),
      run.fairness.toFixed(2),
      run.perShard.map(({ settledTps, p50Ms }) => `${settledTps.toFixed(0)} ${p50Ms}`).join(' | '),
      Object.entries(run.refusedByReason)
        .map(([reason, rate]) => `${reason} ${rate.toFixed(1)}/s`)
        .join(', ') || '-',
    ]),
  ])
}

function pageOf(runs: readonly SkewRun[]): Omit<Page, 'metadata'> {
  return {
    title: 'Uneven load',
    headline: 'The same rate of payments, spread evenly and unevenly over accounts and shards.',
    figures: [
      drawChart(
        shardChart(
          runs,
          'Settled payments by shard',
          'payments per second',
          (shard) => shard.settledTps,
        ),
      ),
      drawChart(
        shardChart(
          runs,
          'Latency to settlement by shard, p50',
          'seconds',
          (shard) => shard.p50Ms / 1000,
        ),
      ),
    ],
    tables: [
      {
        title: 'All workloads',
        lines: skewTable(runs),
        note: 'Refused: by a node, or because the paying account had too much outstanding. Fairness is Jain’s index over the shards: 1 is even.',
      },
    ],
  }
}

function shardChart(
  runs: readonly SkewRun[],
  title: string,
  yLabel: string,
  read: (shard: SkewRun['perShard'][number]) => number,
): Chart {
  const shardCount = Math.max(0, ...runs.map(({ perShard }) => perShard.length))
  return {
    title,
    caption: 'Payments count for the shard where they began.',
    xLabel: 'shard',
    yLabel,
    places: Array.from({ length: shardCount }, (_, index) => String(index + 1)),
    series: runs.map((run, index) => ({
      name: run.workload,
      mark: `series-${1 + (index % 9)}`,
      points: run.perShard.map((shard, at) => ({ at, value: read(shard) })),
    })),
  }
}
