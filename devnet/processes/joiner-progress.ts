/**
 * How far the node of a validator that joins has come, as it tells itself: whether it has the state of the shards where its
 * seats will be, and whether it has voted there.
 */
import { asList, asNumber, asRecord } from '../observe/read-answer.ts'
import { RpcUnreachableError, type RpcClient } from '../observe/rpc-client.ts'

/** The shards it holds, once it is as far as their others in all of them; undefined: not yet. */
export async function syncedShards(client: RpcClient): Promise<readonly number[] | undefined> {
  const text = await read(client, '/health')
  if (text === undefined) return undefined
  const { chains } = asRecord(JSON.parse(text), 'health')
  const shards = asList(chains, 'chains')
    .map((chain) => asRecord(chain, 'chain'))
    .filter(({ chain }) => chain !== 0)
  if (shards.length === 0 || shards.some(({ syncing }) => syncing !== false)) return undefined
  return shards.map(({ chain }) => asNumber(chain, 'chain'))
}

/** The first of these shards in which it has signed a vote. */
export async function votingShard(
  client: RpcClient,
  shards: readonly number[],
): Promise<number | undefined> {
  const text = await read(client, '/metrics')
  return shards.find((shard) => text?.includes(`\nweft_votes_signed{chain="${shard}"}`) === true)
}

async function read(client: RpcClient, path: string): Promise<string | undefined> {
  try {
    return (await client.get(path)).text
  } catch (error) {
    if (error instanceof RpcUnreachableError) return undefined
    throw error
  }
}
