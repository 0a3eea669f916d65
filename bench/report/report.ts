/**
 * The report of a sweep: one HTML file without scripts or anything from the network, for screens light and dark and for
 * paper. Pure.
 */
import type { PointSummary, RunResult, SweepResults } from '../sweep/results.ts'
import { sweepTable } from '../sweep/table.ts'
import { drawChart, type Chart, type Series } from './chart.ts'
import { STYLE } from './style.ts'
import { escapeMarkup, showNumber } from './svg.ts'

export function reportPage(results: SweepResults): string {
  const { summary, metadata } = results
  const charts = chartsOf(results).map(drawChart)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Weft: throughput against shards</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Throughput against the number of shards</h1>
<p>${escapeMarkup(headline(summary.points))}</p>
</header>
<main>
${charts.join('\n')}
<section>
<h2>All points</h2>
<pre>${sweepTable(results).map(escapeMarkup).join('\n')}</pre>
<p>Median of the repeats, with the extremes beside it. <b>Limited by</b> says whether the machine was busy: a row with
<i>config</i> is no evidence of scaling. <b>Tolerates</b> is what was paid: how many bad seats a committee survives.</p>
</section>
<section>
<h2>Machine and code</h2>
<dl>${Object.entries(metadata).map(definition).join('\n')}</dl>
</section>
</main>
</body>
</html>
`
}

function headline(points: readonly PointSummary[]): string {
  const base = points.find(({ shards }) => shards === 1)
  const best = points.toSorted((left, right) => right.settledTps.median - left.settledTps.median)[0]
  if (best === undefined) return 'No run ended without a violation: there is nothing to show.'
  const most = `${showNumber(best.settledTps.median)} settled transactions per second with ${best.shards} shards of ${best.validators} validators in all`
  if (base === undefined || base === best) return `${most}.`
  return `${most}, ${best.speedup.toFixed(2)} times the ${showNumber(base.settledTps.median)} of one shard on the same machine.`
}

function chartsOf({ summary, runs }: SweepResults): readonly Chart[] {
  const { points } = summary
  if (points.length === 0) return []
  const shardCounts = [...new Set(points.map(({ shards }) => shards))].toSorted((a, b) => a - b)
  const shares = [...new Set(points.map(({ crossShard }) => crossShard))].toSorted((a, b) => a - b)
  const axis = { shardCounts, shares, places: shardCounts.map(String) }
  return [
    throughputChart(points, axis),
    efficiencyChart(points, axis),
    costChart(points, axis),
    latencyChart(runs, axis),
  ]
}

type Axis = {
  readonly shardCounts: readonly number[]
  readonly shares: readonly number[]
  readonly places: readonly string[]
}

const X_LABEL = 'shards'

/** One series per share of cross-shard payments. */
function seriesByShare(
  points: readonly PointSummary[],
  { shardCounts, shares }: Axis,
  read: (point: PointSummary) => {
    readonly value: number
    readonly min?: number
    readonly max?: number
  },
): readonly Series[] {
  return shares.map((share, index) => ({
    name: shareName(share),
    mark: `series-${1 + (index % 4)}`,
    points: points
      .filter(({ crossShard }) => crossShard === share)
      .map((point) => ({ at: shardCounts.indexOf(point.shards), ...read(point) })),
  }))
}

function shareName(share: number): string {
  return share === 0 ? 'no cross-shard payments' : `${showNumber(share * 100)} % cross-shard`
}

function throughputChart(points: readonly PointSummary[], axis: Axis): Chart {
  const base = points.find(({ shards }) => shards === 1)
  const ideal: readonly Series[] =
    base === undefined
      ? []
      : [
          {
            name: 'ideal: shards times one shard',
            mark: 'reference',
            points: axis.shardCounts.map((shards, at) => ({
              at,
              value: shards * base.settledTps.median,
            })),
          },
        ]
  return {
    title: 'Settled transactions per second, at saturation',
    caption:
      'Every transaction is signed, checked by every member of its committee and executed against state on disk. The bars are the extremes of the repeats.',
    xLabel: X_LABEL,
    yLabel: 'transactions per second',
    places: axis.places,
    series: [
      ...ideal,
      ...seriesByShare(points, axis, ({ settledTps }) => ({
        value: settledTps.median,
        min: settledTps.min,
        max: settledTps.max,
      })),
    ],
  }
}

function efficiencyChart(points: readonly PointSummary[], axis: Axis): Chart {
  return {
    title: 'Efficiency',
    caption:
      'Settled throughput as a part of the ceiling: what the same shards would settle if sharding itself cost nothing. 100 % is the line of one shard.',
    xLabel: X_LABEL,
    yLabel: 'per cent of the ceiling',
    places: axis.places,
    series: [
      {
        name: 'the ceiling',
        mark: 'reference',
        points: axis.shardCounts.map((_, at) => ({ at, value: 100 })),
      },
      ...seriesByShare(points, axis, ({ efficiency }) => ({ value: efficiency * 100 })),
    ],
  }
}

function costChart(points: readonly PointSummary[], axis: Axis): Chart {
  return {
    title: 'Processor time per settled transaction',
    caption:
      'Over all nodes, from the accounting of the operating system; the load generator is not in it. More shards repeat less work, so it falls.',
    xLabel: X_LABEL,
    yLabel: 'CPU-milliseconds',
    places: axis.places,
    series: seriesByShare(points, axis, ({ cpuMsPerTx }) => ({
      value: cpuMsPerTx.median,
      min: cpuMsPerTx.min,
      max: cpuMsPerTx.max,
    })),
  }
}

/** At saturation, worst of the repeats: queues are full there, so these are not the latencies of a quiet network. */
function latencyChart(runs: readonly RunResult[], axis: Axis): Chart {
  const worst = (pick: (run: RunResult) => number) =>
    axis.shardCounts.flatMap((shards, at) => {
      const values = runs.filter((run) => run.shards === shards).map(pick)
      const value = Math.max(0, ...values)
      return value === 0 ? [] : [{ at, value: value / 1000 }]
    })
  const series = [
    {
      name: 'within a shard, p50',
      mark: 'series-1',
      points: worst(({ latencyMs }) => latencyMs.intra.p50),
    },
    {
      name: 'within a shard, p99',
      mark: 'series-2',
      points: worst(({ latencyMs }) => latencyMs.intra.p99),
    },
    {
      name: 'across shards, p50',
      mark: 'series-3',
      points: worst(({ latencyMs }) => latencyMs.cross.p50),
    },
    {
      name: 'across shards, p99',
      mark: 'series-4',
      points: worst(({ latencyMs }) => latencyMs.cross.p99),
    },
  ]
  return {
    title: 'Latency to settlement, at saturation',
    caption:
      'From the moment a payment was due until its last effect is recorded by a finalized beacon block; the worst of all runs with that many shards.',
    xLabel: X_LABEL,
    yLabel: 'seconds',
    places: axis.places,
    series: series.filter(({ points }) => points.length > 0),
  }
}

function definition([name, value]: readonly [string, unknown]): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `<dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(text)}</dd>`
}
