/** A disk by order: full, slow, well again. */
import { describe, expect, test } from 'vitest'
import { createFaultyDisk } from '../../../devnet/processes/faulty-disk.ts'
import { openMemoryStore } from '../../../node/storage/io/memory.ts'
import type { VoteGuard } from '../../../node/storage/vote-guard.ts'

const KEY = Uint8Array.of(1)
const WRITES = [{ kind: 'put', table: 'blocks', key: KEY, value: Uint8Array.of(7) }] as const

/** Grants everything and counts how often it was asked. */
function countingGuard(): { readonly guard: VoteGuard; readonly count: () => number } {
  let asked = 0
  const guard: VoteGuard = {
    authorize: async (requests) => {
      asked++
      return requests.map(() => 'granted')
    },
    condition: () => 'intact',
    close: async () => {},
  }
  return { guard, count: () => asked }
}

describe('devnet: fault disk', () => {
  test('devnet: fault disk: a full disk takes nothing, neither blocks nor votes, and says so as the real one', async () => {
    const disk = createFaultyDisk()
    const real = openMemoryStore()
    const store = disk.store(real)
    const { guard, count } = countingGuard()
    disk.set('full')
    await expect(store.write(WRITES, { sync: false })).rejects.toMatchObject({
      code: 'STORAGE_FATAL',
      cause: { code: 'ENOSPC' },
    })
    await expect(disk.guard(guard).authorize([])).rejects.toMatchObject({ code: 'STORAGE_FATAL' })
    expect(count()).toBe(0)
    expect(await real.get('blocks', KEY)).toBeUndefined()
    disk.set('ok')
    await store.write(WRITES, { sync: true })
    expect(await store.get('blocks', KEY)).toEqual(Uint8Array.of(7))
  })

  test('devnet: fault disk: what was read before can be read from a full disk', async () => {
    const disk = createFaultyDisk()
    const store = disk.store(openMemoryStore())
    await store.write(WRITES, { sync: true })
    disk.set('full')
    expect(await store.get('blocks', KEY)).toEqual(Uint8Array.of(7))
  })

  test('devnet: fault disk: a slow disk writes first and resolves later', async () => {
    const disk = createFaultyDisk()
    const real = openMemoryStore()
    disk.set('slow')
    const order: string[] = []
    const written = disk.store(real).write(WRITES, { sync: true })
    const slow = written.then(() => order.push('synced'))
    await real.get('blocks', KEY)
    order.push('read')
    expect(await real.get('blocks', KEY)).toEqual(Uint8Array.of(7))
    await slow
    expect(order).toEqual(['read', 'synced'])
  })
})
