/**
 * What a sweep leaves behind: one record per run and a summary. Pure.
 *
 * The ceiling of a point is what S shards could do if sharding cost nothing: S times the median of one shard. Where the
 * processor is the limit a receipt is counted as free (it needs no signature check), which draws the ceiling too high
 * rather than too low; where the slot is the limit it takes the place of a transaction: S / (1 + x).
 */
import type { LatencySummary } from '../../devnet/load/latency.ts'
import { samePoint, type Point } from './plan.ts'
import { spreadOf, type Spread } from './statistics.ts'

/** What stopped the throughput from rising: the processor, or something that was configured. */
export type LimitedBy = 'cpu' | 'config'

/** A machine that is more idle than this at saturation was not the limit (docs/measuring.md). */
const IDLE_SHARE_MAX = 0.15

export type LevelLatency = { readonly [Level in 'p50' | 'p90' | 'p99' | 'max']: number }

export type RunResult = Point & {
  readonly experiment: 'scaling-cpu'
  readonly workload: 'transfer'
  readonly repeat: number
  readonly seed: number
  readonly committeeSize: number
  readonly faultsTolerated: number
  /** Bad seats of one committee that can forge its state. */
  readonly forgingSeats: number
  readonly windowSeconds: number
  readonly offeredTps: number
  readonly acceptedTps: number
  readonly refusedTps: number
  readonly failedTps: number
  readonly settledTps: number
  readonly signatureBoundTps: number
  readonly latencyMs: {
    readonly intra: LevelLatency
    readonly cross: LevelLatency
    readonly intraFinalized: LevelLatency
    readonly crossApplied: LevelLatency
  }
  /** Over all nodes, from the operating system. */
  readonly cpuMsPerTx: number
  readonly generatorCpuMsPerTx: number
  readonly idleShare: number
  readonly stealShare: number
  readonly limitedBy: LimitedBy
  readonly pssMiB: number
  /** Every rate that was tried on the way. */
  readonly curve: readonly { readonly offeredTps: number; readonly settledTps: number }[]
  /** `ok`, or why the run is void. */
  readonly audit: string
}

export type PointSummary = Point & {
  readonly runs: number
  readonly settledTps: Spread
  readonly cpuMsPerTx: Spread
  readonly signatureBoundTps: number
  readonly limitedBy: LimitedBy
  readonly speedup: number
  readonly ceilingTps: number
  /** settled / ceiling; 0 without a run of one shard to compare with. */
  readonly efficiency: number
}

export type SweepResults = {
  readonly metadata: Record<string, unknown>
  readonly runs: readonly (RunResult & {
    readonly ceilingTps: number
    readonly efficiency: number
  })[]
  readonly summary: {
    /** By shard count, at the smallest cross-shard share that was measured. */
    readonly speedup: Readonly<Record<string, number>>
    readonly efficiency: Readonly<Record<string, number>>
    readonly points: readonly PointSummary[]
  }
}

export function limitOf(idleShare: number): LimitedBy {
  return idleShare <= IDLE_SHARE_MAX ? 'cpu' : 'config'
}

/** A run counts only if its audit was clean. */
export function isVoid({ audit }: Pick<RunResult, 'audit'>): boolean {
  return audit !== 'ok'
}

export function summarize(
  metadata: Record<string, unknown>,
  runs: readonly RunResult[],
): SweepResults {
  const valid = runs.filter((run) => !isVoid(run))
  const base = spreadOf(valid.filter(({ shards }) => shards === 1).map((run) => run.settledTps))
  const points = pointsOf(valid).map((point) => summarizePoint(point, valid, base.median))
  const byShards = (pick: (point: PointSummary) => number): Record<string, number> =>
    Object.fromEntries(
      points
        .toSorted((left, right) => right.crossShard - left.crossShard)
        .map((point) => [String(point.shards), pick(point)]),
    )
  return {
    metadata,
    runs: runs.map((run) => {
      const ceilingTps = ceilingOf(run, run.limitedBy, base.median)
      return { ...run, ceilingTps, efficiency: ratio(run.settledTps, ceilingTps) }
    }),
    summary: {
      speedup: byShards((point) => point.speedup),
      efficiency: byShards((point) => point.efficiency),
      points,
    },
  }
}

function pointsOf(runs: readonly RunResult[]): readonly Point[] {
  return runs
    .filter((run, index) => runs.findIndex((other) => samePoint(run, other)) === index)
    .map(({ shards, validators, crossShard }) => ({ shards, validators, crossShard }))
    .toSorted((left, right) => left.shards - right.shards || left.crossShard - right.crossShard)
}

function summarizePoint(point: Point, runs: readonly RunResult[], baseTps: number): PointSummary {
  const own = runs.filter((run) => samePoint(run, point))
  const settledTps = spreadOf(own.map((run) => run.settledTps))
  // One run that was not limited by the processor spoils the claim for the point.
  const limitedBy = own.every((run) => run.limitedBy === 'cpu') ? 'cpu' : 'config'
  const ceilingTps = ceilingOf(point, limitedBy, baseTps)
  return {
    ...point,
    runs: own.length,
    settledTps,
    cpuMsPerTx: spreadOf(own.map((run) => run.cpuMsPerTx)),
    signatureBoundTps: spreadOf(own.map((run) => run.signatureBoundTps)).median,
    limitedBy,
    speedup: ratio(settledTps.median, baseTps),
    ceilingTps,
    efficiency: ratio(settledTps.median, ceilingTps),
  }
}

function ceilingOf({ shards, crossShard }: Point, limitedBy: LimitedBy, baseTps: number): number {
  return limitedBy === 'cpu' ? shards * baseTps : (shards * baseTps) / (1 + crossShard)
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1000) / 1000
}

export function levelOf({ p50, p90, p99, max }: LatencySummary): LevelLatency {
  return { p50, p90, p99, max }
}
