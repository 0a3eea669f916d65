/**
 * What one simulated disk holds: tables of ordered keys, cheap to write and cheap to read by key or along one chain. Keys
 * of a table are grouped by their first four bytes, the chain, so that the order of one chain's keys survives writes to
 * the others; a group is sorted when it is next read as a range.
 *
 * Values are not copied: whoever writes one gives it away, and nobody changes what was read.
 */
import { lowerBound, textOf } from '../../node/storage/io/ordered-image.ts'
import { compareBytes } from '../../node/primitives/bytes.ts'
import type { StoreEntry, StoreRange } from '../../node/storage/store.ts'

type Value = { readonly key: Uint8Array; readonly value: Uint8Array }

type Group = {
  readonly values: Map<string, Value>
  /** In byte order; undefined: to be sorted. */
  sorted: string[] | undefined
}

export type RecordName = { readonly table: string; readonly key: Uint8Array }

export type DiskImage = {
  readonly get: (name: RecordName) => Uint8Array | undefined
  /** undefined: deletes. Answers what was there before. */
  readonly put: (name: RecordName, value: Uint8Array | undefined) => Uint8Array | undefined
  readonly read: (range: StoreRange) => readonly StoreEntry[]
  /** Names of all records, tables and keys in order. */
  readonly names: () => readonly RecordName[]
  readonly clear: () => void
}

/** Of a chain number. */
const GROUP_CHARACTERS = 4

export function createDiskImage(): DiskImage {
  const tables = new Map<string, Map<string, Group>>()
  return {
    get: ({ table, key }) => {
      const name = textOf(key)
      return tables.get(table)?.get(groupOf(name))?.values.get(name)?.value
    },
    put: ({ table, key }, value) => {
      const name = textOf(key)
      const group = openGroup(tables, table, groupOf(name))
      const before = group.values.get(name)
      if (value === undefined) group.values.delete(name)
      else group.values.set(name, { key, value })
      if ((before === undefined) !== (value === undefined)) reorder(group, name, value)
      return before?.value
    },
    read: (range) => readRange(tables.get(range.table), range),
    names: () =>
      [...tables]
        .toSorted(byText)
        .flatMap(([table, groups]) =>
          [...groups]
            .toSorted(byText)
            .flatMap(([, { values }]) =>
              [...values.values()]
                .map(({ key }) => ({ table, key }))
                .toSorted((left, right) => compareBytes(left.key, right.key)),
            ),
        ),
    clear: () => tables.clear(),
  }
}

function openGroup(tables: Map<string, Map<string, Group>>, table: string, prefix: string): Group {
  let groups = tables.get(table)
  if (groups === undefined) {
    groups = new Map()
    tables.set(table, groups)
  }
  let group = groups.get(prefix)
  if (group === undefined) {
    group = { values: new Map(), sorted: [] }
    groups.set(prefix, group)
  }
  return group
}

/** Heights grow, so most new keys belong at the end. */
function reorder(group: Group, name: string, value: Uint8Array | undefined): void {
  const { sorted } = group
  if (sorted === undefined) return
  const last = sorted[sorted.length - 1]
  if (value !== undefined && (last === undefined || last < name)) sorted.push(name)
  else group.sorted = undefined
}

function readRange(
  groups: ReadonlyMap<string, Group> | undefined,
  range: StoreRange,
): readonly StoreEntry[] {
  if (groups === undefined) return []
  const from = range.from === undefined ? '' : textOf(range.from)
  const to = range.to === undefined ? undefined : textOf(range.to)
  // One key and nothing else: no order is needed.
  if (range.countMax === 1 && to === `${from}\0`) {
    const found = groups.get(groupOf(from))?.values.get(from)
    return found === undefined ? [] : [found]
  }
  const names = [...groups.keys()].filter((prefix) => {
    return prefix >= groupOf(from) && (to === undefined || prefix <= groupOf(to))
  })
  const entries = names.toSorted().flatMap((prefix) => {
    const group = groups.get(prefix)
    return group === undefined ? [] : readGroup(group, from, to)
  })
  if (range.reverse === true) entries.reverse()
  return range.countMax === undefined ? entries : entries.slice(0, range.countMax)
}

function readGroup(group: Group, from: string, to: string | undefined): StoreEntry[] {
  group.sorted ??= [...group.values.keys()].toSorted()
  const entries: StoreEntry[] = []
  for (let index = lowerBound(group.sorted, from); index < group.sorted.length; index++) {
    const name = group.sorted[index]
    if (name === undefined || (to !== undefined && name >= to)) break
    const found = group.values.get(name)
    if (found !== undefined) entries.push(found)
  }
  return entries
}

function groupOf(name: string): string {
  return name.slice(0, GROUP_CHARACTERS)
}

function byText(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  return left[0] < right[0] ? -1 : 1
}
