/**
 * The sweep as a table for a terminal. Pure. Every row says what its committees tolerate: sharding buys speed with it.
 */
import { alignColumns } from '../../devnet/display/words.ts'
import { faultsTolerated } from '../../devnet/parameters.ts'
import { isDisturbed, isVoid, type PointSummary, type SweepResults } from './results.ts'
import type { Spread } from './statistics.ts'

const HEADER = [
  'shards',
  'validators',
  'cross',
  'runs',
  'settled tx/s',
  'min-max',
  'speedup',
  'of ceiling',
  'signature bound',
  'CPU ms/tx',
  'in checks',
  'limited by',
  'committee',
  'tolerates',
]

export function sweepTable({ summary, runs }: SweepResults): readonly string[] {
  const voids = runs.filter(isVoid)
  const disturbed = runs.filter((run) => !isVoid(run) && isDisturbed(run))
  return [
    ...alignColumns([HEADER, ...summary.points.map(rowOf)]),
    ...voids.map(
      (run) =>
        `VOID: ${run.shards} shards, cross ${percent(run.crossShard)}, repeat ${run.repeat}: ${run.audit}`,
    ),
    ...disturbed.map(
      (run) =>
        `DISTURBED: ${run.shards} shards, cross ${percent(run.crossShard)}, repeat ${run.repeat}: others had ${percent(run.foreignShare)} of the machine, the host ${percent(run.stealShare)}`,
    ),
  ]
}

/** What the nodes counted, per settled transaction, with the checks that are expected: one per seat of the committee. */
export function countersTable({ summary }: SweepResults): readonly string[] {
  const works = [...new Set(summary.points.flatMap(({ workPerTx }) => Object.keys(workPerTx)))]
  const header = ['shards', 'cross', ...works, 'expected recoveries', 'bytes sent']
  const rows = summary.points.map((point) => [
    point.chain === 'bare' ? 'bare chain' : String(point.shards),
    percent(point.crossShard),
    ...works.map((work) => (point.workPerTx[work] ?? 0).toFixed(2)),
    String(Math.floor(point.validators / point.shards)),
    Object.values(point.bytesPerTx)
      .reduce((sum, bytes) => sum + bytes, 0)
      .toFixed(0),
  ])
  return alignColumns([header, ...rows])
}

function rowOf(point: PointSummary): readonly string[] {
  const committee = Math.floor(point.validators / point.shards)
  return [
    point.chain === 'bare' ? 'bare chain' : String(point.shards),
    String(point.validators),
    percent(point.crossShard),
    String(point.runs),
    point.settledTps.median.toFixed(0),
    range(point.settledTps),
    point.speedup === 0 ? '-' : `${point.speedup.toFixed(2)}x`,
    point.efficiency === 0 ? '-' : percent(point.efficiency),
    `${point.signatureBoundTps.toFixed(0)} (${percent(point.settledTps.median / point.signatureBoundTps)})`,
    point.cpuMsPerTx.median.toFixed(2),
    point.cpuInChecks.toFixed(1),
    limitWords(point),
    String(committee),
    String(faultsTolerated(committee)),
  ]
}

function limitWords({ limitedBy, isDisturbed: wasDisturbed }: PointSummary): string {
  const words = limitedBy === 'config' ? 'config (no evidence of scaling)' : limitedBy
  return wasDisturbed ? `${words}, disturbed` : words
}

function range({ min, max }: Spread): string {
  return `${min.toFixed(0)}-${max.toFixed(0)}`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
