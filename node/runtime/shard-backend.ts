/**
 * One hosted shard as RPC sees it: heads from the running machine, history from the store, accounts from the executor.
 */
import type { Address, Hash } from '../primitives/identifiers.ts'
import type { BlockSelector, MessageLife, ShardBackend, TransactionPlace } from '../rpc/backend.ts'
import type { AccountView, Executor, StateSelector } from '../shards/executor.ts'
import type { ShardChain } from '../validator/shard-chain.ts'
import { decodeNumbers, hashKey } from '../validator/table.ts'
import {
  blockAt,
  finalHashAt,
  heightOf,
  levelOf,
  receiptAt,
  type ShardHistory,
} from './shard-history.ts'

export type ShardBackendParts = ShardHistory & {
  readonly shard: ShardChain
  readonly executor: Executor
  readonly submit: ShardBackend['submit']
}

export function createShardBackend(parts: ShardBackendParts): ShardBackend {
  return {
    block: async (selector) => {
      const height = await heightOf(parts, selector)
      return height === undefined ? undefined : blockAt(parts, height)
    },
    transaction: (hash) => findTransaction(parts, hash),
    accounts: (selector, addresses) => readAccounts(parts, selector, addresses),
    submit: parts.submit,
    message: (origin) => findMessage(parts, origin),
    supply: async (selector) => {
      const at = await stateAt(parts, selector)
      if (at === undefined) return undefined
      const response = await parts.executor.run({ kind: 'supply', at })
      return response.kind === 'supply' ? response.supply : undefined
    },
  }
}

async function findTransaction(
  parts: ShardBackendParts,
  hash: Hash,
): Promise<TransactionPlace | undefined> {
  const entry = await parts.store.get('tx', hashKey(parts.shard.config.shard, hash))
  if (entry !== undefined) {
    const [height = 0, index = 0] = decodeNumbers(entry)
    // The index is written just before the block's state is committed.
    const view = height <= parts.shard.committedHeight() ? await blockAt(parts, height) : undefined
    if (view !== undefined) return { kind: 'included', block: view, index }
  }
  const waiting = parts.shard.mempool.get(hash)
  return waiting && { kind: 'pending', transaction: waiting }
}

async function readAccounts(
  parts: ShardBackendParts,
  selector: BlockSelector,
  addresses: readonly Address[],
): Promise<readonly AccountView[] | undefined> {
  const at = await stateAt(parts, selector)
  if (at === undefined) return undefined
  const response = await parts.executor.run({ kind: 'accounts', at, addresses })
  if (response.kind !== 'accounts') return undefined
  if (at.kind !== 'pending') return response.accounts
  // Wallets number their next transaction after the ones that still wait here.
  return response.accounts.map((view) => {
    return { ...view, nonce: parts.shard.mempool.pendingNonce(view.address, view.nonce) }
  })
}

async function stateAt(
  history: ShardHistory,
  selector: BlockSelector,
): Promise<StateSelector | undefined> {
  if (selector.kind === 'tag' && selector.tag === 'pending') return { kind: 'pending' }
  if (selector.kind === 'tag' && selector.tag === 'latest') return { kind: 'finalized' }
  const height = await heightOf(history, selector)
  return height === undefined ? undefined : { kind: 'height', height }
}

async function findMessage(history: ShardHistory, origin: Hash): Promise<MessageLife | undefined> {
  const number = history.shard.config.shard
  const entry = await history.store.get('origin', hashKey(number, origin))
  if (entry === undefined) return undefined
  const [destination = 0, sequence = 0, height = 0] = decodeNumbers(entry)
  const receipt = await receiptAt(history, destination, sequence)
  const sentInHash = await finalHashAt(history, height)
  if (receipt === undefined || sentInHash === undefined) return undefined
  const cursor = history.beacon.newest().shards[destination - 1]?.cursors[number] ?? 0
  const consumed = cursor > sequence
  const isRefunded = (await history.store.get('refund', hashKey(number, origin))) !== undefined
  // A bounce on its way looks applied until it arrives: only the destination knows better.
  const ended = isRefunded ? 'refunded' : 'applied'
  const outcome = consumed ? ended : 'pending'
  const level = levelOf(history, height)
  return { receipt, sentInHeight: height, sentInHash, level, outcome, consumed }
}
