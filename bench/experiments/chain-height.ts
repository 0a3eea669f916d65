/**
 * How high a chain stands, by the highest answer of those that answer.
 */
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import { asNumber, readCut, UnexpectedAnswerError } from '../../devnet/observe/read-answer.ts'
import { createRpcClient, RpcUnreachableError } from '../../devnet/observe/rpc-client.ts'

const REQUEST_TIMEOUT_MS = 1000

/** Finalized; 0 when nobody answers. */
export async function readHeight(
  endpoints: readonly string[],
  chain: ChainNumber,
): Promise<number> {
  return Math.max(0, ...(await Promise.all(endpoints.map((url) => askHeight(url, chain)))))
}

async function askHeight(url: string, chain: ChainNumber): Promise<number> {
  const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS })
  try {
    if (chain === 0) return readCut(await client.call('/', 'beacon_getHead', [])).beaconHeight
    return asNumber(await client.call(`/shard/${chain}`, 'eth_blockNumber', []), 'height')
  } catch (error) {
    const isTolerable =
      error instanceof RpcUnreachableError || error instanceof UnexpectedAnswerError
    if (isTolerable) return 0
    throw error
  } finally {
    client.close()
  }
}
