/**
 * The scheduler's queue: a binary heap ordered by (time, sequence). The sequence makes the order total, so events of one
 * millisecond happen in the order in which they were scheduled, on every machine.
 */

export type HeapEntry = {
  readonly time: number
  readonly sequence: number
}

export type EventHeap<Entry extends HeapEntry> = {
  readonly push: (entry: Entry) => void
  readonly pop: () => Entry | undefined
  readonly size: () => number
}

export function createEventHeap<Entry extends HeapEntry>(): EventHeap<Entry> {
  const entries: Entry[] = []
  return {
    push: (entry) => {
      entries.push(entry)
      siftUp(entries, entry)
    },
    pop: () => {
      const first = entries[0]
      const last = entries.pop()
      if (last !== undefined && entries.length > 0) siftDown(entries, last)
      return first
    },
    size: () => entries.length,
  }
}

function isBefore(left: HeapEntry, right: HeapEntry): boolean {
  return left.time < right.time || (left.time === right.time && left.sequence < right.sequence)
}

function siftUp<Entry extends HeapEntry>(entries: Entry[], entry: Entry): void {
  let index = entries.length - 1
  while (index > 0) {
    const above = (index - 1) >> 1
    const parent = entries[above] as Entry
    if (isBefore(parent, entry)) break
    entries[index] = parent
    index = above
  }
  entries[index] = entry
}

function siftDown<Entry extends HeapEntry>(entries: Entry[], entry: Entry): void {
  const count = entries.length
  let index = 0
  for (;;) {
    let below = 2 * index + 1
    if (below >= count) break
    let child = entries[below] as Entry
    const sibling = entries[below + 1]
    if (sibling !== undefined && isBefore(sibling, child)) {
      child = sibling
      below++
    }
    if (isBefore(entry, child)) break
    entries[index] = child
    index = below
  }
  entries[index] = entry
}
