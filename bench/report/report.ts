/**
 * The report of a sweep: which charts, with which words. Pure.
 */
import type { PointSummary, RunResult, SweepResults } from '../sweep/results.ts'
import { isVoid } from '../sweep/results.ts'
import { countersTable, sweepTable } from '../sweep/table.ts'
import { drawBars, type Bar } from './bar-chart.ts'
import { drawChart, type Chart, type Series } from './chart.ts'
import { drawDistributions, type Distribution } from './distribution-chart.ts'
import { writePage } from './page.ts'
import { showNumber } from './svg.ts'

export function reportPage(results: SweepResults): string {
  const { summary, metadata } = results
  return writePage({
    title: 'Throughput against the number of shards',
    headline: headline(summary.points),
    figures: summary.points.length === 0 ? [] : figuresOf(results),
    tables: [
      {
        title: 'All points',
        lines: sweepTable(results),
        note: 'Median of the repeats, with the extremes beside it. "limited by" says what was busy: a row with config is no evidence of scaling. "tolerates" is what was paid: how many bad seats a committee survives. "in checks": processor time as a multiple of one native check of a signature.',
      },
      {
        title: 'Work per settled transaction, counted',
        lines: countersTable(results),
        note: 'Counted by the nodes, so they do not depend on the speed of the machine. Every member of a committee recovers a sender once: expected are as many as a committee has seats.',
      },
    ],
    metadata,
  })
}

function headline(points: readonly PointSummary[]): string {
  const sharded = points.filter(({ chain }) => chain === 'sharded')
  const base = sharded.find(({ shards }) => shards === 1)
  const best = sharded.toSorted(
    (left, right) => right.settledTps.median - left.settledTps.median,
  )[0]
  if (best === undefined) return 'No run ended without a violation: there is nothing to show.'
  const most = `${showNumber(best.settledTps.median)} settled transactions per second with ${best.shards} shards of ${best.validators} validators in all`
  if (base === undefined || base === best) return `${most}.`
  return `${most}, ${best.speedup.toFixed(2)} times the ${showNumber(base.settledTps.median)} of one shard on the same machine.`
}

type Axis = {
  readonly shardCounts: readonly number[]
  readonly shares: readonly number[]
  readonly places: readonly string[]
}

function figuresOf({ summary, runs }: SweepResults): readonly string[] {
  const points = summary.points.filter(({ chain }) => chain === 'sharded')
  const shardCounts = [...new Set(points.map(({ shards }) => shards))].toSorted((a, b) => a - b)
  const shares = [...new Set(points.map(({ crossShard }) => crossShard))].toSorted((a, b) => a - b)
  const axis = { shardCounts, shares, places: shardCounts.map(String) }
  const valid = runs.filter((run) => !isVoid(run) && run.chain === 'sharded')
  return [
    drawChart(throughputChart(summary.points, axis)),
    drawChart(efficiencyChart(points, axis)),
    drawBars(COST_FRAME, summary.points.map(costBar)),
    drawBars(BYTES_FRAME, points.map(bytesBar)),
    drawDistributions(LATENCY_FRAME, latencies(valid, axis)),
    drawDistributions(CROSS_FRAME, crossLatencies(valid, axis)),
  ]
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
    mark: `series-${1 + index}`,
    points: points
      .filter(({ crossShard }) => crossShard === share)
      .map((point) => ({ at: shardCounts.indexOf(point.shards), ...read(point) })),
  }))
}

function shareName(share: number): string {
  return share === 0 ? 'no cross-shard payments' : `${showNumber(share * 100)} % cross-shard`
}

function throughputChart(points: readonly PointSummary[], axis: Axis): Chart {
  const sharded = points.filter(({ chain }) => chain === 'sharded')
  const bare = points.find(({ chain }) => chain === 'bare')
  const base = sharded.find(({ shards }) => shards === 1)
  return {
    title: 'Settled transactions per second, at saturation',
    caption:
      'Every transaction is signed, checked by every member of its committee and executed against state on disk. The bars are the extremes of the repeats.',
    xLabel: X_LABEL,
    yLabel: 'transactions per second',
    places: axis.places,
    series: [
      ...(base === undefined
        ? []
        : [
            line(
              'ideal: shards times one shard',
              'reference',
              axis,
              (shards) => shards * base.settledTps.median,
            ),
            ...ceilingLines(sharded, axis),
          ]),
      ...(bare === undefined
        ? []
        : [
            line(
              'one chain without a beacon',
              'reference-fine',
              axis,
              () => bare.settledTps.median,
            ),
          ]),
      ...seriesByShare(sharded, axis, ({ settledTps }) => ({
        value: settledTps.median,
        min: settledTps.min,
        max: settledTps.max,
      })),
    ],
  }
}

