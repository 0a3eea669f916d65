/**
 * What the supervisor and the traffic process say to each other over their IPC channel. All of it survives JSON.
 */
import type { LatencySummary } from './latency.ts'
import type { WorkloadPlan } from './workload-plan.ts'

/** Everything the traffic process needs to know; sent once. */
export type TrafficPlan = {
  /** RPC origins, index = validator index. */
  readonly endpoints: readonly string[]
  readonly shardCount: number
  readonly chainIdBase: number
  readonly beaconFaults: number
  readonly accountsPerShard: number
  /** Transactions per second over all shards; 0 watches only. */
  readonly ratePerSecond: number
  /** Share of the payments that leave their shard, 0 to 1. */
  readonly crossShard: number
  readonly workload: WorkloadPlan
  /** When a payment counts: `finalized` for a chain without a beacon that settles it. */
  readonly countsAt: 'settled' | 'finalized'
  readonly feeCapGwei?: number | undefined
  /** One chain, read as any Ethereum chain: `path` of its RPC, and the tag of the newest block that counts. */
  readonly plain?: { readonly path: string; readonly tag: 'latest' | 'finalized' } | undefined
  /** One of this many accounts enters through a node outside its shard's committee; 0: none. */
  readonly outsiderEvery: number
  readonly ledgerFile: string
  readonly pollMs: number
  /** Where to write what clients saw (docs/history.md); absent: nowhere. */
  readonly historyFile?: string | undefined
}

export type TrafficRequest =
  | { readonly kind: 'plan'; readonly plan: TrafficPlan }
  /** New offered rate; arrivals continue from now on. */
  | { readonly kind: 'rate'; readonly ratePerSecond: number }
  /** Signs this many payments ahead and answers `prepared`. */
  | { readonly kind: 'prepare'; readonly payments: number }
  /** Latencies start anew; the next reports speak of what was submitted from now on. */
  | { readonly kind: 'clear-latency' }
  | { readonly kind: 'stop' }

/** Counts since the start; a reader takes differences. */
export type TrafficCounts = {
  /** Arrivals that were due. */
  readonly offered: number
  /** Taken into a node's pool. */
  readonly accepted: number
  /** Refused by a node, by its reason. */
  readonly refused: Readonly<Record<string, number>>
  /** Never sent: every sender of the shard had too much outstanding. */
  readonly dropped: number
  readonly settledIntra: number
  /** Cross-shard payments whose receipt is applied, or refunded, and settled. */
  readonly settledCross: number
  /** Included, but failed. */
  readonly failed: number
}

export type TrafficLatency = {
  /** Intra and cross together. */
  readonly settled: LatencySummary
  readonly intraFinalized: LatencySummary
  readonly intraSettled: LatencySummary
  readonly crossApplied: LatencySummary
  readonly crossSettled: LatencySummary
}

export type TrafficShard = {
  readonly shard: number
  readonly height: number
  readonly settledHeight: number
  /** Transactions in settled blocks since the start, whoever sent them. */
  readonly settledTransactions: number
  /** Sent by this process and not yet in a finalized block. */
  readonly pending: number
  /** To settlement, of payments that began there. */
  readonly latency: LatencySummary
}

export type TrafficReport = {
  readonly kind: 'report'
  readonly atMs: number
  /** When the newest cut was booked: settlement comes in bursts, and rates are exact only from burst to burst. */
  readonly settledAtMs: number
  readonly beaconHeight: number
  readonly epoch: number
  readonly counts: TrafficCounts
  /** Accepted and not yet settled or failed. */
  readonly backlog: number
  readonly latency: TrafficLatency
  readonly shards: readonly TrafficShard[]
}

export type TrafficMessage =
  | TrafficReport
  | { readonly kind: 'watching' }
  | { readonly kind: 'prepared' }
  | {
      readonly kind: 'first-settled'
      readonly tx: string
      readonly from: number
      readonly to: number
    }
  | { readonly kind: 'violation'; readonly sentence: string }
  | { readonly kind: 'notice'; readonly sentence: string }
  /** The last words, after the books are saved. */
  | { readonly kind: 'stopped'; readonly report: TrafficReport }
