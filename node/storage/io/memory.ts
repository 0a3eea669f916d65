/**
 * The memory store: the port without a disk, for tests and for nodes that keep nothing. Held to the same contract as the
 * others; everything written is "on disk" at once and gone with the process.
 */
import { assert } from '../../primitives/assert.ts'
import type { Store, StoreEntry, StoreRange } from '../store.ts'
import { keyInTable, storeBounds, storeKey } from '../store-key.ts'
import { createImage, imageWrites, type ImageEntry } from './ordered-image.ts'

export function openMemoryStore(): Store {
  const image = createImage()
  let open = true
  const assertOpen = (): void => assert(open, 'the store is open')
  return {
    get: async (table, key) => {
      assertOpen()
      return image.get(storeKey(table, key))?.slice()
    },
    write: async (writes) => {
      assertOpen()
      image.apply(imageWrites(writes, (_, value) => value.slice()))
    },
    async *entries(range) {
      assertOpen()
      for (const { key, value } of selectEntries(image.between(storeBounds(range)), range)) {
        yield { key: keyInTable(range.table, key), value: value.slice() }
      }
    },
    close: async () => {
      open = false
    },
  }
}

/** Direction and count of a range, over the entries between its bounds. */
export function selectEntries(entries: ImageEntry[], range: StoreRange): readonly StoreEntry[] {
  const ordered = range.reverse === true ? entries.reverse() : entries
  return range.countMax === undefined ? ordered : ordered.slice(0, range.countMax)
}