function line(
  name: string,
  mark: string,
  { shardCounts }: Axis,
  valueAt: (shards: number) => number,
): Series {
  return { name, mark, points: shardCounts.map((shards, at) => ({ at, value: valueAt(shards) })) }
}

/** Where receipts take the place of transactions the ceiling lies below the ideal, one for each share. */
function ceilingLines(points: readonly PointSummary[], axis: Axis): readonly Series[] {
  return axis.shares.flatMap((share) => {
    const own = points.filter(({ crossShard, shards }) => crossShard === share || shards === 1)
    const base = own.find(({ shards }) => shards === 1)?.settledTps.median ?? 0
    const isBelow = own.some(({ shards, ceilingTps }) => ceilingTps < shards * base * 0.999)
    if (!isBelow) return []
    return [
      {
        name: `ceiling at ${showNumber(share * 100)} % cross-shard`,
        mark: 'reference-fine',
        points: own.map(({ shards, ceilingTps }) => ({
          at: axis.shardCounts.indexOf(shards),
          value: ceilingTps,
        })),
      },
    ]
  })
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
      line('the ceiling', 'reference', axis, () => 100),
      ...seriesByShare(points, axis, ({ efficiency }) => ({ value: efficiency * 100 })),
    ],
  }
}

const COST_FRAME = {
  title: 'Processor time per settled transaction, by component',
  caption:
    'Over all nodes, from the accounting of the operating system; the load generator is not in it. Divided by samples of one node: verify is the checking of users’ signatures, execute includes state and hashing. Where no samples were taken, by kind of thread.',
  xLabel: 'shards, and share of cross-shard payments',
  yLabel: 'CPU-milliseconds',
}

function costBar(point: PointSummary): Bar {
  return { place: placeOf(point), parts: point.componentMsPerTx ?? point.cpuMsPerTxByThread }
}

function placeOf({ shards, crossShard, chain }: PointSummary): string {
  if (chain === 'bare') return 'bare'
  return crossShard === 0 ? String(shards) : `${shards}, ${showNumber(crossShard * 100)} %`
}

const BYTES_FRAME = {
  title: 'Bytes sent per settled transaction, by plane',
  caption:
    'Over all nodes, before encryption. A plain transfer has about 120 bytes; it travels to the members of its committee once by itself and once in a block.',
  xLabel: COST_FRAME.xLabel,
  yLabel: 'bytes',
}

function bytesBar(point: PointSummary): Bar {
  return { place: placeOf(point), parts: point.bytesPerTx }
}

const LATENCY_FRAME = {
  title: 'Latency to settlement within a shard, at saturation',
  caption:
    'From the moment a payment was due until its block is recorded by a finalized beacon block. Queues are full at saturation: these are not the latencies of a quiet network.',
  xLabel: 'seconds (logarithmic)',
  yLabel: 'per cent settled',
}

const CROSS_FRAME = {
  ...LATENCY_FRAME,
  title: 'Latency to settlement across shards, at saturation',
  caption: 'From the moment a payment was due until the block that applies its receipt is settled.',
}

/** Of the last run of each number of shards, at the smallest cross-shard share. */
function latencies(runs: readonly RunResult[], { shardCounts }: Axis): readonly Distribution[] {
  return shardCounts.flatMap((shards, index) => {
    const own = runs.filter((run) => run.shards === shards && run.chain === 'sharded')
    const share = Math.min(...own.map(({ crossShard }) => crossShard))
    const curve = own.findLast((run) => run.crossShard === share)?.latencyMs.intra.curve ?? []
    if (curve.length === 0) return []
    return [{ name: namedShards(shards), mark: `series-${1 + index}`, curve }]
  })
}

function crossLatencies(
  runs: readonly RunResult[],
  { shardCounts }: Axis,
): readonly Distribution[] {
  return shardCounts.flatMap((shards, index) => {
    const own = runs.findLast((run) => run.shards === shards && run.latencyMs.cross.max > 0)
    if (own === undefined) return []
    const name = `${namedShards(shards)}, ${shareName(own.crossShard)}`
    return [{ name, mark: `series-${1 + index}`, curve: own.latencyMs.cross.curve }]
  })
}

function namedShards(shards: number): string {
  return shards === 1 ? '1 shard' : `${shards} shards`
}
