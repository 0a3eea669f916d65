import { describe, expect, test } from 'vitest'
import { concatBytes, toHex } from '../../../node/primitives/bytes.ts'
import { hashPair, sha256, ZERO_HASH } from '../../../node/primitives/hash.ts'
import { hashPairsNative } from '../../../node/shards/io/hashtree.ts'
import { statePath } from '../../../node/shards/state-key.ts'
import {
  applyBatch,
  hashLeaf,
  hashPairsPortable,
  leavesOf,
  pathBit,
  readState,
  rootOf,
  sortChanges,
  type StateChange,
  type StateTree,
} from '../../../node/shards/state-tree.ts'

/** The definition of the root, restated slowly: recursion over the whole set of records. */
export function naiveRoot(records: readonly StateChange[], depth = 0): Uint8Array {
  const present = records.filter(({ value }) => value !== undefined)
  const [first] = present
  if (first?.value === undefined) return ZERO_HASH
  if (present.length === 1) return hashLeaf(first.path, sha256(first.value))
  const left = present.filter(({ path }) => pathBit(path, depth) === 0)
  const right = present.filter(({ path }) => pathBit(path, depth) === 1)
  return hashPair(concatBytes(naiveRoot(left, depth + 1), naiveRoot(right, depth + 1)))
}

function record(index: number, content = index): StateChange {
  return { path: statePath(Uint8Array.of(index >> 8, index & 0xff)), value: Uint8Array.of(content) }
}

function treeOf(records: readonly StateChange[]): StateTree {
  return applyBatch(undefined, sortChanges(records))
}

const MANY = Array.from({ length: 300 }, (_, index) => record(index))

describe('shards: state tree', () => {
  test('shards: state tree: a whole state is sorted as a few records are', () => {
    const many = Array.from({ length: 5000 }, (_, index) => record(index))
    const paths = sortChanges(many).map(({ path }) => toHex(path))
    expect(paths).toEqual(many.map(({ path }) => toHex(path)).sort())
  })

  test('shards: state tree: an empty state has the zero root', () => {
    expect(rootOf(undefined)).toEqual(ZERO_HASH)
    expect(rootOf(treeOf([]))).toEqual(ZERO_HASH)
  })

  test('shards: state tree: one record is its own root', () => {
    const { path } = record(7)
    expect(rootOf(treeOf([record(7)]))).toEqual(hashLeaf(path, sha256(Uint8Array.of(7))))
  })

  test('shards: state tree: the root is the one that the definition gives', () => {
    for (const count of [1, 2, 3, 10, 300]) {
      const records = MANY.slice(0, count)
      expect(toHex(rootOf(treeOf(records)))).toBe(toHex(naiveRoot(records)))
    }
  })

  test('shards: state tree: one batch or many, in any order, give one root', () => {
    let one: StateTree
    for (const change of [...MANY].reverse()) one = applyBatch(one, [change])
    let few: StateTree
    for (let start = 0; start < MANY.length; start += 37) {
      few = applyBatch(few, sortChanges(MANY.slice(start, start + 37)))
    }
    expect(rootOf(one)).toEqual(rootOf(treeOf(MANY)))
    expect(rootOf(few)).toEqual(rootOf(treeOf(MANY)))
  })

  test('shards: state tree: paths that part only at their last bit are both kept', () => {
    const left = new Uint8Array(32).fill(0xaa)
    const right = left.slice()
    right[31] = 0xab
    const records = [left, right].map((path) => ({ path, value: Uint8Array.of(path[31] ?? 0) }))
    const tree = applyBatch(undefined, records)
    expect(readState(tree, left)).toEqual(Uint8Array.of(0xaa))
    expect(readState(tree, right)).toEqual(Uint8Array.of(0xab))
    expect(rootOf(tree)).toEqual(naiveRoot(records))
    const alone = applyBatch(tree, [{ path: right, value: undefined }])
    expect(rootOf(alone)).toEqual(naiveRoot(records.slice(0, 1)))
  })

  test('shards: state tree: removing what was added gives the root of before', () => {
    const before = treeOf(MANY.slice(0, 100))
    const during = applyBatch(before, sortChanges(MANY.slice(100)))
    const removals = MANY.slice(100).map(({ path }) => ({ path, value: undefined }))
    expect(rootOf(applyBatch(during, sortChanges(removals)))).toEqual(rootOf(before))
    const rest = MANY.slice(0, 100).map(({ path }) => ({ path, value: undefined }))
    expect(applyBatch(before, sortChanges(rest))).toBeUndefined()
  })

  test('shards: state tree: removing what is not there changes nothing at all', () => {
    const tree = treeOf(MANY.slice(0, 50))
    const absent = sortChanges(MANY.slice(50, 90).map(({ path }) => ({ path, value: undefined })))
    expect(applyBatch(tree, absent)).toBe(tree)
  })

  test('shards: state tree: writing what is there already changes nothing at all', () => {
    const tree = treeOf(MANY)
    expect(applyBatch(tree, sortChanges(MANY))).toBe(tree)
  })

  test('shards: state tree: an older root stays readable after later batches', () => {
    const old = treeOf(MANY)
    const changed = MANY.map(({ path }) => ({ path, value: Uint8Array.of(1, 2) }))
    const next = applyBatch(old, sortChanges(changed.slice(0, 150)))
    const { path } = record(5)
    expect(readState(old, path)).toEqual(Uint8Array.of(5))
    expect(readState(next, path)).toEqual(Uint8Array.of(1, 2))
    expect(rootOf(old)).toEqual(naiveRoot(MANY))
  })

  test('shards: state tree: a batch shares every subtree it does not touch', () => {
    const old = treeOf(MANY)
    const next = applyBatch(old, [{ ...record(5), value: Uint8Array.of(99) }])
    const before = new Set(leavesOf(old))
    expect([...leavesOf(next)].filter((leaf) => !before.has(leaf)).length).toBe(1)
  })

  test('shards: state tree: leaves come in the order of their paths', () => {
    const leaves = [...leavesOf(treeOf(MANY))]
    expect(leaves.map(({ path }) => toHex(path))).toEqual(
      sortChanges(MANY).map(({ path }) => toHex(path)),
    )
  })

  test('shards: state tree: native and portable hashing give one root', () => {
    const changes = sortChanges(MANY)
    expect(rootOf(applyBatch(undefined, changes, hashPairsNative))).toEqual(
      rootOf(applyBatch(undefined, changes, hashPairsPortable)),
    )
  })

  test('shards: state tree: a batch out of order or with a path twice is our own mistake', () => {
    const [first, second] = sortChanges(MANY.slice(0, 2))
    if (first === undefined || second === undefined) throw new Error('two records')
    expect(() => applyBatch(undefined, [second, first])).toThrow('strictly ascending')
    expect(() => applyBatch(undefined, [first, first])).toThrow('strictly ascending')
  })
})
