/**
 * Payments of a simulated load and what becomes of each: taken by a node, included, arrived, settled. Its own books, kept
 * from the blocks that honest nodes finalize.
 *
 * Invariant: an order is settled once, when the beacon has recorded the block in which it ended.
 */
import { toHex } from '../../node/primitives/bytes.ts'
import type { ChainNumber, Hash } from '../../node/primitives/identifiers.ts'
import type { BlockOutcome } from '../../node/shards/executor.ts'

export type Order = {
  readonly sender: number
  readonly nonce: number
  readonly shard: ChainNumber
  readonly destination: ChainNumber
  readonly raw: Uint8Array
  /** A node has taken it: from now on it must be settled. */
  isAccepted: boolean
  isIncluded: boolean
}

export type OrderBook = {
  readonly add: (hash: string, order: Order) => void
  readonly accept: (order: Order) => void
  readonly find: (hash: string) => Order | undefined
  /** A block of this shard became final somewhere; heights may come again. Gives the orders it includes. */
  readonly block: (shard: ChainNumber, outcome: BlockOutcome) => readonly Order[]
  /** Heights that the beacon has recorded, index = shard - 1. */
  readonly recorded: (heights: readonly number[]) => void
  readonly settledCount: () => number
  readonly pendingCount: () => number
}

type Ended = { readonly height: number; readonly hash: string }

type Books = {
  /** By hash, until it is settled. */
  readonly open: Map<string, Order>
  /** Heights seen, index = shard - 1. */
  readonly heights: number[]
  /** Ended and not yet recorded, index = shard - 1, in height order. */
  readonly ended: Ended[][]
  settled: number
  pending: number
}

export function createOrderBook(shardCount: number): OrderBook {
  const books: Books = {
    open: new Map(),
    heights: Array.from({ length: shardCount }, () => 0),
    ended: Array.from({ length: shardCount }, () => []),
    settled: 0,
    pending: 0,
  }
  return {
    add: (hash, order) => void books.open.set(hash, order),
    accept: (order) => accept(books, order),
    find: (hash) => books.open.get(hash),
    block: (shard, outcome) => readBlock(books, shard, outcome),
    recorded: (heights) => {
      for (const [index, height] of heights.entries()) settle(books, index, height)
    },
    settledCount: () => books.settled,
    pendingCount: () => books.pending,
  }
}

function accept(books: Books, order: Order): void {
  if (!order.isAccepted) books.pending++
  order.isAccepted = true
}

function readBlock(books: Books, shard: ChainNumber, outcome: BlockOutcome): readonly Order[] {
  const { height } = outcome.header
  // Each height once, whoever finalized it first; a node that was away tells old ones again.
  if (height <= (books.heights[shard - 1] ?? 0)) return []
  books.heights[shard - 1] = height
  const ended = books.ended[shard - 1] ?? []
  const included = outcome.transactionHashes.flatMap((hash, index) => {
    const order = include(books, hash)
    const isOver = outcome.results[index]?.status === 0 || order?.destination === shard
    if (order !== undefined && isOver) ended.push({ height, hash: toHex(hash) })
    return order === undefined ? [] : [order]
  })
  for (const { receipt, outcome: end } of outcome.consumed) {
    if (end === 'applied') ended.push({ height, hash: toHex(receipt.originTransaction) })
  }
  return included
}

/** Also one that its node had refused or never answered for: another node may have had it. */
function include(books: Books, hash: Hash): Order | undefined {
  const order = books.open.get(toHex(hash))
  if (order === undefined) return undefined
  accept(books, order)
  order.isIncluded = true
  return order
}

function settle(books: Books, index: number, height: number): void {
  const ended = books.ended[index] ?? []
  let count = 0
  for (const { height: at, hash } of ended) {
    if (at > height) break
    count++
    if (books.open.delete(hash)) {
      books.settled++
      books.pending--
    }
  }
  ended.splice(0, count)
}
