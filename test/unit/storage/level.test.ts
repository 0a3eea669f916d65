/** The level store on a real disk: reopening, locks, damage found, and databases that are not ours. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { present } from '../../../node/primitives/assert.ts'
import { asciiBytes } from '../../../node/primitives/bytes.ts'
import { openLevelStore } from '../../../node/storage/io/level.ts'
import { storeKey } from '../../../node/storage/store-key.ts'

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-level-'))
})
afterEach(() => rm(directory, { recursive: true }))

const database = () => join(directory, 'db')
const [one, two] = [Uint8Array.of(1), Uint8Array.of(2)]

async function fill(): Promise<void> {
  const store = await openLevelStore(database(), { create: true })
  await store.write(
    [
      { kind: 'put', table: 'a', key: one, value: asciiBytes('first') },
      { kind: 'put', table: 'a', key: two, value: asciiBytes('other') },
    ],
    { sync: true },
  )
  await store.close()
}

/** Changes raw values the way a bad disk does: behind the store's back. */
async function tamper(change: (raw: Level<Uint8Array, Uint8Array>) => Promise<void>) {
  const raw = new Level<Uint8Array, Uint8Array>(database(), {
    keyEncoding: 'view',
    valueEncoding: 'view',
  })
  await change(raw)
  await raw.close()
}

async function read(raw: Level<Uint8Array, Uint8Array>, key: Uint8Array): Promise<Uint8Array> {
  const value: Uint8Array | undefined = await raw.get(key)
  return present(value, 'the value was written').slice()
}

describe('storage: level', () => {
  it('storage: level: what was written is there after reopening', async () => {
    await fill()
    const store = await openLevelStore(database(), { create: false })
    expect(await store.get('a', one)).toEqual(asciiBytes('first'))
    await store.close()
  })

  it('storage: level: an absent database is not made unless asked', async () => {
    await expect(openLevelStore(database(), { create: false })).rejects.toMatchObject({
      name: 'StoreUnreadableError',
      code: 'STORE_UNREADABLE',
    })
  })

  it('storage: level: a second opener is told who to stop', async () => {
    const store = await openLevelStore(database(), { create: true })
    await expect(openLevelStore(database(), { create: true })).rejects.toMatchObject({
      name: 'StoreLockedError',
      code: 'STORE_LOCKED',
      message: expect.stringContaining('Stop that process') as string,
    })
    await store.close()
    const again = await openLevelStore(database(), { create: false })
    await again.close()
  })

  it('storage: level: any flipped bit of a value is found before use', async () => {
    await fill()
    const size = 'first'.length + 8
    for (let bit = 0; bit < size * 8; bit += 5) {
      const flip = (raw: Level<Uint8Array, Uint8Array>) =>
        read(raw, storeKey('a', one)).then((value) => {
          value[bit >> 3] = (value[bit >> 3] ?? 0) ^ (1 << (bit & 7))
          return raw.put(storeKey('a', one), value)
        })
      await tamper(flip)
      const store = await openLevelStore(database(), { create: false })
      await expect(store.get('a', one)).rejects.toMatchObject({
        name: 'StoreCorruptionError',
        code: 'STORE_CORRUPTION',
        table: 'a',
        key: '01',
      })
      await expect(store.entries({ table: 'a' })[Symbol.asyncIterator]().next()).rejects.toThrow(
        'a/01 is damaged',
      )
      expect(await store.get('a', two)).toEqual(asciiBytes('other'))
      await store.close()
      await tamper(flip)
    }
    const store = await openLevelStore(database(), { create: false })
    expect(await store.get('a', one)).toEqual(asciiBytes('first'))
    await store.close()
  })

  it('storage: level: a value under another key, or cut short, is found before use', async () => {
    await fill()
    await tamper(async (raw) => {
      const [first, other] = [
        await read(raw, storeKey('a', one)),
        await read(raw, storeKey('a', two)),
      ]
      await raw.batch([
        { type: 'put', key: storeKey('a', one), value: other },
        { type: 'put', key: storeKey('b', one), value: first },
        { type: 'put', key: storeKey('a', two), value: other.subarray(0, 7) },
      ])
    })
    const store = await openLevelStore(database(), { create: false })
    await expect(store.get('a', one)).rejects.toThrow('damaged')
    await expect(store.get('b', one)).rejects.toThrow('damaged')
    await expect(store.get('a', two)).rejects.toThrow('damaged')
    await store.close()
  })

  it('storage: level: a database of another program is refused and left alone', async () => {
    await tamper((raw) => raw.put(asciiBytes('theirs'), asciiBytes('precious')))
    await expect(openLevelStore(database(), { create: true })).rejects.toThrow(
      'it was not made by this node',
    )
    await tamper(async (raw) => {
      expect(await read(raw, asciiBytes('theirs'))).toEqual(Buffer.from('precious'))
    })
  })

  it('storage: level: a database of an unknown format is refused', async () => {
    await fill()
    await tamper((raw) => raw.put(Uint8Array.of(0), asciiBytes('something')))
    await expect(openLevelStore(database(), { create: false })).rejects.toThrow('its format')
  })

  it('storage: level: a lost CURRENT file is a clear error and nothing is repaired', async () => {
    await fill()
    await writeFile(join(database(), 'CURRENT'), 'nonsense\n')
    await expect(openLevelStore(database(), { create: false })).rejects.toMatchObject({
      code: 'STORE_UNREADABLE',
      message: expect.stringContaining('keep the vote guard file') as string,
    })
  })
})
