import { describe, expect, test } from 'vitest'
import { createFilterStore } from '../../../node/rpc/filters.ts'

function store() {
  let count = 0
  return createFilterStore(() => `filter-${(count += 1)}`)
}

function pending(shard: number, byte: number) {
  return { kind: 'pending-transaction', shard, hash: new Uint8Array(32).fill(byte) } as const
}

describe('rpc: filters', () => {
  test('rpc: filters: a filter collects its shard and its kind, and tells each change once', () => {
    const filters = store()
    const here = filters.create(1, 'pending-transactions', 0)
    const blocks = filters.create(1, 'blocks', 0)
    const elsewhere = filters.create(2, 'pending-transactions', 0)
    filters.note(pending(1, 0xaa))
    filters.note({ kind: 'beacon', head: {} as never })
    expect(filters.changes(here, 1)).toEqual([`0x${'aa'.repeat(32)}`])
    expect(filters.changes(here, 1)).toEqual([])
    expect(filters.changes(blocks, 1)).toEqual([])
    expect(filters.changes(elsewhere, 1)).toEqual([])
    expect(filters.changes('other', 1)).toBeUndefined()
  })

  test('rpc: filters: who asks rarely loses the oldest changes', () => {
    const filters = store()
    const id = filters.create(1, 'pending-transactions', 0)
    for (let count = 0; count < 1_100; count++) filters.note(pending(1, count % 256))
    const changes = filters.changes(id, 1) ?? []
    expect(changes).toHaveLength(1_024)
    expect(changes[0]).toBe(`0x${(1_100 - 1_024).toString(16).padStart(2, '0').repeat(32)}`)
  })

  test('rpc: filters: a filter nobody asks about is gone after five minutes', () => {
    const filters = store()
    const asked = filters.create(1, 'blocks', 0)
    const forgotten = filters.create(1, 'blocks', 0)
    expect(filters.changes(asked, 200_000)).toEqual([])
    expect(filters.changes(asked, 400_000)).toEqual([])
    expect(filters.changes(forgotten, 400_000)).toBeUndefined()
  })

  test('rpc: filters: when there is no room the one asked about longest ago goes', () => {
    const filters = store()
    const first = filters.create(1, 'blocks', 0)
    const second = filters.create(1, 'blocks', 0)
    expect(filters.changes(first, 1)).toEqual([])
    for (let count = 0; count < 999; count++) filters.create(1, 'blocks', 2)
    expect(filters.kindOf(second)).toBeUndefined()
    expect(filters.kindOf(first)).toBe('blocks')
    expect(filters.remove(first)).toBe(true)
    expect(filters.remove(first)).toBe(false)
  })
})
