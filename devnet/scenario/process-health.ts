/**
 * What the nodes of a devnet say of themselves, asked all at once: heights and views. A node that does not answer in time
 * counts as down; what it said last is remembered.
 */
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import {
  asList,
  asNumber,
  asRecord,
  asText,
  UnexpectedAnswerError,
} from '../observe/read-answer.ts'
import { createRpcClient, RpcUnreachableError, type RpcClient } from '../observe/rpc-client.ts'
import type { NodeSight } from './engine.ts'

export type NodesHealth = {
  /** Nodes that are known not to answer are not asked. */
  readonly ask: (silent: ReadonlySet<number>) => Promise<readonly NodeSight[]>
  /** Newest view that any of these nodes has told of; 0 before the first. */
  readonly view: (nodes: readonly number[], chain: ChainNumber) => number
  /** Who is slashed, as the next of these nodes says; undefined: it does not answer. */
  readonly slashed: (nodes: readonly number[]) => Promise<ReadonlySet<number> | undefined>
  readonly close: () => void
}

/** Sixteen nodes on two busy cores answer within a second. */
const ANSWER_WITHIN_MS = 2000

type Told = {
  readonly heights: ReadonlyMap<ChainNumber, number>
  readonly views: ReadonlyMap<ChainNumber, number>
}

export function createNodesHealth(endpoints: readonly string[]): NodesHealth {
  const clients = endpoints.map((url) => createRpcClient(url, { timeoutMs: ANSWER_WITHIN_MS }))
  const told = new Map<number, Told>()
  let turn = 0

  async function askOne(client: RpcClient, node: number): Promise<NodeSight> {
    const answer = await readHealth(client)
    if (answer !== undefined) told.set(node, answer)
    return { node, isUp: answer !== undefined, heights: told.get(node)?.heights ?? new Map() }
  }

  return {
    ask: (silent) =>
      Promise.all(
        clients.map(async (client, node) => {
          if (!silent.has(node)) return askOne(client, node)
          return { node, isUp: false, heights: told.get(node)?.heights ?? new Map() }
        }),
      ),
    view: (nodes, chain) =>
      Math.max(0, ...nodes.map((node) => told.get(node)?.views.get(chain) ?? 0)),
    slashed: async (nodes) => {
      const client = clients[nodes[turn++ % Math.max(1, nodes.length)] ?? -1]
      return client === undefined ? undefined : readSlashed(client)
    },
    close: () => {
      for (const client of clients) client.close()
    },
  }
}

async function readHealth(client: RpcClient): Promise<Told | undefined> {
  try {
    const { text } = await client.get('/health')
    const { chains } = asRecord(JSON.parse(text), 'health')
    const heights = new Map<ChainNumber, number>()
    const views = new Map<ChainNumber, number>()
    for (const item of Array.isArray(chains) ? (chains as unknown[]) : []) {
      const chain = asRecord(item, 'chain')
      const number = asNumber(chain['chain'], 'chain')
      heights.set(number, asNumber(chain['height'], 'height'))
      views.set(number, asNumber(chain['view'], 'view'))
    }
    return { heights, views }
  } catch (error) {
    const isSilence = error instanceof RpcUnreachableError || error instanceof UnexpectedAnswerError
    if (isSilence || error instanceof SyntaxError) return undefined
    throw error
  }
}

async function readSlashed(client: RpcClient): Promise<ReadonlySet<number> | undefined> {
  try {
    const registry = asRecord(await client.call('/', 'beacon_getValidators', []), 'registry')
    const validators = asList(registry['validators'], 'validators')
    const isSlashed = (item: unknown): boolean =>
      asText(asRecord(item, 'validator')['status'], 'status') === 'slashed'
    return new Set([...validators.keys()].filter((index) => isSlashed(validators[index])))
  } catch (error) {
    if (error instanceof RpcUnreachableError || error instanceof UnexpectedAnswerError)
      return undefined
    throw error
  }
}
