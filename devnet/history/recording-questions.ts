/**
 * What a recording asks nodes. An answer that is missing, late or not what it should be is no answer: undefined.
 */
import { asNumber, asRecord, readSupply, UnexpectedAnswerError } from '../observe/read-answer.ts'
import { RPC_BATCH_MAX, RpcUnreachableError, type RpcClient } from '../observe/rpc-client.ts'
import type { Inclusion, ShardReading } from './recorder.ts'

type Sender = { readonly address: string; readonly nonce: number; readonly balance: bigint }

/** Newest finalized height of a shard with all senders as they are there. */
export async function readShardNow(
  client: RpcClient,
  shard: number,
  addresses: readonly string[],
): Promise<
  | { readonly height: number; readonly genesis: bigint; readonly senders: readonly Sender[] }
  | undefined
> {
  return tolerant(async () => {
    const answer = await client.call(`/shard/${shard}`, 'eth_blockNumber', [])
    const height = asNumber(answer, 'eth_blockNumber')
    const { genesis } = await supplyAt(client, shard, height)
    const { balances, nonces } = await accountsAt(client, { shard, height }, addresses)
    const senders = addresses.map((address, index) => {
      return { address, nonce: nonces[index] ?? 0, balance: balances[index] ?? 0n }
    })
    return { height, genesis, senders }
  })
}

export async function readShardAt(
  client: RpcClient,
  { shard, height }: { readonly shard: number; readonly height: number },
  addresses: readonly string[],
): Promise<ShardReading | undefined> {
  return tolerant(async () => {
    const { balances: all, buffered, burnt } = await supplyAt(client, shard, height)
    const accounts = await accountsAt(client, { shard, height }, addresses)
    return { shard, height, ...accounts, total: all + buffered + burnt }
  })
}

/** What became of each transaction of a block, according to its receipts. */
export async function readInclusions(
  client: RpcClient,
  shard: number,
  height: number,
): Promise<readonly Inclusion[] | undefined> {
  return tolerant(async () => {
    const answer = await client.call(`/shard/${shard}`, 'eth_getBlockReceipts', [hexOf(height)])
    if (!Array.isArray(answer)) throw new UnexpectedAnswerError('eth_getBlockReceipts: no list')
    return answer.map((item): Inclusion => {
      const receipt = asRecord(item, 'receipt')
      const gasUsed = asWei(receipt['gasUsed'], 'gasUsed')
      return {
        hash: String(receipt['transactionHash']),
        height: asNumber(receipt['blockNumber'], 'blockNumber'),
        ok: asNumber(receipt['status'], 'status') === 1,
        fee: gasUsed * asWei(receipt['effectiveGasPrice'], 'effectiveGasPrice'),
      }
    })
  })
}

async function supplyAt(client: RpcClient, shard: number, height: number) {
  const answer = await client.call(`/shard/${shard}`, 'shard_supply', [hexOf(height)])
  const supply = readSupply(shard, answer)
  if (supply.height === height) return supply
  throw new UnexpectedAnswerError(
    `asked for the supply at ${height}, told that at ${supply.height}`,
  )
}

async function accountsAt(
  client: RpcClient,
  { shard, height }: { readonly shard: number; readonly height: number },
  addresses: readonly string[],
): Promise<Pick<ShardReading, 'balances' | 'nonces'>> {
  const balances = await ask(client, { shard, height, method: 'eth_getBalance' }, addresses)
  const method = 'eth_getTransactionCount'
  const nonces = await ask(client, { shard, height, method }, addresses)
  return { balances, nonces: nonces.map(Number) }
}

async function ask(
  client: RpcClient,
  { shard, height, method }: { shard: number; height: number; method: string },
  addresses: readonly string[],
): Promise<readonly bigint[]> {
  const values: bigint[] = []
  for (let first = 0; first < addresses.length; first += RPC_BATCH_MAX) {
    const calls = addresses
      .slice(first, first + RPC_BATCH_MAX)
      .map((address) => ({ method, params: [address, hexOf(height)] }))
    for (const answer of await client.batch(`/shard/${shard}`, calls)) {
      if (!answer.ok) throw new UnexpectedAnswerError(`${method}: ${answer.message}`)
      values.push(asWei(answer.result, method))
    }
  }
  return values
}

function asWei(value: unknown, name: string): bigint {
  if (typeof value === 'string' && /^0x[0-9a-f]{1,64}$/.test(value)) return BigInt(value)
  throw new UnexpectedAnswerError(`${name}: expected a quantity`)
}

function hexOf(height: number): string {
  return `0x${height.toString(16)}`
}

async function tolerant<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof RpcUnreachableError || error instanceof UnexpectedAnswerError) {
      return undefined
    }
    throw error
  }
}
