/**
 * An ordered image of a store in memory: what the memory store is, and what the faulty store has two of.
 *
 * Keys are kept as latin-1 strings, whose order is the order of their bytes. The sorted list of keys is repaired when it
 * is next asked for, so that a burst of writes costs one merge.
 */
import type { StoreWrite } from '../store.ts'
import { storeKey, type StoreBounds } from '../store-key.ts'

export type ImageWrite = { readonly key: Uint8Array; readonly value: Uint8Array | undefined }
export type ImageEntry = { readonly key: Uint8Array; readonly value: Uint8Array }

export type OrderedImage = {
  readonly get: (key: Uint8Array) => Uint8Array | undefined
  readonly apply: (writes: readonly ImageWrite[]) => void
  /** A snapshot, in byte order; later writes do not show in it. */
  readonly between: (bounds: StoreBounds) => ImageEntry[]
  readonly copy: () => OrderedImage
}

export function createImage(values = new Map<string, Uint8Array>()): OrderedImage {
  let sorted: string[] = []
  let stale = true

  function sortedKeys(): readonly string[] {
    if (stale) sorted = [...values.keys()].sort()
    stale = false
    return sorted
  }

  return {
    get: (key) => values.get(textOf(key)),
    apply: (writes) => {
      for (const { key, value } of writes) {
        const name = textOf(key)
        if (values.has(name) !== (value !== undefined)) stale = true
        if (value === undefined) values.delete(name)
        else values.set(name, value)
      }
    },
    between: ({ from, to }) => {
      const keys = sortedKeys()
      const found: ImageEntry[] = []
      const end = textOf(to)
      for (let index = lowerBound(keys, textOf(from)); index < keys.length; index++) {
        const name = keys[index]
        if (name === undefined || name >= end) break
        const value = values.get(name)
        if (value !== undefined)
          found.push({ key: new Uint8Array(Buffer.from(name, 'latin1')), value })
      }
      return found
    },
    copy: () => createImage(new Map(values)),
  }
}

/** Copies of the caller's bytes, who may reuse them. `seal` is what the value becomes on disk. */
export function imageWrites(
  writes: readonly StoreWrite[],
  seal: (key: Uint8Array, value: Uint8Array) => Uint8Array,
): readonly ImageWrite[] {
  return writes.map((write) => {
    const key = storeKey(write.table, write.key)
    return { key, value: write.kind === 'put' ? seal(key, write.value) : undefined }
  })
}

/** Latin-1, whose order is the order of the bytes. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** First index whose key is not below `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}
