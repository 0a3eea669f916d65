/**
 * What runs of the scaling experiments leave behind: one record per run and a summary. Pure.
 *
 * The ceiling of a point is what S shards could do if sharding cost nothing: S times the median of one shard, less what the
 * receipts of cross-shard payments cost: S / (1 + r x). Where the slot is the limit a receipt takes the place of a
 * transaction, r = 1; where the processor is, r is the measured cost of a receipt beside a transaction.
 */
import type { LatencySummary } from '../../devnet/load/latency.ts'
import type { MachineShares, TransactionCosts } from '../run/costs.ts'
import { samePoint, type Point } from './plan.ts'
import { spreadOf, type Spread } from './statistics.ts'

/** What stopped the throughput from rising: the processor, full blocks, or something else that was configured. */
export type LimitedBy = 'cpu' | 'slot' | 'config'
export type Experiment = 'scaling-cpu' | 'scaling-slot'

/** A machine that is more idle than this at saturation was not the limit (docs/measuring.md). */
const IDLE_SHARE_MAX = 0.15
/** Blocks as full as this, at the rate of their interval, are what stopped it. */
const SLOT_SHARE_MIN = 0.85
/** More of the machine than this for somebody else, or taken by the host, and the run is no measurement. */
const STEAL_SHARE_MAX = 0.02
const FOREIGN_SHARE_MAX = 0.05

export type LevelLatency = Omit<LatencySummary, 'count'>

/** What every measured window of a network has, whatever the experiment. */
export type MeasuredRun = Point &
  TransactionCosts &
  MachineShares & {
    readonly repeat: number
    /** Of the workload; payments are planned without dice, so there is one. */
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
    /** One native check of a signature, milliseconds. */
    readonly recoverMs: number
    /** cpuMsPerTx as a multiple of that. */
    readonly cpuInChecks: number
    /** CPU-milliseconds per transaction by part of the program, from samples of one node; absent: not sampled. */
    readonly componentMsPerTx?: Readonly<Record<string, number>> | undefined
    /** By others, right before the run. */
    readonly busyShareBefore: number
    /** Each node had a part of a core and no more. */
    readonly isCapped: boolean
    readonly pssMiB: number
    /** `ok`, or why the run is void. */
    readonly audit: string
  }

