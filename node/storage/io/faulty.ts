/**
 * The faulty store: a disk with a volatile and a durable image. A crash keeps the durable one and, of the batches written
 * since the last sync, none, a prefix or a random subset (LevelDB keeps or loses whole batches). Writes can be made to
 * fail and stored bits can be flipped; seals are real, so that a flip is found the way it would be on disk.
 */
import { assert, present, unreachable } from '../../primitives/assert.ts'
import { toHex } from '../../primitives/bytes.ts'
import type { Prng } from '../../primitives/prng.ts'
import type { Store } from '../store.ts'
import { keyInTable, storeBounds, storeKey } from '../store-key.ts'
import { selectEntries } from './memory.ts'
import { createImage, imageWrites, type ImageWrite, type OrderedImage } from './ordered-image.ts'
import { StorageFatalError, StoreCorruptionError } from './storage-error.ts'
import { sealValue, unsealValue } from './value-seal.ts'

/** What a crash leaves of the batches that were not synced. */
export type BatchRetention = 'none' | 'prefix' | 'subset'

export type FaultyStore = Store & {
  /** The power goes and comes back: the same handle now reads what survived. */
  readonly crash: (retention: BatchRetention) => void
  /** Flips one bit, drawn by the dice, of a stored value or its seal, in both images. */
  readonly flipBit: (table: string, key: Uint8Array) => void
  /** The next write fails, and so do all after it until the crash (the process has to end). */
  readonly failWrites: () => void
}

export function openFaultyStore(dice: Prng): FaultyStore {
  let durable = createImage()
  let volatile = createImage()
  let unsynced: (readonly ImageWrite[])[] = []
  let failing = false
  let open = true
  const assertOpen = (): void => assert(open, 'the store is open')
  return {
    get: async (table, key) => {
      assertOpen()
      const name = storeKey(table, key)
      const sealed = volatile.get(name)
      return sealed === undefined ? undefined : checkedValue({ table, name, sealed })
    },
    write: async (writes, { sync }) => {
      assertOpen()
      if (failing) throw new StorageFatalError('the simulated disk', new Error('injected fault'))
      const batch = imageWrites(writes, sealValue)
      volatile.apply(batch)
      unsynced.push(batch)
      if (sync) unsynced = flush(durable, unsynced)
    },
    async *entries(range) {
      assertOpen()
      const { table } = range
      for (const { key, value } of selectEntries(volatile.between(storeBounds(range)), range)) {
        yield {
          key: keyInTable(table, key),
          value: checkedValue({ table, name: key, sealed: value }),
        }
      }
    },
    close: async () => {
      open = false
    },
    crash: (retention) => {
      unsynced = flush(durable, surviving(unsynced, retention, dice))
      volatile = durable.copy()
      failing = false
      open = true
    },
    flipBit: (table, key) => {
      const name = storeKey(table, key)
      const sealed = present(volatile.get(name), 'only stored values can be damaged').slice()
      const bit = dice.below(sealed.length * 8)
      sealed[bit >> 3] = (sealed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      durable.apply([{ key: name, value: sealed }])
      volatile.apply([{ key: name, value: sealed }])
    },
    failWrites: () => {
      failing = true
    },
  }
}

/** Returns the new list of batches that are not on disk: none. */
function flush(durable: OrderedImage, batches: readonly (readonly ImageWrite[])[]): [] {
  for (const batch of batches) durable.apply(batch)
  return []
}

/** Which of the batches since the last sync a crash leaves. */
export function surviving<Batch>(
  batches: readonly Batch[],
  retention: BatchRetention,
  dice: Prng,
): readonly Batch[] {
  switch (retention) {
    case 'none':
      return []
    case 'prefix':
      return batches.slice(0, dice.below(batches.length + 1))
    case 'subset':
      return batches.filter(() => dice.chance(1, 2))
    default:
      return unreachable(retention)
  }
}

function checkedValue(read: {
  readonly table: string
  readonly name: Uint8Array
  readonly sealed: Uint8Array
}): Uint8Array {
  const payload = unsealValue(read.name, read.sealed)
  if (payload !== undefined) return payload.slice()
  throw new StoreCorruptionError(read.table, toHex(keyInTable(read.table, read.name)))
}
