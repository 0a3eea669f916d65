/**
 * Store keys: one ordered key space for all tables of a store. A key is u8 table name size, table name, key, so that no
 * two (table, key) pairs share bytes and the keys of one table stand together in their own byte order.
 */
import { assert } from '../primitives/assert.ts'
import { asciiBytes, concatBytes } from '../primitives/bytes.ts'
import type { StoreRange } from './store.ts'

/** Table names are chosen by us; 32 letters say enough. */
const TABLE_NAME_MAX = 32

/** Half-open bounds in the store's key space. */
export type StoreBounds = { readonly from: Uint8Array; readonly to: Uint8Array }

const prefixes = new Map<string, Uint8Array>()

export function storeKey(table: string, key: Uint8Array): Uint8Array {
  return concatBytes(tablePrefix(table), key)
}

/** The key that the caller gave for `table`. */
export function keyInTable(table: string, key: Uint8Array): Uint8Array {
  return key.slice(tablePrefix(table).length)
}

export function storeBounds(range: StoreRange): StoreBounds {
  return {
    from: storeKey(range.table, range.from ?? new Uint8Array(0)),
    to: range.to === undefined ? tableEnd(range.table) : storeKey(range.table, range.to),
  }
}

/** Bounded by the number of tables that our own code names. */
function tablePrefix(table: string): Uint8Array {
  const known = prefixes.get(table)
  if (known !== undefined) return known
  assert(table.length > 0 && table.length <= TABLE_NAME_MAX, 'a table name is short and not empty')
  const prefix = concatBytes(Uint8Array.of(table.length), asciiBytes(table))
  prefixes.set(table, prefix)
  return prefix
}

/** The first key behind all keys of the table: its prefix ends with ASCII, so the last byte can always be raised. */
function tableEnd(table: string): Uint8Array {
  const end = tablePrefix(table).slice()
  end[end.length - 1] = (end[end.length - 1] ?? 0) + 1
  return end
}
