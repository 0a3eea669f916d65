/**
 * A run of a sweep, made up.
 */
import type { RunResult } from '../../../bench/sweep/results.ts'

const level = { p50: 1000, p90: 2000, p99: 3000, max: 4000, curve: [] }

export function madeUpRun(
  shards: number,
  settledTps: number,
  facts: Partial<RunResult> = {},
): RunResult {
  return {
    experiment: 'scaling-cpu',
    workload: 'transfer',
    chain: 'sharded',
    seed: 1,
    shards,
    validators: 16,
    crossShard: 0,
    repeat: 1,
    committeeSize: 16 / shards,
    faultsTolerated: 1,
    forgingSeats: 3,
    windowSeconds: 30,
    offeredTps: settledTps,
    acceptedTps: settledTps,
    refusedTps: 0,
    failedTps: 0,
    settledTps,
    signatureBoundTps: 1000 * shards,
    latencyMs: { intra: level, cross: level, intraFinalized: level, crossApplied: level },
    cpuMsPerTx: 8 / shards,
    cpuMsPerTxByThread: { main: 6 / shards, workers: 2 / shards, disk: 0, engine: 0, other: 0 },
    busiestNodeCpuMsPerTx: 0.5,
    workPerTx: { 'senders-recovered': 16 / shards },
    bytesPerTx: { transactions: 2000 / shards, blocks: 2500 / shards, votes: 100 },
    diskBytesPerTx: 3000,
    keptBytesPerTx: 900,
    recoverMs: 0.1,
    cpuInChecks: 80 / shards,
    foreignShare: 0,
    busyShareBefore: 0.01,
    isCapped: false,
    generatorCpuMsPerTx: 0.2,
    idleShare: 0.05,
    stealShare: 0,
    limitedBy: 'cpu',
    pssMiB: 1500,
    curve: [],
    audit: 'ok',
    ...facts,
  }
}
