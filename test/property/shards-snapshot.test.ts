/**
 * Snapshot chunks against any state and any range: what is cut verifies and is all there is; what was changed on the way, in
 * any place, does not (S.2, S.3).
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes, toHex } from '../../node/primitives/bytes.ts'
import { hashPairsNative } from '../../node/shards/io/hashtree.ts'
import {
  CHUNK_BYTES_MAX,
  CHUNK_RECORDS_MAX,
  encodeStateChunk,
  type StateChunk,
} from '../../node/shards/snapshot-chunk.ts'
import {
  cutChunk,
  type PathRange,
  pathAfter,
  STRETCH_COUNT,
  stretchAt,
  verifyChunk,
} from '../../node/shards/snapshot-proof.ts'
import { statePath } from '../../node/shards/state-key.ts'
import { leavesOf, rootOf, type StateTree } from '../../node/shards/state-tree.ts'
import { treeOfRecords } from '../../node/shards/working-state.ts'

const record = fc.record({
  key: fc.uint8Array({ minLength: 1, maxLength: 6 }),
  value: fc.uint8Array({ minLength: 1, maxLength: 40 }),
})
const records = fc.uniqueArray(record, { selector: ({ key }) => toHex(key), maxLength: 60 })
const path = fc.uint8Array({ minLength: 32, maxLength: 32 })
/** Also edges that run along records, where halves end. */
const range = fc
  .tuple(path, path)
  .map(([a, b]): PathRange => (compareBytes(a, b) <= 0 ? { from: a, to: b } : { from: b, to: a }))

function verify(tree: StateTree, asked: PathRange, chunk: StateChunk) {
  return verifyChunk(rootOf(tree), asked, chunk, hashPairsNative)
}

function edgesOf(tree: StateTree, asked: PathRange, onRecords: boolean): PathRange {
  const paths = [...leavesOf(tree)].map((leaf) => leaf.path)
  const [first, last] = [paths[0], paths.at(-1)]
  return onRecords && first !== undefined && last !== undefined ? { from: first, to: last } : asked
}

