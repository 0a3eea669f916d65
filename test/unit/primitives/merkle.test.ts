/** Merkle trees: shape, padding, counts and forged branches. */
import { describe, expect, it } from 'vitest'
import { asciiBytes, concatBytes, toHex } from '../../../node/primitives/bytes.ts'
import { hashPair, hashTagged, ZERO_HASH } from '../../../node/primitives/hash.ts'
import { merkleBranch, merkleRoot, verifyMerkleBranch } from '../../../node/primitives/merkle.ts'

const leavesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => hashTagged('leaf', Uint8Array.of(index)))
const leafAt = (leaves: readonly Uint8Array[], index: number) => leaves[index] ?? ZERO_HASH
const join = (left: Uint8Array, right: Uint8Array) => hashPair(concatBytes(left, right))

describe('primitives: merkle', () => {
  it('primitives: merkle: three leaves are padded with the zero hash and sealed with their count', () => {
    const leaves = leavesOf(3)
    const top = join(
      join(leafAt(leaves, 0), leafAt(leaves, 1)),
      join(leafAt(leaves, 2), new Uint8Array(32)),
    )
    const root = hashTagged('merkle', Uint8Array.of(0, 0, 0, 3), top)
    expect(toHex(merkleRoot(leaves))).toBe(toHex(root))
  })

  it('primitives: merkle: the empty list and the list of one zero hash have different roots', () => {
    expect(toHex(merkleRoot([]))).not.toBe(toHex(merkleRoot([ZERO_HASH])))
  })

  it('primitives: merkle: a list and its copy with the last leaf doubled have different roots', () => {
    const leaves = leavesOf(3)
    expect(toHex(merkleRoot(leaves))).not.toBe(toHex(merkleRoot([...leaves, leafAt(leaves, 2)])))
    expect(toHex(merkleRoot(leaves))).not.toBe(toHex(merkleRoot([...leaves, ZERO_HASH])))
  })

  it('primitives: merkle: every branch of every size up to 17 verifies, and only at its own index', () => {
    for (let leafCount = 1; leafCount <= 17; leafCount++) {
      const leaves = leavesOf(leafCount)
      const root = merkleRoot(leaves)
      for (let index = 0; index < leafCount; index++) {
        const branch = merkleBranch(leaves, index)
        for (let claimed = 0; claimed < leafCount; claimed++) {
          const proof = { root, leafCount, index: claimed, leaf: leafAt(leaves, index), branch }
          expect(verifyMerkleBranch(proof)).toBe(claimed === index)
        }
      }
    }
  })

  it('primitives: merkle: a wrong count, length, leaf or index is refused without a throw', () => {
    const leaves = leavesOf(6)
    const proof = {
      root: merkleRoot(leaves),
      leafCount: 6,
      index: 4,
      leaf: leafAt(leaves, 4),
      branch: merkleBranch(leaves, 4),
    }
    expect(verifyMerkleBranch(proof)).toBe(true)
    const forgeries = [
      { leafCount: 5 },
      { leafCount: 7 },
      { leafCount: 8 },
      { leafCount: 0 },
      { leafCount: Number.NaN },
      { leafCount: 2 ** 40 },
      { index: -1 },
      { index: 6 },
      { index: 4.5 },
      { index: 4 + 2 ** 32 },
      { leaf: asciiBytes('short') },
      { branch: proof.branch.slice(1) },
      { branch: [...proof.branch, ZERO_HASH] },
      { branch: proof.branch.map((hash) => hash.slice(1)) },
      { root: new Uint8Array(0) },
    ]
    for (const forgery of forgeries) {
      expect(verifyMerkleBranch({ ...proof, ...forgery }), JSON.stringify(forgery)).toBe(false)
    }
  })

  it('primitives: merkle: a branch for a leaf that is not there is a bug of the caller', () => {
    expect(() => merkleBranch(leavesOf(2), 2)).toThrow('the leaf exists')
  })
})
