/**
 * The book of finality: what every node ever called finalized, and whether one of them, at any time and in any of its
 * lives, says otherwise. Fed over RPC; it shares no code with the nodes.
 */
import { asNumber, asRecord } from '../observe/read-answer.ts'
import { createRpcClient, type RpcClient } from '../observe/rpc-client.ts'

const REQUEST_TIMEOUT_MS = 5_000
/** The beacon is asked at `/beacon` and only for its head, a shard for any block. */
const BEACON = 0

export class FinalityBook {
  readonly #hashes = new Map<string, string>()
  /** Newest settled height that a node told, by node and shard. */
  readonly #settled = new Map<string, number>()
  readonly violations: string[] = []

  /** Asks one node for its finalized heads, and for what it calls settled; a node that does not answer adds nothing. */
  async note(node: number, url: string, shards: readonly number[]): Promise<void> {
    const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS })
    try {
      const head = asRecord(await client.call('/beacon', 'beacon_getHead', []), 'head')
      this.#check(node, BEACON, asNumber(head['height'], 'height'), String(head['hash']))
      for (const shard of shards) {
        const newest = await readBlock(client, shard, 'latest')
        if (newest !== undefined) this.#check(node, shard, newest.height, newest.hash)
        const settled = await readBlock(client, shard, 'finalized')
        if (settled !== undefined) this.#noteSettled(node, shard, settled)
      }
    } catch {
      // Down, or busy starting: the next time.
    } finally {
      client.close()
    }
  }

  /** Asks a node for every block in the book of a shard; throws when it does not answer. */
  async confirm(node: number, url: string, shard: number): Promise<number> {
    const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS })
    let confirmed = 0
    try {
      for (const [place, hash] of this.#hashes) {
        const [chain, height] = place.split(':').map(Number)
        if (chain !== shard || height === undefined) continue
        const block = await readBlock(client, shard, `0x${height.toString(16)}`)
        if (block?.hash === hash) confirmed++
        else this.violations.push(`node ${node} lost block ${height} of shard ${shard}`)
      }
      return confirmed
    } finally {
      client.close()
    }
  }

  get blockCount(): number {
    return this.#hashes.size
  }

  #check(node: number, chain: number, height: number, hash: string): void {
    const place = `${chain}:${height}`
    const known = this.#hashes.get(place)
    if (known === undefined) this.#hashes.set(place, hash)
    else if (known !== hash) {
      this.violations.push(`node ${node} has another block ${height} of chain ${chain}`)
    }
  }

  /** Settlement is monotone per node, over its restarts too. */
  #noteSettled(node: number, shard: number, block: { height: number; hash: string }): void {
    const key = `${node}:${shard}`
    const before = this.#settled.get(key) ?? 0
    if (block.height < before) {
      this.violations.push(
        `node ${node} settled block ${before} of shard ${shard} and now only ${block.height}`,
      )
    }
    this.#settled.set(key, Math.max(before, block.height))
    this.#check(node, shard, block.height, block.hash)
  }
}

async function readBlock(
  client: RpcClient,
  shard: number,
  which: string,
): Promise<{ readonly height: number; readonly hash: string } | undefined> {
  const answer = await client.call(`/shard/${shard}`, 'eth_getBlockByNumber', [which, false])
  if (answer === null) return undefined
  const block = asRecord(answer, 'block')
  return { height: asNumber(block['number'], 'number'), hash: String(block['hash']) }
}
