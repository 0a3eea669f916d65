/**
 * The state tree against its definition: whatever is written and removed in whatever batches, the root is the one that the
 * final set of records has, and every proof holds.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, toHex } from '../../node/primitives/bytes.ts'
import { hashPair, sha256, ZERO_HASH } from '../../node/primitives/hash.ts'
import { proveState, verifyState } from '../../node/shards/state-proof.ts'
import {
  applyBatch,
  hashLeaf,
  pathBit,
  readState,
  rootOf,
  sortChanges,
  type StateTree,
} from '../../node/shards/state-tree.ts'

type Records = ReadonlyMap<string, { readonly path: Uint8Array; readonly value: Uint8Array }>

/** Paths that share long prefixes, so that deep branches and their collapse are common. */
const pathArbitrary = fc
  .tuple(fc.constantFrom(0, 1, 30, 31), fc.constantFrom(0x80, 0x40, 0x01, 0x03))
  .map(([index, bits]) => {
    const path = new Uint8Array(32)
    path[index] = bits
    return path
  })

const anyPath = fc.oneof(pathArbitrary, fc.uint8Array({ minLength: 32, maxLength: 32 }))
const change = fc.record({
  path: anyPath,
  value: fc.option(fc.uint8Array({ maxLength: 100 }), { nil: undefined }),
})
const batches = fc.array(
  fc.uniqueArray(change, { selector: ({ path }) => toHex(path), maxLength: 12 }),
  { maxLength: 8 },
)

type Batches = typeof batches extends fc.Arbitrary<infer T> ? T : never

function play(batches: Batches): { readonly tree: StateTree; readonly records: Records } {
  let tree: StateTree
  const records = new Map<string, { path: Uint8Array; value: Uint8Array }>()
  for (const batch of batches) {
    tree = applyBatch(tree, sortChanges(batch))
    for (const { path, value } of batch) {
      if (value === undefined) records.delete(toHex(path))
      else records.set(toHex(path), { path, value })
    }
  }
  return { tree, records }
}

/** The definition, restated slowly. */
function definedRoot(records: Records, depth = 0): Uint8Array {
  const [first, ...others] = records.values()
  if (first === undefined) return ZERO_HASH
  if (others.length === 0) return hashLeaf(first.path, sha256(first.value))
  const half = (bit: 0 | 1): Records =>
    new Map([...records].filter(([, { path }]) => pathBit(path, depth) === bit))
  return hashPair(concatBytes(definedRoot(half(0), depth + 1), definedRoot(half(1), depth + 1)))
}

describe('property: state tree', () => {
  test('property: state tree: the root depends on the final records alone', () => {
    fc.assert(
      fc.property(batches, (batches) => {
        const { tree, records } = play(batches)
        expect(toHex(rootOf(tree))).toBe(toHex(definedRoot(records)))
      }),
    )
  })

  test('property: state tree: what was written is read, what was removed is not', () => {
    fc.assert(
      fc.property(batches, fc.array(anyPath), (batches, others) => {
        const { tree, records } = play(batches)
        const asked = [...batches.flat().map(({ path }) => path), ...others]
        for (const path of asked) {
          expect(readState(tree, path)).toEqual(records.get(toHex(path))?.value)
        }
      }),
    )
  })

  test('property: state tree: every presence and every absence can be proved, and not the contrary', () => {
    fc.assert(
      fc.property(batches, fc.array(anyPath), (batches, others) => {
        const { tree, records } = play(batches)
        const root = rootOf(tree)
        for (const path of [...batches.flat().map(({ path }) => path), ...others]) {
          const value = records.get(toHex(path))?.value
          const proof = proveState(tree, path)
          expect(verifyState({ root, path, value }, proof)).toBe(true)
          const wrong = value === undefined ? new Uint8Array(0) : undefined
          expect(verifyState({ root, path, value: wrong }, proof)).toBe(false)
        }
      }),
    )
  })
})
