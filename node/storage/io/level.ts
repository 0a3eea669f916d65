/**
 * The level store: one LevelDB database per store, all tables in it, every value sealed (docs/reliability.md, "LevelDB
 * rules").
 *
 * Learned the hard way: a database that never saw a synced write cannot be reopened after a power cut, so one is made at
 * creation; LevelDB's own log drops records silently after a flipped bit, so chains are hash-linked above this layer; and
 * `repair` may drop data, so it is never called.
 */
import { Level } from 'level'
import { assert } from '../../primitives/assert.ts'
import { toHex } from '../../primitives/bytes.ts'
import type { Store, StoreRange } from '../store.ts'
import { keyInTable, storeBounds, storeKey } from '../store-key.ts'
import {
  StorageFatalError,
  StoreCorruptionError,
  StoreLockedError,
  StoreUnreadableError,
} from './storage-error.ts'
import { sealValue, unsealValue } from './value-seal.ts'

type Database = Level<Uint8Array, Uint8Array>

/** Below every table's keys, which start with a name size of at least 1. */
const FORMAT_KEY = Uint8Array.of(0)
const FORMAT_VERSION = 1

/** Reads are of recent blocks, which the write buffer still holds; the default of 8 MiB per database is for servers. */
const CACHE_BYTES = 2 * 1024 * 1024
/** Two of these per database at most; less than the default of 4 MiB because many nodes share one machine. Its effect was not measured alone. */
const WRITE_BUFFER_BYTES = 2 * 1024 * 1024

/** Opens the database in `directory`; with `create` an absent one is made. */
export async function openLevelStore(
  directory: string,
  options: { readonly create: boolean },
): Promise<Store> {
  const database: Database = new Level(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    cacheSize: CACHE_BYTES,
    writeBufferSize: WRITE_BUFFER_BYTES,
  })
  await openDatabase(database, options.create)
  try {
    await checkFormat(database, options.create)
  } catch (error) {
    await database.close()
    throw error
  }
  return storeOf(database)
}

function storeOf(database: Database): Store {
  /** After a failed write nobody knows what is on disk: every later write fails with the first error. */
  let fatal: StorageFatalError | undefined
  let open = true
  const assertOpen = (): void => assert(open, 'the store is open')
  return {
    // Synchronous on purpose: 2 us here against 49 us through the thread pool, measured on this project's machine.
    get: async (table, key) => {
      assertOpen()
      const name = storeKey(table, key)
      const sealed = readSealed(database, name)
      return sealed === undefined ? undefined : checkedValue({ table, name, sealed })
    },
    write: async (writes, { sync }) => {
      assertOpen()
      if (fatal !== undefined) throw fatal
      const batch = writes.map((write) => {
        const key = storeKey(write.table, write.key)
        if (write.kind === 'delete') return { type: 'del', key } as const
        return { type: 'put', key, value: sealValue(key, write.value) } as const
      })
      try {
        await database.batch(batch, { sync })
      } catch (error) {
        fatal ??= new StorageFatalError(database.location, error)
        throw fatal
      }
    },
    entries: (range) => {
      assertOpen()
      return readEntries(database, range)
    },
    close: async () => {
      open = false
      await database.close()
    },
  }
}

async function* readEntries(database: Database, range: StoreRange) {
  const { table } = range
  const { from, to } = storeBounds(range)
  const iterator = database.iterator({
    gte: from,
    lt: to,
    reverse: range.reverse ?? false,
    limit: range.countMax ?? -1,
  })
  for await (const [name, sealed] of iterator) {
    const value = checkedValue({ table, name, sealed })
    yield { key: keyInTable(table, plainBytes(name)), value }
  }
}

function readSealed(database: Database, name: Uint8Array): Uint8Array | undefined {
  try {
    return database.getSync(name)
  } catch (error) {
    throw new StoreUnreadableError(database.location, 'a read failed', error)
  }
}

function checkedValue(read: {
  readonly table: string
  readonly name: Uint8Array
  readonly sealed: Uint8Array
}): Uint8Array {
  const payload = unsealValue(read.name, read.sealed)
  if (payload !== undefined) return plainBytes(payload)
  throw new StoreCorruptionError(read.table, toHex(keyInTable(read.table, plainBytes(read.name))))
}

/** level hands out `Buffer`, whose `slice` aliases; callers get the plain array that the port promises. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

async function openDatabase(database: Database, create: boolean): Promise<void> {
  try {
    await database.open({ createIfMissing: create })
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'LEVEL_LOCKED') throw new StoreLockedError(database.location, error)
    const reason = cause instanceof Error ? cause.message : String(error)
    throw new StoreUnreadableError(database.location, reason, error)
  }
}

/** The format record is the synced write of creation; a database without it is empty, or not ours. */
async function checkFormat(database: Database, create: boolean): Promise<void> {
  const sealed = readSealed(database, FORMAT_KEY)
  if (sealed === undefined) {
    const keys = await database.keys({ limit: 1 }).all()
    if (!create || keys.length > 0) {
      throw new StoreUnreadableError(database.location, 'it was not made by this node')
    }
    const value = sealValue(FORMAT_KEY, Uint8Array.of(FORMAT_VERSION))
    await database.put(FORMAT_KEY, value, { sync: true })
    return
  }
  const version = unsealValue(FORMAT_KEY, sealed)
  if (version?.length !== 1 || version[0] !== FORMAT_VERSION) {
    throw new StoreUnreadableError(database.location, 'its format is not known to this version')
  }
}
