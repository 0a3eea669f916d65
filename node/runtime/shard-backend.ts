/**
 * One hosted shard as RPC sees it: heads from the running machine, history from the store, accounts from the executor.
 */
import type { Address, ChainNumber, Hash } from '../primitives/identifiers.ts'
import type {
  BlockSelector,
  MessageLife,
  ReceiptArrival,
  ShardBackend,
  TransactionPlace,
} from '../rpc/backend.ts'
import type { AccountView, Executor, StateSelector } from '../shards/executor.ts'
import type { ShardChain } from '../validator/shard-chain.ts'
import { decodeNumbers, hashKey, numberKey } from '../validator/table.ts'
import {
  blockAt,
  channelsAt,
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
  readonly admittedAtMs: ShardBackend['admittedAtMs']
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
    arrival: (source, sequence) => findArrival(parts, source, sequence),
    channels: async (height) => {
      return height <= parts.shard.committedHeight() ? channelsAt(parts, height) : undefined
    },
    admittedAtMs: parts.admittedAtMs,
  }
}

async function findArrival(
  history: ShardHistory,
  source: ChainNumber,
  sequence: number,
): Promise<ReceiptArrival | undefined> {
  const key = numberKey(history.shard.config.shard, source, sequence)
  const entry = await history.store.get('arrival', key)
  const [height] = entry === undefined ? [] : decodeNumbers(entry)
  // The index is written just before the block's state is committed.
  if (height === undefined || height > history.shard.committedHeight()) return undefined
  const block = await blockAt(history, height)
  const index = block?.consumed.findIndex(({ receipt }) => {
    return receipt.source === source && receipt.sequence === sequence
  })
  return block === undefined || index === undefined || index < 0 ? undefined : { block, index }
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
  const refund = await history.store.get('refund', hashKey(number, origin))
  const [refundedInHeight] = refund === undefined ? [] : decodeNumbers(refund)
  const isRefunded = refundedInHeight !== undefined
  // A bounce on its way looks applied until it arrives: only the destination knows better.
  const ended = isRefunded ? 'refunded' : 'applied'
  const outcome = consumed ? ended : 'pending'
  const level = levelOf(history, height)
  const life = { receipt, sentInHeight: height, sentInHash, level, outcome, consumed } as const
  return isRefunded ? { ...life, refundedInHeight } : life
}
