/**
 * Transfers that a step orders on real processes, besides the load: from the first personal account, over RPC, watched until
 * each is in a final block or has arrived on the other shard.
 */
import { present } from '../../node/primitives/assert.ts'
import { personalAccounts, withPrefix } from '../accounts.ts'
import { signPayment, type NetworkFacts, type SignedPayment } from '../load/workload.ts'
import { asNumber, asRecord } from '../observe/read-answer.ts'
import {
  createRpcClient,
  RPC_BATCH_MAX,
  RpcUnreachableError,
  type RpcAnswer,
  type RpcCall,
  type RpcClient,
} from '../observe/rpc-client.ts'
import type { SendOrder } from './engine.ts'

export type Transfers = {
  /** Signs and sends; resolves when they have left. */
  readonly send: (order: SendOrder, node: number) => Promise<void>
  /** Asks this node what has become of them, and sends again what nobody knows. */
  readonly follow: (nodeOf: (shard: number) => number) => Promise<void>
  readonly settledCount: () => number
  readonly pendingCount: () => number
  readonly close: () => void
}

const ANSWER_WITHIN_MS = 5000
const SENT_AGAIN_MS = 10_000

type Watched = SignedPayment & { sentMs: number }

type State = {
  readonly clients: readonly RpcClient[]
  readonly facts: NetworkFacts
  readonly open: Map<string, Watched>
  readonly nonces: Map<number, number>
  settled: number
}

export function createTransfers(endpoints: readonly string[], facts: NetworkFacts): Transfers {
  const state: State = {
    clients: endpoints.map((url) => createRpcClient(url, { timeoutMs: ANSWER_WITHIN_MS })),
    facts,
    open: new Map(),
    nonces: new Map(),
    settled: 0,
  }
  return {
    send: (order, node) => send(state, order, node),
    follow: (nodeOf) => follow(state, nodeOf),
    settledCount: () => state.settled,
    pendingCount: () => state.open.size,
    close: () => {
      for (const client of state.clients) client.close()
    },
  }
}

async function send(state: State, { count, from, to }: SendOrder, node: number): Promise<void> {
  const [account] = personalAccounts()
  const { secretKey, address } = present(account, 'there are ten personal accounts')
  const client = present(state.clients[node], 'nodes are counted from the endpoints')
  const first = state.nonces.get(from) ?? (await readNonce(client, from, withPrefix(address)))
  state.nonces.set(from, first + count)
  const payments = Array.from({ length: count }, (_, index) => {
    const payment = { shard: from, nonce: first + index, destination: to, payee: address }
    return { ...signPayment(payment, secretKey, state.facts), sentMs: Date.now() }
  })
  for (const payment of payments) state.open.set(payment.hash, payment)
  await submit(client, payments)
}

async function readNonce(client: RpcClient, shard: number, address: string): Promise<number> {
  const params = [address, 'pending']
  return asNumber(await client.call(`/shard/${shard}`, 'eth_getTransactionCount', params), 'nonce')
}

/** A node that does not answer now is asked again by `follow`. */
async function submit(client: RpcClient, payments: readonly Watched[]): Promise<void> {
  const calls = payments.map(({ raw }) => ({ method: 'eth_sendRawTransaction', params: [raw] }))
  await batched(client, payments[0]?.shard ?? 1, calls)
}

async function follow(state: State, nodeOf: (shard: number) => number): Promise<void> {
  const shards = new Set([...state.open.values()].map(({ shard }) => shard))
  for (const shard of shards) {
    const client = present(state.clients[nodeOf(shard)], 'nodes are counted from the endpoints')
    await followShard(state, client, shard)
  }
}

async function followShard(state: State, client: RpcClient, shard: number): Promise<void> {
  const watched = [...state.open.values()].filter((payment) => payment.shard === shard)
  const calls = watched.map(({ destination, hash }) => ({
    method: destination === shard ? 'eth_getTransactionReceipt' : 'shard_getMessage',
    params: [hash],
  }))
  const answers = await batched(client, shard, calls)
  for (const [index, answer] of answers.entries()) {
    const payment = present(watched[index], 'one answer per call')
    if (!isOver(answer, payment)) continue
    state.open.delete(payment.hash)
    state.settled++
  }
  const silent = watched.filter(
    ({ hash, sentMs }) => state.open.has(hash) && sentMs < Date.now() - SENT_AGAIN_MS,
  )
  for (const payment of silent) payment.sentMs = Date.now()
  await submit(client, silent)
}

function isOver(answer: RpcAnswer, { shard, destination }: Watched): boolean {
  if (!answer.ok || answer.result === null) return false
  if (destination === shard) return true
  const { outcome } = asRecord(answer.result, 'message')
  return outcome === 'applied' || outcome === 'refunded'
}

/** Fewer answers than calls when the node fell silent. */
async function batched(
  client: RpcClient,
  shard: number,
  calls: readonly RpcCall[],
): Promise<readonly RpcAnswer[]> {
  const answers: RpcAnswer[] = []
  try {
    for (let at = 0; at < calls.length; at += RPC_BATCH_MAX) {
      answers.push(...(await client.batch(`/shard/${shard}`, calls.slice(at, at + RPC_BATCH_MAX))))
    }
  } catch (error) {
    if (!(error instanceof RpcUnreachableError)) throw error
  }
  return answers
}