describe('shards: snapshot', () => {
  test('shards: snapshot: a chunk of any range verifies and holds the records of the range', () => {
    fc.assert(
      fc.property(records, range, fc.boolean(), (state, any, onRecords) => {
        const tree = treeOfRecords(state, hashPairsNative)
        const asked = edgesOf(tree, any, onRecords)
        const verified = verify(tree, asked, cutChunk(tree, asked))
        const expected = state
          .map(({ key }) => statePath(key))
          .filter((at) => compareBytes(asked.from, at) <= 0 && compareBytes(at, asked.to) <= 0)
        expect(verified.ok && verified.value.next).toBeUndefined()
        const found = verified.ok ? verified.value.records.map((one) => toHex(one.path)) : []
        expect(found).toEqual(expected.map(toHex).sort())
      }),
      { numRuns: 300 },
    )
  })

  test('shards: snapshot: a chunk without one of its records, or with a changed one, verifies nowhere', () => {
    fc.assert(
      fc.property(records, range, fc.nat(), (state, asked, pick) => {
        const tree = treeOfRecords(state, hashPairsNative)
        const chunk = cutChunk(tree, asked)
        const at = pick % Math.max(1, chunk.records.length)
        const victim = chunk.records[at]
        fc.pre(victim !== undefined)
        const without = chunk.records.filter((_, index) => index !== at)
        const changed = chunk.records.with(at, { ...victim, value: Uint8Array.of(1, 2, 3) })
        for (const forged of [without, changed]) {
          expect(verify(tree, asked, { ...chunk, records: forged }).ok).toBe(false)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('shards: snapshot: a proof that was changed in one place verifies nothing', () => {
    fc.assert(
      fc.property(records, range, fc.nat(), (state, asked, pick) => {
        const tree = treeOfRecords(state, hashPairsNative)
        const chunk = cutChunk(tree, asked)
        const at = pick % chunk.proof.length
        const others = ['branch', 'empty', 'record', new Uint8Array(32).fill(5)] as const
        for (const token of others) {
          if (token === chunk.proof[at]) continue
          const forged = { ...chunk, proof: chunk.proof.with(at, token) }
          expect(verify(tree, asked, forged).ok).toBe(false)
        }
        expect(verify(tree, asked, { ...chunk, proof: [...chunk.proof, 'empty'] }).ok).toBe(false)
      }),
      { numRuns: 200 },
    )
  })

  test('shards: snapshot: a chunk does not verify for another root, another range or as less than it is', () => {
    const state = Array.from({ length: 400 }, (_, index) => {
      return { key: Uint8Array.of(index >> 8, index), value: Uint8Array.of(index) }
    })
    const tree = treeOfRecords(state, hashPairsNative)
    const other = treeOfRecords(state.slice(1), hashPairsNative)
    const asked = stretchAt(3)
    const chunk = cutChunk(tree, asked)
    expect(verify(tree, asked, chunk).ok).toBe(true)
    expect(verify(other, asked, chunk).ok).toBe(false)
    expect(verify(tree, stretchAt(4), chunk).ok).toBe(false)
    expect(verify(tree, asked, { ...chunk, complete: false }).ok).toBe(false)
    expect(verify(tree, asked, { records: [], complete: false, proof: [] }).ok).toBe(false)
    const half = chunk.records.slice(0, 5)
    const cut = { from: asked.from, to: statePath(half.at(-1)?.key ?? new Uint8Array(0)) }
    // A true chunk of the smaller range, passed off as a full one: it would let a peer hand out records one by one.
    const small = { ...cutChunk(tree, cut), complete: false }
    expect(verify(tree, asked, small)).toMatchObject({ reject: { code: 'invalid-chunk' } })
  })

  test('shards: snapshot: chunks end when they are full, and together they are the state', () => {
    const state = Array.from({ length: 9_000 }, (_, index) => {
      return { key: Uint8Array.of(1, index >> 8, index & 0xff), value: Uint8Array.of(index & 0xff) }
    })
    const tree = treeOfRecords(state, hashPairsNative)
    const whole = { from: new Uint8Array(32), to: new Uint8Array(32).fill(0xff) }
    const sizes: number[] = []
    let count = 0
    for (let from: Uint8Array | undefined = whole.from; from !== undefined;) {
      const chunk = cutChunk(tree, { from, to: whole.to })
      const verified = verify(tree, { from, to: whole.to }, chunk)
      expect(verified.ok).toBe(true)
      sizes.push(encodeStateChunk(chunk).length)
      count += chunk.records.length
      from = verified.ok ? verified.value.next : undefined
    }
    expect(count).toBe(state.length)
    expect(sizes).toHaveLength(Math.ceil(state.length / CHUNK_RECORDS_MAX))
    expect(Math.max(...sizes)).toBeLessThan(CHUNK_BYTES_MAX)
  })

  test('shards: snapshot: a chunk of large values ends with the record that fills it', () => {
    const value = new Uint8Array(16_000).fill(7)
    const state = Array.from({ length: 40 }, (_, index) => ({ key: Uint8Array.of(index), value }))
    const tree = treeOfRecords(state, hashPairsNative)
    const whole = { from: new Uint8Array(32), to: new Uint8Array(32).fill(0xff) }
    const chunk = cutChunk(tree, whole)
    expect(chunk.complete).toBe(false)
    expect(encodeStateChunk(chunk).length).toBeLessThan(CHUNK_BYTES_MAX)
    expect(verify(tree, whole, chunk)).toMatchObject({ ok: true })
  })

  test('shards: snapshot: the stretches cover every path once', () => {
    for (let index = 0; index < STRETCH_COUNT; index++) {
      const next = pathAfter(stretchAt(index).to)
      const expected = index + 1 === STRETCH_COUNT ? undefined : stretchAt(index + 1).from
      expect(next).toEqual(expected)
    }
    expect(stretchAt(0).from).toEqual(new Uint8Array(32))
  })
})
