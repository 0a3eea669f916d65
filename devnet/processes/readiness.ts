/**
 * When a devnet is ready: every node says that it is healthy, and the beacon and the committees can be asked. Then the
 * words for it: which RPC serves which shard, who has money, what the risks are.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Genesis } from '../../node/beacon/genesis.ts'
import { CommandError } from '../../node/cli/command-error.ts'
import { personalAccounts, withPrefix } from '../accounts.ts'
import type { ReadyEvent } from '../event.ts'
import { asNumber, readCommittees, type Committees } from '../observe/read-answer.ts'
import { createRpcClient, RpcUnreachableError, type RpcClient } from '../observe/rpc-client.ts'
import { riskSentence } from '../risk.ts'
import type { DataDirectory } from './data-directory.ts'

export type NetworkGlimpse = {
  readonly committees: Committees
  /** Finalized height per shard, index = shard - 1. */
  readonly heights: readonly number[]
}

/** Sixteen nodes are asked this often while they need the processor themselves. */
const POLL_MS = 250
const REQUEST_TIMEOUT_MS = 5000
/** Sixteen processes on two slow cores need a quarter of a minute; a stored chain may need its blocks replayed. */
const HEALTHY_WITHIN_MS = 120_000

/** Resolves when all nodes are healthy, or at once when `cancelled` says so. */
export async function waitUntilHealthy(
  endpoints: readonly string[],
  genesis: Genesis,
  cancelled: () => boolean,
): Promise<NetworkGlimpse> {
  const clients = endpoints.map((url) => createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS }))
  const deadlineMs = Date.now() + HEALTHY_WITHIN_MS
  try {
    await Promise.all(
      clients.map(async (client, index) => {
        while (!cancelled() && !(await isHealthy(client))) {
          if (Date.now() > deadlineMs) throw notHealthy(index)
          await delay(POLL_MS)
        }
      }),
    )
    // A healthy node may still be about to serve its shard.
    for (;;) {
      if (cancelled()) return { committees: [], heights: [] }
      try {
        return await glimpse(clients, genesis)
      } catch (error) {
        if (!(error instanceof RpcUnreachableError)) throw error
        if (Date.now() > deadlineMs) throw notServing(error)
        await delay(POLL_MS)
      }
    }
  } finally {
    for (const client of clients) client.close()
  }
}

function notHealthy(index: number): CommandError {
  return new CommandError(
    `node ${index} is not healthy after ${HEALTHY_WITHIN_MS / 1000} s; see \`weft devnet logs ${index}\``,
  )
}

function notServing(cause: RpcUnreachableError): CommandError {
  return new CommandError(`the network does not serve its shards: ${cause.message}`, { cause })
}

async function isHealthy(client: RpcClient): Promise<boolean> {
  try {
    const { status } = await client.get('/health')
    return status === 200
  } catch (error) {
    if (error instanceof RpcUnreachableError) return false
    throw error
  }
}

async function glimpse(
  clients: readonly RpcClient[],
  { shardCount }: Genesis,
): Promise<NetworkGlimpse> {
  const answer = await clients[0]?.call('/', 'beacon_getCommittees', [])
  const committees = readCommittees(answer, shardCount)
  const heights = await Promise.all(
    committees.map((members, index) => {
      const asked = members.flatMap((member) => clients[member] ?? [])
      return heightOf(asked, index + 1)
    }),
  )
  return { committees, heights }
}

/** As the member sees it that knows most: one that was away has yet to catch up. */
async function heightOf(members: readonly RpcClient[], shard: number): Promise<number> {
  const heights = await Promise.all(
    members.map(async (client) =>
      asNumber(await client.call(`/shard/${shard}`, 'eth_blockNumber', []), 'eth_blockNumber'),
    ),
  )
  return Math.max(0, ...heights)
}

export function describeReady(facts: {
  readonly ms: number
  readonly directory: DataDirectory
  readonly endpoints: readonly string[]
  readonly view: NetworkGlimpse
  readonly logOf: (index: number) => string
}): ReadyEvent {
  const { endpoints, directory, view } = facts
  const { genesis, resumed } = directory
  const first = endpoints[0] ?? ''
  return {
    event: 'ready',
    ms: facts.ms,
    resumed,
    // B.7: a devnet that is resumed may have more shards than its genesis.
    shards: Array.from(
      { length: Math.max(genesis.shardCount, view.heights.length) },
      (_, index) => {
        const shard = index + 1
        const member = view.committees[index]?.[0] ?? 0
        const rpc = `${endpoints[member] ?? first}/shard/${shard}`
        return {
          shard,
          chainId: genesis.chainIdBase + shard,
          rpc,
          ws: rpc.replace(/^http/, 'ws'),
          log: facts.logOf(member),
          height: view.heights[index] ?? 0,
        }
      },
    ),
    beacon: `${first}/beacon`,
    accounts: personalAccounts().map(({ address, secretKey }) => ({
      address: withPrefix(address),
      privateKey: withPrefix(secretKey),
    })),
    explorer: null,
    metrics: `${first}/metrics`,
    risk: riskSentence(genesis.validators.length, genesis.shardCount, genesis.beaconSeats),
  }
}
