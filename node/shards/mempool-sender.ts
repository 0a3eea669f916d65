/**
 * The waiting transactions of one sender, sorted by nonce.
 *
 * Invariants: one entry per nonce; `cost` is the sum over all entries; `weakest` is the entry that pays least, which ranks
 * the whole queue for eviction: a transaction that pays well behind one that pays little cannot be included any sooner.
 */
import { assert, present } from '../primitives/assert.ts'
import { toHex } from '../primitives/bytes.ts'
import type { Address } from '../primitives/identifiers.ts'
import type { AccountView, CheckedTransaction } from './executor.ts'
import type { Transaction } from './transaction.ts'

export type MempoolEntry = {
  readonly checked: CheckedTransaction
  /** Hexadecimal hash. */
  readonly key: string
  readonly sender: SenderQueue
  readonly nonce: number
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly gasLimit: number
  /** The most it can take from its sender: gas limit at the maximum fee, and the value. */
  readonly cost: bigint
  /** Order of arrival in this pool. */
  readonly arrival: number
  /** Finalized height when it arrived. */
  readonly arrivalHeight: number
}

export type SenderQueue = {
  /** Hexadecimal address. */
  readonly key: string
  /** Nonce and balance at the newest finalized block that changed them, as far as this pool was told. */
  nonce: number
  balance: bigint
  readonly entries: MempoolEntry[]
  cost: bigint
  weakest: MempoolEntry | undefined
  /** The entry whose nonce is `nonce`: what may be included next. Kept by the pool, since it ranks the sender. */
  head: MempoolEntry | undefined
  /** Entries behind a missing nonce, as last counted by the pool. */
  queuedCount: number
}

export function createSenderQueue(key: string, account: AccountView): SenderQueue {
  return {
    key,
    nonce: account.nonce,
    balance: account.balance,
    entries: [],
    cost: 0n,
    weakest: undefined,
    head: undefined,
    queuedCount: 0,
  }
}

export function senderKey(address: Address): string {
  return toHex(address)
}

export function transactionCost(transaction: Transaction): bigint {
  return BigInt(transaction.gasLimit) * transaction.maxFeePerGas + transaction.value
}

/** Index of the first entry whose nonce is at least `nonce`. */
function lowerBound(queue: SenderQueue, nonce: number): number {
  let low = 0
  let high = queue.entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (entryAt(queue, middle).nonce < nonce) low = middle + 1
    else high = middle
  }
  return low
}

export function entryWithNonce(queue: SenderQueue, nonce: number): MempoolEntry | undefined {
  const entry = queue.entries[lowerBound(queue, nonce)]
  return entry?.nonce === nonce ? entry : undefined
}

export function tailOf(queue: SenderQueue): MempoolEntry {
  return present(queue.entries.at(-1), 'a sender without entries is not kept')
}

/** How many entries follow each other without a gap, beginning exactly at `nonce`. O(log n). */
export function runLength(queue: SenderQueue, nonce: number): number {
  const start = lowerBound(queue, nonce)
  let low = start
  let high = queue.entries.length
  // Nonces are distinct and sorted: once one is ahead of its place, all later ones are.
  while (low < high) {
    const middle = (low + high) >> 1
    if (entryAt(queue, middle).nonce === nonce + (middle - start)) low = middle + 1
    else high = middle
  }
  return low - start
}

/** What the entries from `nonce` on can take from the sender; entries below it are executed but not yet finalized. */
export function costFrom(queue: SenderQueue, nonce: number): bigint {
  let cost = queue.cost
  for (const entry of queue.entries) {
    if (entry.nonce >= nonce) break
    cost -= entry.cost
  }
  return cost
}

export function insertEntry(queue: SenderQueue, entry: MempoolEntry): void {
  const index = lowerBound(queue, entry.nonce)
  assert(queue.entries[index]?.nonce !== entry.nonce, 'a sender has one entry per nonce')
  queue.entries.splice(index, 0, entry)
  queue.cost += entry.cost
  if (queue.weakest === undefined || isWeaker(entry, queue.weakest)) queue.weakest = entry
}

export function removeEntry(queue: SenderQueue, entry: MempoolEntry): void {
  const index = lowerBound(queue, entry.nonce)
  assert(queue.entries[index] === entry, 'only an entry that is there is removed')
  queue.entries.splice(index, 1)
  queue.cost -= entry.cost
  if (queue.weakest === entry) queue.weakest = weakestOf(queue.entries)
}

/** Removes the entries below `nonce` and returns them. */
export function dropBelow(queue: SenderQueue, nonce: number): readonly MempoolEntry[] {
  const dropped = queue.entries.splice(0, lowerBound(queue, nonce))
  for (const entry of dropped) queue.cost -= entry.cost
  if (dropped.length > 0) queue.weakest = weakestOf(queue.entries)
  return dropped
}

/** Pays less: first by maximum fee, then by tip; of equals the later one. A total order, since arrivals differ. */
export function isWeaker(left: MempoolEntry, right: MempoolEntry): boolean {
  if (left.maxFeePerGas !== right.maxFeePerGas) return left.maxFeePerGas < right.maxFeePerGas
  if (left.maxPriorityFeePerGas !== right.maxPriorityFeePerGas) {
    return left.maxPriorityFeePerGas < right.maxPriorityFeePerGas
  }
  return left.arrival > right.arrival
}

function weakestOf(entries: readonly MempoolEntry[]): MempoolEntry | undefined {
  let weakest: MempoolEntry | undefined
  for (const entry of entries) {
    if (weakest === undefined || isWeaker(entry, weakest)) weakest = entry
  }
  return weakest
}

function entryAt(queue: SenderQueue, index: number): MempoolEntry {
  return present(queue.entries[index], 'the index lies within the queue')
}
