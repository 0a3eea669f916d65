/**
 * The inside of a mempool: entries by hash and by sender, and the two orders over senders that admission and selection
 * need. Whatever changes a sender's entries goes through here, so that the orders and the counts stay true.
 */
import { present } from '../primitives/assert.ts'
import type { AccountView } from './executor.ts'
import { createIndexedHeap, type IndexedHeap } from './mempool-heap.ts'
import { isBetterHead } from './mempool-select.ts'
import {
  dropBelow,
  entryWithNonce,
  insertEntry,
  isWeaker,
  removeEntry,
  runLength,
  tailOf,
  type MempoolEntry,
  type SenderQueue,
} from './mempool-sender.ts'

/** Finalized blocks for which an entry may stay although its sender cannot pay: an inbound transfer may come. */
const UNFUNDED_BLOCKS_MAX = 16

export type MempoolIndex = {
  readonly senders: ReadonlyMap<string, SenderQueue>
  readonly byHash: ReadonlyMap<string, MempoolEntry>
  /** Senders whose next nonce is here, best head first. */
  readonly ready: IndexedHeap<SenderQueue>
  readonly insert: (entry: MempoolEntry) => void
  readonly remove: (entry: MempoolEntry) => void
  /** The last transaction of the sender that pays least: the first to go when there is no room. */
  readonly weakestTail: () => MempoolEntry
  /** The account after a finalized block, by its hexadecimal address. */
  readonly settle: (address: string, account: AccountView, height: number) => void
  readonly counts: () => { readonly count: number; readonly bytes: number; readonly queued: number }
}

export function createMempoolIndex(): MempoolIndex {
  const senders = new Map<string, SenderQueue>()
  const byHash = new Map<string, MempoolEntry>()
  const ready = createIndexedHeap<SenderQueue>((left, right) =>
    isBetterHead(headOf(left), headOf(right)),
  )
  const evictable = createIndexedHeap<SenderQueue>((left, right) =>
    isWeaker(weakestOf(left), weakestOf(right)),
  )
  let bytes = 0
  let queued = 0

  /** Changes a sender's entries, forgets those that `edit` answers with, and puts the sender in its new places. */
  function change(queue: SenderQueue, edit: () => readonly MempoolEntry[]): void {
    for (const entry of edit()) {
      byHash.delete(entry.key)
      bytes -= entry.checked.raw.length
    }
    queue.head = entryWithNonce(queue, queue.nonce)
    const queuedCount = queue.entries.length - runLength(queue, queue.nonce)
    queued += queuedCount - queue.queuedCount
    queue.queuedCount = queuedCount
    place(ready, queue, queue.head !== undefined)
    place(evictable, queue, queue.entries.length > 0)
    if (queue.entries.length === 0) senders.delete(queue.key)
  }

  return {
    senders,
    byHash,
    ready,
    insert: (entry) => {
      senders.set(entry.sender.key, entry.sender)
      byHash.set(entry.key, entry)
      bytes += entry.checked.raw.length
      change(entry.sender, () => (insertEntry(entry.sender, entry), []))
    },
    remove: (entry) => {
      change(entry.sender, () => (removeEntry(entry.sender, entry), [entry]))
    },
    weakestTail: () => tailOf(present(evictable.peek(), 'only a pool with entries evicts')),
    settle: (address, account, height) => {
      const queue = senders.get(address)
      if (queue === undefined) return
      change(queue, () => {
        queue.nonce = account.nonce
        queue.balance = account.balance
        return [...dropBelow(queue, account.nonce), ...dropUnfunded(queue, height)]
      })
    },
    counts: () => ({ count: byHash.size, bytes, queued }),
  }
}

function place(heap: IndexedHeap<SenderQueue>, queue: SenderQueue, belongs: boolean): void {
  if (!belongs) heap.remove(queue)
  else if (heap.has(queue)) heap.update(queue)
  else heap.add(queue)
}

function headOf(queue: SenderQueue): MempoolEntry {
  return present(queue.head, 'a ready sender has a head')
}

function weakestOf(queue: SenderQueue): MempoolEntry {
  return present(queue.weakest, 'a sender with entries has a weakest one')
}

/** Drops from the tail what the sender cannot pay for and has not been able to for long. */
function dropUnfunded(queue: SenderQueue, height: number): readonly MempoolEntry[] {
  const dropped: MempoolEntry[] = []
  while (queue.cost > queue.balance && queue.entries.length > 0) {
    const tail = tailOf(queue)
    if (tail.arrivalHeight + UNFUNDED_BLOCKS_MAX > height) break
    removeEntry(queue, tail)
    dropped.push(tail)
  }
  return dropped
}