export type RunResult = MeasuredRun & {
  readonly experiment: Experiment
  readonly limitedBy: LimitedBy
  /** Every rate that was tried on the way. */
  readonly curve: readonly { readonly offeredTps: number; readonly settledTps: number }[]
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
  /** Somebody else used the machine in every run of it. */
  readonly isDisturbed: boolean
  readonly cpuInChecks: number
  readonly workPerTx: Readonly<Record<string, number>>
  readonly bytesPerTx: Readonly<Record<string, number>>
  readonly cpuMsPerTxByThread: Readonly<Record<string, number>>
  readonly componentMsPerTx: Readonly<Record<string, number>> | undefined
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

/** `slotShare`: settled transactions as a part of what fits into all blocks. */
export function limitOf(idleShare: number, slotShare: number): LimitedBy {
  if (idleShare <= IDLE_SHARE_MAX) return 'cpu'
  return slotShare >= SLOT_SHARE_MIN ? 'slot' : 'config'
}

/** Not void, but not to be compared with runs that had the machine for themselves. */
export function isDisturbed({
  stealShare,
  foreignShare,
}: Pick<MachineShares, 'stealShare' | 'foreignShare'>): boolean {
  return stealShare > STEAL_SHARE_MAX || foreignShare > FOREIGN_SHARE_MAX
}

/** A run counts only if its audit was clean. */
export function isVoid({ audit }: Pick<RunResult, 'audit'>): boolean {
  return audit !== 'ok'
}

/** `receiptRatio`: of a receipt to a transaction, in processor time. */
export function summarize(
  metadata: Record<string, unknown>,
  runs: readonly RunResult[],
  receiptRatio = 0,
): SweepResults {
  const valid = runs.filter((run) => !isVoid(run))
  const base = spreadOf(baseRuns(valid).map((run) => run.settledTps))
  const points = pointsOf(valid).map((point) =>
    summarizePoint(point, valid, { baseTps: base.median, receiptRatio }),
  )
  const byShards = (pick: (point: PointSummary) => number): Record<string, number> =>
    Object.fromEntries(
      points
        .filter(({ chain }) => chain === 'sharded')
        .toSorted((left, right) => right.crossShard - left.crossShard)
        .map((point) => [String(point.shards), pick(point)]),
    )
  return {
    metadata,
    runs: runs.map((run) => {
      const ceilingTps = ceilingOf(run, run.experiment, { baseTps: base.median, receiptRatio })
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
    .map(({ shards, validators, crossShard, workload, chain }) => {
      return { shards, validators, crossShard, workload, chain }
    })
    .toSorted(
      (left, right) =>
        left.shards - right.shards ||
        left.crossShard - right.crossShard ||
        (left.chain < right.chain ? -1 : 1),
    )
}

/** What everything is compared with: one shard by the same code. A bare chain is a row of its own. */
function baseRuns(valid: readonly RunResult[]): readonly RunResult[] {
  return undisturbed(valid.filter(({ shards, chain }) => shards === 1 && chain === 'sharded'))
}

/** Disturbed runs count only where there is no other. */
function undisturbed(runs: readonly RunResult[]): readonly RunResult[] {
  const quiet = runs.filter((run) => !isDisturbed(run))
  return quiet.length > 0 ? quiet : runs
}

function summarizePoint(
  point: Point,
  runs: readonly RunResult[],
  basis: CeilingBasis,
): PointSummary {
  const own = undisturbed(runs.filter((run) => samePoint(run, point)))
  const settledTps = spreadOf(own.map((run) => run.settledTps))
  // One run that was not limited by the processor spoils the claim for the point.
  const limits = [...new Set(own.map((run) => run.limitedBy))]
  const limitedBy = limits.length === 1 ? (limits[0] ?? 'config') : 'config'
  const experiment = own[0]?.experiment ?? 'scaling-cpu'
  const ceilingTps = ceilingOf(point, experiment, basis)
  return {
    ...point,
    runs: own.length,
    settledTps,
    cpuMsPerTx: spreadOf(own.map((run) => run.cpuMsPerTx)),
    signatureBoundTps: spreadOf(own.map((run) => run.signatureBoundTps)).median,
    limitedBy,
    speedup: ratio(settledTps.median, basis.baseTps),
    ceilingTps,
    efficiency: ratio(settledTps.median, ceilingTps),
    isDisturbed: own.some(isDisturbed),
    cpuInChecks: spreadOf(own.map((run) => run.cpuInChecks)).median,
    workPerTx: medianOfParts(own.map((run) => run.workPerTx)),
    bytesPerTx: medianOfParts(own.map((run) => run.bytesPerTx)),
    cpuMsPerTxByThread: medianOfParts(own.map((run) => run.cpuMsPerTxByThread)),
    componentMsPerTx: medianOfComponents(own),
  }
}

function medianOfComponents(runs: readonly RunResult[]): PointSummary['componentMsPerTx'] {
  const sampled = runs.flatMap(({ componentMsPerTx }) =>
    componentMsPerTx === undefined ? [] : [componentMsPerTx],
  )
  return sampled.length === 0 ? undefined : medianOfParts(sampled)
}

function medianOfParts(
  records: readonly Readonly<Record<string, number>>[],
): Readonly<Record<string, number>> {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))]
  return Object.fromEntries(
    names.map((name) => [name, spreadOf(records.map((record) => record[name] ?? 0)).median]),
  )
}

type CeilingBasis = { readonly baseTps: number; readonly receiptRatio: number }

function ceilingOf(
  { shards, crossShard }: Point,
  experiment: Experiment,
  { baseTps, receiptRatio }: CeilingBasis,
): number {
  const receiptCost = experiment === 'scaling-cpu' ? receiptRatio : 1
  return (shards * baseTps) / (1 + receiptCost * crossShard)
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1000) / 1000
}

export function levelOf({ p50, p90, p99, max, curve }: LatencySummary): LevelLatency {
  return { p50, p90, p99, max, curve }
}
