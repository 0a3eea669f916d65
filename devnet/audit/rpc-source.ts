/**
 * A running network as a source: the blocks as its nodes tell them, read ahead in batches. Nodes are asked in turn, and
 * whoever does not answer is passed over; what they say is proved by the walk, so one honest answer is enough.
 */
import { UnexpectedAnswerError } from '../observe/read-answer.ts'
import { createRpcClient, RpcUnreachableError, type RpcClient } from '../observe/rpc-client.ts'
import type { AuditSource, BeaconCopy, ShardFacts } from './facts.ts'
import { readBeaconCopy, readShardFacts } from './rpc-answers.ts'

export type NetworkClients = {
  readonly clients: readonly RpcClient[]
  /** The first answer that can be read; undefined: no node has one. The last error is kept for the report. */
  readonly ask: <T>(question: Question<T>) => Promise<T | undefined>
  readonly lastError: () => string
  /** Goes on with the next node. */
  readonly next: () => void
  readonly close: () => void
}

type Question<T> = {
  readonly path: string
  readonly method: string
  /** One call each. */
  readonly params: readonly (readonly unknown[])[]
  readonly read: (answers: readonly unknown[]) => T
}

const REQUEST_TIMEOUT_MS = 10_000
/** Blocks per request: a full block is some hundred kilobytes of JSON, and the nodes cap their answers. */
const READ_AHEAD = 8

export function openClients(urls: readonly string[]): NetworkClients {
  const clients = urls.map((url) => createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS }))
  let lastError = 'no node was asked'
  let turn = 0
  async function ask<T>({ path, method, params, read }: Question<T>): Promise<T | undefined> {
    for (let attempt = 0; attempt < clients.length; attempt++) {
      const client = clients[turn % clients.length]
      if (client === undefined) break
      try {
        const answers = await client.batch(
          path,
          params.map((one) => ({ method, params: one })),
        )
        const results = answers.map((answer) => {
          if (answer.ok) return answer.result
          throw new UnexpectedAnswerError(`${client.url}${path}: ${method}: ${answer.message}`)
        })
        return read(results)
      } catch (error) {
        const isExpected =
          error instanceof RpcUnreachableError || error instanceof UnexpectedAnswerError
        if (!isExpected) throw error
        lastError = error.message
        turn++
      }
    }
    return undefined
  }
  return {
    clients,
    ask,
    lastError: () => lastError,
    next: () => {
      turn++
    },
    close: () => {
      for (const client of clients) client.close()
    },
  }
}

export function createRpcSource(network: NetworkClients): AuditSource {
  const beacon = readAhead<BeaconCopy>((from) => ({
    path: '/',
    method: 'beacon_getBlock',
    params: heightsFrom(from),
    read: (answers) => answers.map(readBeaconCopy),
  }))
  const shards = new Map<number, (height: number) => Promise<ShardFacts | undefined>>()
  const problems: string[] = []

  function readAhead<T>(question: (from: number) => Question<readonly (T | undefined)[]>) {
    const held = new Map<number, T>()
    return async (height: number): Promise<T | undefined> => {
      const known = held.get(height)
      held.delete(height)
      if (known !== undefined) return known
      held.clear()
      const blocks = await network.ask(question(height))
      if (blocks === undefined) {
        problems.push(`no node answers: ${network.lastError()}`)
        return undefined
      }
      for (const [index, block] of blocks.entries()) {
        if (block !== undefined) held.set(height + index, block)
      }
      const first = held.get(height)
      held.delete(height)
      return first
    }
  }

  return {
    beaconBlock: beacon,
    shardBlock: (shard, height) => {
      const read =
        shards.get(shard) ??
        readAhead<ShardFacts>((from) => ({
          path: `/shard/${shard}`,
          method: 'shard_getBlockOutcome',
          params: heightsFrom(from),
          read: (answers) => {
            const blocks = answers.map(readShardFacts)
            // What the beacon has settled exists: a node that has it not is behind, and another one is asked.
            if (blocks[0] === undefined) throw new UnexpectedAnswerError(`shard ${shard} is behind`)
            return blocks
          },
        }))
      shards.set(shard, read)
      return read(height)
    },
    takeProblems: () => problems.splice(0),
  }
}

function heightsFrom(from: number): readonly (readonly unknown[])[] {
  return Array.from({ length: READ_AHEAD }, (_, index) => [`0x${(from + index).toString(16)}`])
}
