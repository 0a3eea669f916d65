import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../node/primitives/bytes.ts'
import { hashPair, sha256, ZERO_HASH } from '../../../node/primitives/hash.ts'
import { statePath } from '../../../node/shards/state-key.ts'
import { proveState, type StateProof, verifyState } from '../../../node/shards/state-proof.ts'
import { applyBatch, hashLeaf, rootOf, sortChanges } from '../../../node/shards/state-tree.ts'

const RECORDS = Array.from({ length: 64 }, (_, index) => ({
  path: statePath(Uint8Array.of(index)),
  value: Uint8Array.of(index, 1),
}))
const TREE = applyBatch(undefined, sortChanges(RECORDS))
const ROOT = rootOf(TREE)

function recordAt(index: number) {
  const record = RECORDS[index]
  if (record === undefined) throw new Error('no such record')
  return record
}

describe('shards: state proof', () => {
  test('shards: state proof: every record can be proved', () => {
    for (const { path, value } of RECORDS) {
      expect(verifyState({ root: ROOT, path, value }, proveState(TREE, path))).toBe(true)
    }
  })

  test('shards: state proof: absence can be proved, against nothing and against another leaf', () => {
    const ends = new Set<string>()
    for (let index = 100; index < 200; index++) {
      const path = statePath(Uint8Array.of(index))
      const proof = proveState(TREE, path)
      ends.add(proof.leaf === undefined ? 'nothing' : 'another leaf')
      expect(verifyState({ root: ROOT, path, value: undefined }, proof)).toBe(true)
    }
    expect([...ends].sort()).toEqual(['another leaf', 'nothing'])
  })

  test('shards: state proof: the empty state proves that everything is absent', () => {
    const { path } = recordAt(0)
    const claim = { root: ZERO_HASH, path, value: undefined }
    expect(verifyState(claim, proveState(undefined, path))).toBe(true)
  })

  test('shards: state proof: a record that is there cannot be denied', () => {
    const { path } = recordAt(3)
    const proof = proveState(TREE, path)
    expect(verifyState({ root: ROOT, path, value: undefined }, proof)).toBe(false)
    const hidden = { ...proof, leaf: undefined }
    expect(verifyState({ root: ROOT, path, value: undefined }, hidden)).toBe(false)
    const swapped = { ...proof, leaf: proveState(TREE, recordAt(4).path).leaf }
    expect(verifyState({ root: ROOT, path, value: undefined }, swapped)).toBe(false)
  })

  test('shards: state proof: another value, path or root is refused', () => {
    const { path, value } = recordAt(3)
    const proof = proveState(TREE, path)
    const other = recordAt(4)
    expect(verifyState({ root: ROOT, path, value: other.value }, proof)).toBe(false)
    expect(verifyState({ root: ROOT, path: other.path, value }, proof)).toBe(false)
    expect(verifyState({ root: ZERO_HASH, path, value }, proof)).toBe(false)
  })

  test('shards: state proof: a subtree cannot be passed off as a leaf of the tree', () => {
    const { path, value } = recordAt(3)
    const proof = proveState(TREE, path)
    const shorter = { ...proof, siblings: proof.siblings.slice(1) }
    expect(verifyState({ root: ROOT, path, value }, shorter)).toBe(false)
  })

  test('shards: state proof: a leaf that stands where its path does not lead proves nothing', () => {
    const [path, value] = [new Uint8Array(32).fill(0x80), Uint8Array.of(1)]
    const leaf = { path, valueHash: sha256(value) }
    const root = hashPair(concatBytes(hashLeaf(leaf.path, leaf.valueHash), ZERO_HASH))
    const claim = { root, path: new Uint8Array(32), value: undefined }
    expect(verifyState(claim, { siblings: [ZERO_HASH], leaf })).toBe(false)
  })

  test('shards: state proof: misshapen proofs are refused, not thrown on', () => {
    const { path, value } = recordAt(3)
    const proof = proveState(TREE, path)
    const short = Uint8Array.of(1)
    const misshapen: readonly StateProof[] = [
      { ...proof, siblings: [short, ...proof.siblings.slice(1)] },
      { ...proof, siblings: Array.from({ length: 257 }, () => ZERO_HASH) },
      { ...proof, leaf: { path: short, valueHash: ZERO_HASH } },
      { ...proof, leaf: { path, valueHash: short } },
      { ...proof, leaf: { path: new Uint8Array(99), valueHash: ZERO_HASH } },
      { siblings: [], leaf: undefined },
    ]
    for (const bad of misshapen) expect(verifyState({ root: ROOT, path, value }, bad)).toBe(false)
    expect(verifyState({ root: short, path, value }, proof)).toBe(false)
    expect(verifyState({ root: ROOT, path: short, value }, proof)).toBe(false)
  })
})
