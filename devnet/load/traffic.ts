/**
 * The traffic of a devnet: offers payments at a fixed rate, follows every shard, and reports what was settled and how long
 * it took. With no accounts it only watches.
 */
import { ChainFollower } from '../observe/chain-follower.ts'
import type { Ledger } from '../observe/ledger.ts'
import { startRecording, type Recording } from '../history/recording.ts'
import { createRpcClient } from '../observe/rpc-client.ts'
import type { TrafficMessage, TrafficPlan, TrafficReport } from './message.ts'
import { Offering } from './offering.ts'
import {
  clearLatency,
  countsOf,
  createSettlement,
  latencyOf,
  noteFinalized,
  noteSettled,
  pendingPerShard,
  type Settlement,
} from './settlement.ts'

export type Traffic = {
  readonly setRate: (ratePerSecond: number) => void
  readonly prepare: (payments: number) => Promise<void>
  readonly clearLatency: () => void
  readonly report: () => TrafficReport
  readonly stop: () => Promise<void>
}

const REQUEST_TIMEOUT_MS = 10_000
/** One request per outbox, and a node has one outbox per shard. */
const SOCKETS_PER_NODE = 8

export async function startTraffic(
  plan: TrafficPlan,
  ledger: Ledger,
  emit: (message: TrafficMessage) => void,
): Promise<Traffic> {
  const recording = await beginRecording(plan, ledger)
  const settlement = createSettlement(
    (first) => emit({ kind: 'first-settled', ...first }),
    recording,
  )
  let settledAtMs = Date.now()
  /** Index = shard - 1. */
  const settledTransactions = Array.from({ length: plan.shardCount }, () => 0)
  const follower = new ChainFollower({
    ...plan,
    ledger,
    events: {
      onFinalized: (block, atMs) => {
        recording?.finalized(block)
        noteFinalized(settlement, block, atMs)
      },
      onSettled: (cut, blocks, atMs) => {
        recording?.settled(cut, ledger)
        noteSettled(settlement, blocks, atMs)
        settledAtMs = atMs
        for (const { shard, transactions } of blocks) {
          settledTransactions[shard - 1] =
            (settledTransactions[shard - 1] ?? 0) + transactions.length
        }
      },
      onViolation: (sentence) => emit({ kind: 'violation', sentence }),
    },
  })
  follower.start()
  const clients = plan.endpoints.map((url) =>
    createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS, sockets: SOCKETS_PER_NODE }),
  )
  const committees = () => follower.committees()
  const offering =
    plan.accountsPerShard === 0
      ? undefined
      : new Offering({ plan, clients, committees, settlement })
  await offering?.start()
  return {
    setRate: (rate) => offering?.setRate(rate),
    prepare: async (payments) => offering?.prepare(payments),
    clearLatency: () => clearLatency(settlement, Date.now()),
    report: () => ({ ...makeReport(follower, settlement, settledTransactions), settledAtMs }),
    stop: async () => {
      await offering?.stop()
      await follower.stop()
      await recording?.close()
      for (const client of clients) client.close()
    },
  }
}

/** A history begins before the first payment leaves, and before the follower tells of the first block. */
async function beginRecording(plan: TrafficPlan, ledger: Ledger): Promise<Recording | undefined> {
  const { historyFile } = plan
  if (historyFile === undefined) return undefined
  return startRecording({ ...plan, historyFile }, ledger)
}

function makeReport(
  follower: ChainFollower,
  settlement: Settlement,
  settledTransactions: readonly number[],
): Omit<TrafficReport, 'settledAtMs'> {
  const { beaconHeight, shards } = follower.progress()
  const pending = pendingPerShard(settlement, shards.length)
  return {
    kind: 'report',
    atMs: Date.now(),
    beaconHeight,
    counts: countsOf(settlement),
    backlog: settlement.underway.size,
    latency: latencyOf(settlement),
    shards: shards.map((shard) => ({
      ...shard,
      settledTransactions: settledTransactions[shard.shard - 1] ?? 0,
      pending: pending[shard.shard - 1] ?? 0,
    })),
  }
}
