/**
 * Two sweeps side by side: what changed at each point, and whether the repeats allow to say so. Pure.
 */
import { z } from 'zod'
import { alignColumns } from '../../devnet/display/words.ts'

const spreadSchema = z.object({ min: z.number(), median: z.number(), max: z.number() })
const pointSchema = z.object({
  shards: z.number(),
  validators: z.number(),
  crossShard: z.number(),
  runs: z.number(),
  settledTps: spreadSchema,
  cpuMsPerTx: spreadSchema,
})

/** The part of results.json that a comparison reads. */
export const comparableSchema = z.object({
  metadata: z.object({
    commit: z.string().optional(),
    cpu: z.string().optional(),
    cores: z.number().optional(),
  }),
  summary: z.object({ points: z.array(pointSchema) }),
})

export type Comparable = z.infer<typeof comparableSchema>
type ComparablePoint = Comparable['summary']['points'][number]

export type Change = {
  readonly shards: number
  readonly validators: number
  readonly crossShard: number
  readonly settledTps: Ratio
  readonly cpuMsPerTx: Ratio
}

export type Ratio = {
  readonly before: number
  readonly after: number
  /** after / before; 0 when there was nothing before. */
  readonly ratio: number
  /** The ranges of the repeats do not overlap. With one repeat each this says little. */
  readonly isClear: boolean
}

/** Points that both have, in the order of the first. */
export function compareSweeps(before: Comparable, after: Comparable): readonly Change[] {
  return before.summary.points.flatMap((point) => {
    const other = after.summary.points.find((candidate) => isSamePoint(candidate, point))
    if (other === undefined) return []
    const { shards, validators, crossShard } = point
    return [
      {
        shards,
        validators,
        crossShard,
        settledTps: ratioOf(point.settledTps, other.settledTps),
        cpuMsPerTx: ratioOf(point.cpuMsPerTx, other.cpuMsPerTx),
      },
    ]
  })
}

function isSamePoint(left: ComparablePoint, right: ComparablePoint): boolean {
  return (
    left.shards === right.shards &&
    left.validators === right.validators &&
    left.crossShard === right.crossShard
  )
}

function ratioOf(
  before: ComparablePoint['settledTps'],
  after: ComparablePoint['settledTps'],
): Ratio {
  return {
    before: before.median,
    after: after.median,
    ratio: before.median === 0 ? 0 : after.median / before.median,
    isClear: after.min > before.max || after.max < before.min,
  }
}

/** Why figures of the two must not be compared, if there is a reason. */
export function differentMachines(before: Comparable, after: Comparable): string | undefined {
  const name = ({ metadata }: Comparable): string =>
    `${metadata.cores ?? '?'} cores of ${metadata.cpu ?? 'unknown'}`
  return name(before) === name(after)
    ? undefined
    : `the machines differ (${name(before)}; ${name(after)}): the ratios say nothing about the code`
}

const HEADER = ['shards', 'cross', 'settled tx/s', 'ratio', 'CPU ms/tx', 'ratio', 'clear']

export function comparisonTable(changes: readonly Change[]): readonly string[] {
  return alignColumns([
    HEADER,
    ...changes.map(({ shards, crossShard, settledTps, cpuMsPerTx }) => [
      String(shards),
      `${(crossShard * 100).toFixed(0)} %`,
      `${settledTps.before.toFixed(0)} -> ${settledTps.after.toFixed(0)}`,
      `${settledTps.ratio.toFixed(2)}x`,
      `${cpuMsPerTx.before.toFixed(2)} -> ${cpuMsPerTx.after.toFixed(2)}`,
      `${cpuMsPerTx.ratio.toFixed(2)}x`,
      settledTps.isClear || cpuMsPerTx.isClear ? 'yes' : 'no: the repeats overlap',
    ]),
  ])
}
