/**
 * Where senders stand according to the chain. Asked for all senders at the start, for one after a refusal, and for those
 * whose payments have been silent for long: a node that restarts forgets its pool, and then somebody must send again.
 */
import { asNumber, UnexpectedAnswerError } from '../observe/read-answer.ts'
import { RPC_BATCH_MAX, RpcUnreachableError, type RpcClient } from '../observe/rpc-client.ts'
import { withPrefix } from '../accounts.ts'
import type { Sender } from './sender.ts'

/** Nonces including the pool's, in the order of the senders; undefined when the node does not tell. */
export async function readNonces(
  client: RpcClient,
  shard: number,
  senders: readonly Sender[],
): Promise<readonly number[] | undefined> {
  const nonces: number[] = []
  try {
    for (let first = 0; first < senders.length; first += RPC_BATCH_MAX) {
      const calls = senders.slice(first, first + RPC_BATCH_MAX).map(({ account }) => ({
        method: 'eth_getTransactionCount',
        params: [withPrefix(account.address), 'pending'],
      }))
      for (const answer of await client.batch(`/shard/${shard}`, calls)) {
        if (!answer.ok) return undefined
        nonces.push(asNumber(answer.result, 'eth_getTransactionCount'))
      }
    }
    return nonces
  } catch (error) {
    if (error instanceof RpcUnreachableError || error instanceof UnexpectedAnswerError) {
      return undefined
    }
    throw error
  }
}
