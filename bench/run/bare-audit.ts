/**
 * The audit of a chain whose beacon makes no block: there is no cut to audit at, so its newest finalized state is asked
 * whether money is neither made nor lost.
 */
import { asNumber, readSupply } from '../../devnet/observe/read-answer.ts'
import { createRpcClient } from '../../devnet/observe/rpc-client.ts'

const REQUEST_TIMEOUT_MS = 5000
const SHARD = 1
const PATH = `/shard/${SHARD}`

/** `ok`, or what is wrong. */
export async function auditBareChain(endpoint: string): Promise<string> {
  const client = createRpcClient(endpoint, { timeoutMs: REQUEST_TIMEOUT_MS })
  try {
    const height = asNumber(await client.call(PATH, 'eth_blockNumber', []), 'height')
    const answer = await client.call(PATH, 'shard_supply', [`0x${height.toString(16)}`])
    const { balances, buffered, burnt, genesis } = readSupply(SHARD, answer)
    const now = balances + buffered + burnt
    return now === genesis ? 'ok' : `failed: ${now} wei at height ${height} instead of ${genesis}`
  } catch (error) {
    return `not possible: ${(error as Error).message}`
  } finally {
    client.close()
  }
}
