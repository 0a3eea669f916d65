/**
 * A binary heap that knows where each item stands, so that an item whose rank changed can be moved or removed in
 * O(log n). Its inner order may be walked best-first without popping (`at`): the children of index i are 2i+1 and 2i+2.
 *
 * Invariant: no item ranks before its parent. Whoever changes what `isBefore` compares calls `update` (or `remove`) before
 * anything else is asked of the heap.
 */
import { assert, present } from '../primitives/assert.ts'

export type IndexedHeap<T> = {
  readonly add: (item: T) => void
  /** Does nothing when the item is not there. */
  readonly remove: (item: T) => void
  /** Restores the order after the rank of `item` changed. */
  readonly update: (item: T) => void
  readonly has: (item: T) => boolean
  readonly peek: () => T | undefined
  readonly pop: () => T | undefined
  readonly at: (index: number) => T | undefined
  readonly size: () => number
}

export function createIndexedHeap<T>(isBefore: (left: T, right: T) => boolean): IndexedHeap<T> {
  const items: T[] = []
  const positions = new Map<T, number>()

  function place(item: T, index: number): void {
    items[index] = item
    positions.set(item, index)
  }

  function itemAt(index: number): T {
    return present(items[index], 'the index lies within the heap')
  }

  function rise(start: number): number {
    const item = itemAt(start)
    let index = start
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(item, itemAt(parent))) break
      place(itemAt(parent), index)
      index = parent
    }
    place(item, index)
    return index
  }

  function sink(start: number): void {
    const item = itemAt(start)
    let index = start
    for (;;) {
      let child = 2 * index + 1
      if (child >= items.length) break
      if (child + 1 < items.length && isBefore(itemAt(child + 1), itemAt(child))) child += 1
      if (!isBefore(itemAt(child), item)) break
      place(itemAt(child), index)
      index = child
    }
    place(item, index)
  }

  const heap: IndexedHeap<T> = {
    add: (item) => {
      assert(!positions.has(item), 'an item stands in a heap once')
      items.push(item)
      rise(items.length - 1)
    },
    remove: (item) => {
      const index = positions.get(item)
      if (index === undefined) return
      positions.delete(item)
      const last = present(items.pop(), 'a heap with an item has a last one')
      if (last === item) return
      place(last, index)
      sink(rise(index))
    },
    update: (item) => {
      sink(rise(present(positions.get(item), 'only items of the heap are updated')))
    },
    has: (item) => positions.has(item),
    peek: () => items[0],
    pop: () => {
      const first = items[0]
      if (first !== undefined) heap.remove(first)
      return first
    },
    at: (index) => items[index],
    size: () => items.length,
  }
  return heap
}
