/**
 * The sweep as a table for a terminal. Pure. Every row says what its committees tolerate: sharding buys speed with it.
 */
import { alignColumns } from '../../devnet/display/words.ts'
import { faultsTolerated } from '../../devnet/parameters.ts'
import type { PointSummary, SweepResults } from './results.ts'
import type { Spread } from './statistics.ts'

const HEADER = [
  'shards',
  'cross',
  'runs',
  'settled tx/s',
  'min-max',
  'speedup',
  'of ceiling',
  'signature bound',
  'CPU ms/tx',
  'limited by',
  'committee',
  'tolerates',
]

export function sweepTable({ summary, runs }: SweepResults): readonly string[] {
  const voids = runs.filter((run) => run.audit !== 'ok')
  return [
    ...alignColumns([HEADER, ...summary.points.map(rowOf)]),
    ...voids.map(
      (run) =>
        `VOID: ${run.shards} shards, cross ${percent(run.crossShard)}, repeat ${run.repeat}: ${run.audit}`,
    ),
  ]
}

function rowOf(point: PointSummary): readonly string[] {
  const committee = Math.floor(point.validators / point.shards)
  return [
    String(point.shards),
    percent(point.crossShard),
    String(point.runs),
    point.settledTps.median.toFixed(0),
    range(point.settledTps),
    point.speedup === 0 ? '-' : `${point.speedup.toFixed(2)}x`,
    point.efficiency === 0 ? '-' : percent(point.efficiency),
    `${point.signatureBoundTps.toFixed(0)} (${percent(point.settledTps.median / point.signatureBoundTps)})`,
    point.cpuMsPerTx.median.toFixed(2),
    point.limitedBy === 'cpu' ? 'cpu' : 'config (no evidence of scaling)',
    String(committee),
    String(faultsTolerated(committee)),
  ]
}

function range({ min, max }: Spread): string {
  return `${min.toFixed(0)}-${max.toFixed(0)}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
