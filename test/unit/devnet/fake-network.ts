/**
 * A network of RPC servers that the test fills with blocks: enough of the nodes' interface for whoever watches from outside.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

type FakeReceipt = { readonly sequence: number; readonly amount: string; readonly origin: string }

export type FakeBlock = {
  readonly hash: string
  readonly parentHash?: string
  readonly transactions?: readonly string[]
  /** To the other shard. */
  readonly sent?: readonly FakeReceipt[]
  /** From the other shard. */
  readonly consumed?: readonly FakeReceipt[]
}

export type FakeNetwork = {
  readonly endpoints: readonly string[]
  /** Index = shard - 1; block n of a shard is at n - 1. */
  readonly blocks: FakeBlock[][]
  /** Nodes that show other blocks, by node; as `blocks`. */
  readonly branches: Map<number, FakeBlock[][]>
  /** What each node says of the beacon, index = node; undefined: it answers with an error. */
  readonly heads: ({ height: number; hash: string; shardHeights: number[] } | undefined)[]
  readonly supplies: { balances: bigint; burnt: bigint; genesis: bigint }[]
  readonly close: () => Promise<void>
}

type Call = { readonly id: number; readonly method: string; readonly params: readonly unknown[] }

/** `nodes` servers; all of them are members of both shards. */
export async function startFakeNetwork(nodes: number): Promise<FakeNetwork> {
  const servers: Server[] = []
  const network: Omit<FakeNetwork, 'endpoints' | 'close'> = {
    blocks: [[], []],
    branches: new Map(),
    heads: Array.from({ length: nodes }, () => ({ height: 1, hash: '0xb1', shardHeights: [0, 0] })),
    supplies: [0, 1].map(() => ({ balances: 100n, burnt: 0n, genesis: 100n })),
  }
  for (let node = 0; node < nodes; node++) {
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      request.on('end', () => {
        const shard = Number(/^\/shard\/(\d+)/.exec(request.url ?? '')?.[1] ?? 0)
        const answers = (JSON.parse(body) as Call[]).map((call) => answer(call, shard, node))
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(answers))
      })
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    servers.push(server)
  }

  function answer(call: Call, shard: number, node: number) {
    const result = resultOf(call, shard, node)
    if (result !== undefined) return { jsonrpc: '2.0', id: call.id, result }
    return { jsonrpc: '2.0', id: call.id, error: { code: -32000, message: 'not now' } }
  }

  function resultOf({ method, params }: Call, shard: number, node: number): unknown {
    const height = Number(params[0] ?? 0)
    const list = (network.branches.get(node) ?? network.blocks)[shard - 1] ?? []
    if (method === 'eth_blockNumber') return `0x${list.length.toString(16)}`
    if (method === 'beacon_getHead') return headOf(node)
    if (method === 'shard_supply') return supplyOf(shard, height)
    if (method === 'shard_getBlockOutcome') return outcomeOf(list[height - 1], shard, height)
    if (method !== 'beacon_getCommittees') return undefined
    return [1, 2].map((chain) => ({
      chain,
      epoch: 0,
      validators: servers.map((_, index) => index),
    }))
  }

  function headOf(node: number) {
    const head = network.heads[node]
    if (head === undefined) return undefined
    const shards = head.shardHeights.map((height, index) => {
      const hash = network.blocks[index]?.[height - 1]?.hash ?? '0x00'
      return { shard: index + 1, height, hash }
    })
    const registry = { stake: '0x3', burnt: '0x1', channels: [] }
    return { epoch: 0, height: head.height, hash: head.hash, timestampMs: 1, shards, registry }
  }

  function supplyOf(shard: number, height: number) {
    const supply = network.supplies[shard - 1]
    if (supply === undefined) return undefined
    const { balances, burnt, genesis } = supply
    const hex = (amount: bigint) => `0x${amount.toString(16)}`
    return {
      height,
      balances: hex(balances),
      buffered: '0x0',
      burnt: hex(burnt),
      genesis: hex(genesis),
    }
  }

  return {
    ...network,
    endpoints: servers.map(
      (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ),
    close: async () => {
      for (const server of servers) server.closeAllConnections()
      await Promise.all(
        servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))),
      )
    },
  }
}

function outcomeOf(block: FakeBlock | undefined, shard: number, number: number) {
  if (block === undefined) return undefined
  const other = 3 - shard
  const receipts = (list: readonly FakeReceipt[] = []) =>
    list.map(({ sequence, amount, origin }) => ({
      source: other,
      destination: other,
      sequence,
      kind: 'transfer',
      amount,
      outcome: 'applied',
      originTransaction: origin,
    }))
  return {
    number,
    hash: block.hash,
    parentHash: block.parentHash,
    level: 'finalized',
    transactions: (block.transactions ?? []).map((hash) => ({ hash, status: 1, gasUsed: 21_000 })),
    consumed: receipts(block.consumed),
    sent: receipts(block.sent),
  }
}
