/** The faulty store: what a crash keeps, how writes fail, and that flipped bits are found. */
import { describe, expect, it } from 'vitest'
import { createPrng } from '../../../node/primitives/prng.ts'
import { openFaultyStore, type FaultyStore } from '../../../node/storage/io/faulty.ts'
import type { StoreWrite } from '../../../node/storage/store.ts'

const put = (index: number): StoreWrite => ({
  kind: 'put',
  table: 't',
  key: Uint8Array.of(index),
  value: Uint8Array.of(index),
})

async function present(store: FaultyStore): Promise<number[]> {
  const found: number[] = []
  for await (const { key } of store.entries({ table: 't' })) found.push(key[0] ?? -1)
  return found
}

/** Two synced batches of two, then ten unsynced batches of two. */
async function written(seed: number): Promise<FaultyStore> {
  const store = openFaultyStore(createPrng(seed))
  for (let batch = 0; batch < 12; batch++) {
    await store.write([put(2 * batch), put(2 * batch + 1)], { sync: batch === 1 })
  }
  return store
}

describe('storage: faulty', () => {
  it('storage: faulty: before a crash unsynced writes are visible, after it only synced ones are sure', async () => {
    const store = await written(1)
    expect(await present(store)).toHaveLength(24)
    store.crash('none')
    expect(await present(store)).toEqual([0, 1, 2, 3])
    store.crash('none')
    expect(await present(store)).toEqual([0, 1, 2, 3])
  })

  it('storage: faulty: a prefix crash keeps batches in order and whole', async () => {
    const kept = new Set<number>()
    for (let seed = 0; seed < 50; seed++) {
      const store = await written(seed)
      store.crash('prefix')
      const found = await present(store)
      expect(found).toEqual(Array.from({ length: found.length }, (_, index) => index))
      expect(found.length % 2).toBe(0)
      expect(found.length).toBeGreaterThanOrEqual(4)
      kept.add(found.length)
    }
    expect(kept.size).toBeGreaterThan(5)
  })

  it('storage: faulty: a subset crash keeps whole batches, holes included', async () => {
    let holes = 0
    for (let seed = 0; seed < 50; seed++) {
      const store = await written(seed)
      store.crash('subset')
      const found = await present(store)
      expect(found.slice(0, 4)).toEqual([0, 1, 2, 3])
      for (const index of found) expect(found).toContain(index ^ 1)
      if (found.length < (found[found.length - 1] ?? 0) + 1) holes++
    }
    expect(holes).toBeGreaterThan(25)
  })

  it('storage: faulty: the same seed loses the same batches', async () => {
    const [left, right] = [await written(7), await written(7)]
    left.crash('subset')
    right.crash('subset')
    expect(await present(left)).toEqual(await present(right))
  })

  it('storage: faulty: a failed write changes nothing and all later ones fail until the restart', async () => {
    const store = await written(1)
    store.failWrites()
    await expect(store.write([put(99)], { sync: true })).rejects.toMatchObject({
      code: 'STORAGE_FATAL',
    })
    await expect(store.write([put(98)], { sync: false })).rejects.toThrow('Check the disk')
    expect(await present(store)).toHaveLength(24)
    store.crash('none')
    await store.write([put(99)], { sync: true })
    expect(await present(store)).toEqual([0, 1, 2, 3, 99])
  })

  it('storage: faulty: a flipped bit is found in get and in entries, also after a crash', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const store = await written(seed)
      store.flipBit('t', Uint8Array.of(2))
      await expect(store.get('t', Uint8Array.of(2))).rejects.toMatchObject({ key: '02' })
      await expect(present(store)).rejects.toThrow('t/02 is damaged')
      store.crash('none')
      await expect(store.get('t', Uint8Array.of(2))).rejects.toThrow('damaged')
      expect(await store.get('t', Uint8Array.of(3))).toEqual(Uint8Array.of(3))
    }
  })
})
