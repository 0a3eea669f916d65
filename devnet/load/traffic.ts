/**
 * The traffic of a devnet: offers payments at a fixed rate, follows every shard, and reports what was settled and how long
 * it took. With no accounts it only watches.
 */
import { present } from '../../node/primitives/assert.ts'
import { ChainFollower, type FollowerEvents } from '../observe/chain-follower.ts'
import type { BlockFacts, Ledger } from '../observe/ledger.ts'
import { startRecording, type Recording } from '../history/recording.ts'
import { PlainFollower } from '../observe/plain-follower.ts'
import type { Committees } from '../observe/read-answer.ts'
import { createRpcClient, type RpcClient } from '../observe/rpc-client.ts'
import type { TrafficMessage, TrafficPlan, TrafficReport } from './message.ts'
import { Offering } from './offering.ts'
import {
  clearLatency,
  countsOf,
  createSettlement,
  latencyOf,
  noteFinalized,
  noteSettled,
  noteTakenBack,
  pendingPerShard,
  type Settlement,
} from './settlement.ts'
import { NO_LATENCY } from './latency.ts'
import { openWorkload } from './workloads.ts'

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
    plan.shardCount,
    (first) => emit({ kind: 'first-settled', ...first }),
    recording,
  )
  const clients = plan.endpoints.map((url) => openClient(url, plan))
  const tally: Tally = {
    settledAtMs: Date.now(),
    settledTransactions: Array.from({ length: plan.shardCount }, () => 0),
  }
  const count = (blocks: readonly BlockFacts[], atMs: number): void => {
    noteSettled(settlement, blocks, atMs)
    tally.settledAtMs = atMs
    for (const { shard, transactions } of blocks) {
      const before = tally.settledTransactions[shard - 1] ?? 0
      tally.settledTransactions[shard - 1] = before + transactions.length
    }
  }
  const follower = openFollower(plan, ledger, clients, {
    onFinalized: (block, atMs) => {
      recording?.finalized(block)
      noteFinalized(settlement, block, atMs)
      if (plan.countsAt === 'finalized') count([block], atMs)
    },
    onSettled: (cut, blocks, atMs) => {
      recording?.settled(cut, ledger)
      if (plan.countsAt === 'settled') count(blocks, atMs)
    },
    onTakenBack: (shard, blocks) => {
      noteTakenBack(settlement, blocks)
      const [first] = blocks
      const sentence = `shard ${shard}: ${blocks.length} blocks from ${first?.height ?? 0} on were final and the beacon recorded others: reading them again`
      emit({ kind: 'notice', sentence })
    },
    onViolation: (sentence) => emit({ kind: 'violation', sentence }),
  })
  follower.start()
  const offering = await openOffering(plan, follower.committees, clients, settlement)
  await offering?.start()
  return {
    setRate: (rate) => offering?.setRate(rate),
    prepare: async (payments) => offering?.prepare(payments),
    clearLatency: () => clearLatency(settlement, Date.now()),
    report: () => makeReport(follower, settlement, tally),
    stop: async () => {
      await offering?.stop()
      await follower.stop()
      await recording?.close()
      for (const client of clients) client.close()
    },
  }
}

/** What was counted as settled, apart from latencies. */
type Tally = {
  settledAtMs: number
  /** Index = shard - 1. */
  readonly settledTransactions: number[]
}

type Follower = Pick<ChainFollower, 'start' | 'stop' | 'progress' | 'committees'>

function openClient(url: string, { plain }: TrafficPlan): RpcClient {
  const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS, sockets: SOCKETS_PER_NODE })
  if (plain === undefined) return client
  return {
    ...client,
    batch: (_path, calls) => client.batch(plain.path, calls),
    call: (_path, method, params) => client.call(plain.path, method, params),
  }
}

function openFollower(
  plan: TrafficPlan,
  ledger: Ledger,
  clients: readonly RpcClient[],
  events: FollowerEvents,
): Follower {
  const { plain, pollMs } = plan
  if (plain === undefined) {
    const follower = new ChainFollower({ ...plan, ledger, events })
    return {
      start: () => follower.start(),
      stop: () => follower.stop(),
      progress: () => follower.progress(),
      committees: () => follower.committees(),
    }
  }
  const follower = new PlainFollower({
    client: present(clients[0], 'a plain chain has a node'),
    tag: plain.tag,
    pollMs,
    onBlock: events.onFinalized,
  })
  return {
    start: () => follower.start(),
    stop: () => follower.stop(),
    progress: () => follower.progress(),
    committees: () => [[0]],
  }
}

async function openOffering(
  plan: TrafficPlan,
  committees: () => Committees,
  clients: readonly RpcClient[],
  settlement: Settlement,
): Promise<Offering | undefined> {
  if (plan.accountsPerShard === 0) return undefined
  const workload = await openWorkload(plan.workload, plan)
  return new Offering({ plan, workload, clients, committees, settlement })
}

/** A history begins before the first payment leaves, and before the follower tells of the first block. */
async function beginRecording(plan: TrafficPlan, ledger: Ledger): Promise<Recording | undefined> {
  const { historyFile } = plan
  if (historyFile === undefined) return undefined
  return startRecording({ ...plan, historyFile }, ledger)
}

function makeReport(
  follower: Follower,
  settlement: Settlement,
  { settledAtMs, settledTransactions }: Tally,
): TrafficReport {
  const { beaconHeight, epoch, shards } = follower.progress()
  const pending = pendingPerShard(settlement, shards.length)
  return {
    kind: 'report',
    atMs: Date.now(),
    settledAtMs,
    beaconHeight,
    epoch,
    counts: countsOf(settlement),
    backlog: settlement.underway.size,
    latency: latencyOf(settlement),
    shards: shards.map((shard) => ({
      ...shard,
      settledTransactions: settledTransactions[shard.shard - 1] ?? 0,
      pending: pending[shard.shard - 1] ?? 0,
      latency: settlement.byShard[shard.shard - 1]?.summary() ?? NO_LATENCY,
    })),
  }
}
