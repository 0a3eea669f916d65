/** What every store does: memory, level and faulty answer the same questions the same way. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { asciiBytes, compareBytes, toHex } from '../../node/primitives/bytes.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import { openFaultyStore } from '../../node/storage/io/faulty.ts'
import { openLevelStore } from '../../node/storage/io/level.ts'
import { openMemoryStore } from '../../node/storage/io/memory.ts'
import type { Store, StoreRange, StoreWrite } from '../../node/storage/store.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function openInDirectory(): Promise<Store> {
  const directory = await mkdtemp(join(tmpdir(), 'weft-store-'))
  cleanups.push(() => rm(directory, { recursive: true }))
  return openLevelStore(join(directory, 'nested', 'db'), { create: true })
}

const implementations: Readonly<Record<string, () => Promise<Store>>> = {
  memory: async () => openMemoryStore(),
  level: openInDirectory,
  faulty: async () => openFaultyStore(createPrng('contract')),
}

const key = (...bytes: number[]) => Uint8Array.from(bytes)
const put = (table: string, at: Uint8Array, value: string): StoreWrite => ({
  kind: 'put',
  table,
  key: at,
  value: asciiBytes(value),
})
const remove = (table: string, at: Uint8Array): StoreWrite => ({ kind: 'delete', table, key: at })

async function listed(store: Store, range: StoreRange): Promise<string[]> {
  const found: string[] = []
  for await (const { key, value } of store.entries(range)) {
    found.push(`${toHex(key)}=${String.fromCharCode(...value)}`)
  }
  return found
}

describe.each(Object.entries(implementations))('storage: store: %s', (_, openStore) => {
  async function open(): Promise<Store> {
    const store = await openStore()
    cleanups.push(() => store.close())
    return store
  }

  it('storage: store: what was written is read back, and what was not is undefined', async () => {
    const store = await open()
    await store.write([put('a', key(1), 'one'), put('a', key(), 'empty key')], { sync: true })
    expect(await store.get('a', key(1))).toEqual(asciiBytes('one'))
    expect(await store.get('a', key())).toEqual(asciiBytes('empty key'))
    expect(await store.get('a', key(2))).toBeUndefined()
    expect(await store.get('b', key(1))).toBeUndefined()
  })

  it('storage: store: an empty value is a value', async () => {
    const store = await open()
    await store.write([put('a', key(1), '')], { sync: false })
    expect(await store.get('a', key(1))).toEqual(new Uint8Array(0))
  })

  it('storage: store: later writes of a batch win, and deleting what is not there is fine', async () => {
    const store = await open()
    await store.write(
      [put('a', key(1), 'x'), remove('a', key(1)), put('a', key(1), 'y'), remove('a', key(9))],
      { sync: false },
    )
    await store.write([put('a', key(2), 'x'), remove('a', key(2))], { sync: false })
    expect(await listed(store, { table: 'a' })).toEqual(['01=y'])
  })

  it('storage: store: entries come in byte order, up to 0xff and longer keys included', async () => {
    const store = await open()
    const keys = [key(255, 255), key(255), key(0), key(), key(1, 0), key(1), key(127), key(128)]
    await store.write(
      keys.map((at) => put('a', at, 'v')),
      { sync: false },
    )
    const sorted = keys.toSorted(compareBytes).map((at) => `${toHex(at)}=v`)
    expect(await listed(store, { table: 'a' })).toEqual(sorted)
    expect(await listed(store, { table: 'a', reverse: true })).toEqual(sorted.toReversed())
  })

  it('storage: store: a range includes its lower bound and excludes its upper one', async () => {
    const store = await open()
    await store.write(
      [1, 2, 3, 4].map((at) => put('a', key(at), 'v')),
      { sync: false },
    )
    expect(await listed(store, { table: 'a', from: key(2), to: key(4) })).toEqual(['02=v', '03=v'])
    expect(await listed(store, { table: 'a', from: key(3) })).toEqual(['03=v', '04=v'])
    expect(await listed(store, { table: 'a', to: key(2) })).toEqual(['01=v'])
    expect(await listed(store, { table: 'a', from: key(4), to: key(2) })).toEqual([])
    expect(await listed(store, { table: 'a', countMax: 2 })).toEqual(['01=v', '02=v'])
    expect(await listed(store, { table: 'a', countMax: 1, reverse: true })).toEqual(['04=v'])
    expect(await listed(store, { table: 'a', countMax: 0 })).toEqual([])
    expect(await listed(store, { table: 'a', to: key(4), countMax: 1, reverse: true })).toEqual([
      '03=v',
    ])
  })

  it('storage: store: tables do not see each other, not even when one name begins with the other', async () => {
    const store = await open()
    await store.write(
      [put('block', key(7), 'b'), put('blocks', key(7), 'bs'), put('bloc', key(0x6b), 'c')],
      { sync: false },
    )
    expect(await listed(store, { table: 'block' })).toEqual(['07=b'])
    expect(await listed(store, { table: 'blocks' })).toEqual(['07=bs'])
    expect(await listed(store, { table: 'bloc' })).toEqual(['6b=c'])
  })

  it('storage: store: an iteration shows the moment it began', async () => {
    const store = await open()
    await store.write([put('a', key(1), 'old'), put('a', key(2), 'old')], { sync: false })
    const seen: string[] = []
    for await (const { key: at, value } of store.entries({ table: 'a' })) {
      seen.push(`${toHex(at)}=${String.fromCharCode(...value)}`)
      await store.write([put('a', key(2), 'new'), put('a', key(3), 'new')], { sync: false })
    }
    expect(seen).toEqual(['01=old', '02=old'])
    expect(await listed(store, { table: 'a' })).toEqual(['01=old', '02=new', '03=new'])
  })

  it('storage: store: an iteration may be left early', async () => {
    const store = await open()
    await store.write([put('a', key(1), 'v'), put('a', key(2), 'v')], { sync: false })
    for await (const entry of store.entries({ table: 'a' })) {
      expect(entry.key).toEqual(key(1))
      break
    }
    expect(await store.get('a', key(2))).toEqual(asciiBytes('v'))
  })

  it('storage: store: neither the writer nor a reader can change stored bytes afterwards', async () => {
    const store = await open()
    const [at, value] = [key(1), asciiBytes('abc')]
    await store.write([{ kind: 'put', table: 'a', key: at, value }], { sync: false })
    at[0] = 2
    value[0] = 0
    const read = await store.get('a', key(1))
    expect(read).toEqual(asciiBytes('abc'))
    read?.fill(0)
    for await (const entry of store.entries({ table: 'a' })) {
      expect(entry).toEqual({ key: key(1), value: asciiBytes('abc') })
      entry.value.fill(0)
      entry.key.fill(0)
    }
    expect(await store.get('a', key(1))).toEqual(asciiBytes('abc'))
  })

  it('storage: store: a value of a megabyte survives', async () => {
    const store = await open()
    const value = createPrng('megabyte').bytes(1024 * 1024)
    await store.write([{ kind: 'put', table: 'a', key: key(1), value }], { sync: true })
    expect(Buffer.compare((await store.get('a', key(1))) ?? key(), value)).toBe(0)
  })

  it('storage: store: a thousand random batches leave what a plain map holds', async () => {
    const store = await open()
    const dice = createPrng('model')
    const model = new Map<string, string>()
    for (let batch = 0; batch < 1000; batch++) {
      const writes = Array.from({ length: dice.below(4) }, () => {
        const at = dice.bytes(1 + dice.below(2)).map((byte) => byte & 7)
        if (dice.chance(1, 3)) {
          model.delete(toHex(at))
          return remove('t', at)
        }
        model.set(toHex(at), `${batch}`)
        return put('t', at, `${batch}`)
      })
      await store.write(writes, { sync: false })
    }
    expect(await listed(store, { table: 't' })).toEqual(
      [...model.keys()].sort().map((at) => `${at}=${model.get(at) ?? ''}`),
    )
  })

  it('storage: store: a closed store refuses all work', async () => {
    const store = await openStore()
    await store.close()
    await expect(store.get('a', key(1))).rejects.toThrow('the store is open')
    await expect(store.write([], { sync: true })).rejects.toThrow('the store is open')
    await expect(listed(store, { table: 'a' })).rejects.toThrow('the store is open')
  })
})
