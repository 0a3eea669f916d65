/**
 * `weft bench latency`: latency by level against load (docs/measuring.md, experiment 6). One network: saturation is found
 * first, then parts of it are offered.
 */
import { alignColumns } from '../../devnet/display/words.ts'
import { TRANSFER_WORKLOAD } from '../../devnet/load/workload-plan.ts'
import { readPssMiB, sumOver } from '../../devnet/processes/process-figures.ts'
import { drawChart, type Chart, type Series } from '../report/chart.ts'
import { drawDistributions } from '../report/distribution-chart.ts'
import type { Page } from '../report/page.ts'
import { showNumber } from '../report/svg.ts'
import { describeWindow } from '../run/describe-window.ts'
import { withNetwork } from '../run/measured-network.ts'
import { saturate } from '../run/saturation.ts'
import { drain, measureWindow, warmUp } from '../run/window.ts'
import type { Point } from '../sweep/plan.ts'
import type { LevelLatency, MeasuredRun } from '../sweep/results.ts'
import {
  beginExperiment,
  endExperiment,
  saveExperiment,
  type ExperimentOptions,
} from './experiment.ts'

export type LatencyOptions = ExperimentOptions & {
  readonly shards: number
  readonly validators: number
  readonly crossShard: number
  /** Parts of saturation. */
  readonly loads: readonly number[]
  readonly seconds: number
  /** The saturation, when it is known. */
  readonly rate?: number
}

type LatencyRun = MeasuredRun & {
  readonly experiment: 'latency'
  /** Part of saturation that was offered. */
  readonly loadShare: number
}

export async function latency(options: LatencyOptions): Promise<void> {
  const { shards, validators, crossShard, loads, seconds, rate } = options
  const experiment = await beginExperiment(options)
  const point: Point = { shards, validators, crossShard, workload: 'transfer', chain: 'sharded' }
  const plan = { shards, validators, crossShard, workload: TRANSFER_WORKLOAD }
  const { measured, audit } = await withNetwork(plan, experiment, async (network) => {
    const saturationTps = rate ?? (await saturate(network, { windowSeconds: 10 })).window.settledTps
    if (rate !== undefined) await warmUp(network, rate * 0.5)
    const windows = []
    for (const loadShare of loads) {
      await drain(network)
      experiment.onProgress(`offering ${(saturationTps * loadShare).toFixed(0)} tx/s`)
      const window = await measureWindow(network, saturationTps * loadShare, seconds * 1000)
      windows.push({ loadShare, window })
    }
    const pssMiB = await sumOver(network.supervisor.nodePids, readPssMiB)
    return { network, windows, pssMiB }
  })
  const { network, windows, pssMiB } = measured
  const runs = windows.map(({ loadShare, window }): LatencyRun => {
    const run = describeWindow({ point, repeat: 1, window, network, pssMiB, audit })
    return { experiment: 'latency', loadShare, ...run }
  })
  const lines = latencyTable(runs)
  await saveExperiment(experiment, runs, pageOf(runs, lines))
  endExperiment(experiment, options, { runs, lines })
}

const LEVELS: readonly (readonly [keyof LatencyRun['latencyMs'], string])[] = [
  ['intraFinalized', 'finalized'],
  ['intra', 'settled'],
  ['crossApplied', 'cross applied'],
  ['cross', 'cross settled'],
]

function latencyTable(runs: readonly LatencyRun[]): readonly string[] {
  const header = [
    'load',
    'offered',
    'settled',
    ...LEVELS.map(([, name]) => `${name} p50/p90/p99/max ms`),
  ]
  return alignColumns([
    header,
    ...runs.map((run) => [
      percent(run.loadShare),
      run.offeredTps.toFixed(0),
      run.settledTps.toFixed(0),
      ...LEVELS.map(([level]) => wordsOf(run.latencyMs[level])),
    ]),
  ])
}

function wordsOf({ p50, p90, p99, max }: LevelLatency): string {
  return max === 0 ? '-' : `${p50}/${p90}/${p99}/${max}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

function pageOf(runs: readonly LatencyRun[], lines: readonly string[]): Omit<Page, 'metadata'> {
  const calm = runs[0]
  const half = (calm?.latencyMs.intra.p50 ?? 0) / 1000
  return {
    title: 'Latency against load',
    headline:
      calm === undefined
        ? 'Nothing was measured.'
        : `At ${percent(calm.loadShare)} of saturation half of the payments within a shard are settled within ${showNumber(half)} s.`,
    figures: [
      drawChart(percentileChart(runs, 'p50')),
      drawChart(percentileChart(runs, 'p99')),
      ...runs.map((run) =>
        drawDistributions(
          {
            title: `At ${percent(run.loadShare)} of saturation`,
            caption: `${run.offeredTps.toFixed(0)} payments per second, from the moment each was due.`,
            xLabel: 'seconds (logarithmic)',
            yLabel: 'per cent',
          },
          LEVELS.flatMap(([level, name], index) =>
            run.latencyMs[level].max === 0
              ? []
              : [{ name, mark: `series-${1 + index}`, curve: run.latencyMs[level].curve }],
          ),
        ),
      ),
    ],
    tables: [
      {
        title: 'All loads',
        lines,
        note: 'Open loop: latency counts from the moment a payment was due, so a sender that falls behind makes the figures worse.',
      },
    ],
  }
}

function percentileChart(runs: readonly LatencyRun[], percentile: 'p50' | 'p99'): Chart {
  return {
    title:
      percentile === 'p50' ? 'Half of all payments are faster' : '99 of 100 payments are faster',
    caption:
      'Finalized by the shard; settled by the beacon; applied and settled on the other shard.',
    xLabel: 'part of saturation',
    yLabel: 'seconds',
    places: runs.map(({ loadShare }) => percent(loadShare)),
    series: LEVELS.map(([level, name], index): Series => ({
      name,
      mark: `series-${1 + index}`,
      points: runs.flatMap(({ latencyMs }, at) => {
        const value = latencyMs[level][percentile] / 1000
        return value === 0 ? [] : [{ at, value }]
      }),
    })).filter(({ points }) => points.length > 0),
  }
}
