/**
 * Binary Merkle trees over lists: the root of transactions, receipts, results and channels, and branches under it
 * (docs/protocol/crosslinks.md C.4).
 *
 * Shape: leaves are padded to a power of two with ZERO_HASH, an inner node is `hashPair(left, right)`, and the root is
 * H("merkle", u32 leaf count, top). The leaf count under the root is what makes a list and its padded or doubled twin
 * different: no leaf is ever duplicated (CVE-2012-2459).
 *
 * Invariant: leaves are domain-tagged hashes, never raw data, so that no inner node can be passed off as a leaf.
 */
import { assert, present } from './assert.ts'
import { bigIntToBytes, equalBytes } from './bytes.ts'
import { HASH_SIZE, hashTagged, hashTwo, ZERO_HASH } from './hash.ts'
import type { Hash } from './identifiers.ts'

/** A leaf's place and its siblings from the bottom up. */
export type MerkleProof = {
  readonly root: Hash
  readonly leafCount: number
  readonly index: number
  readonly leaf: Hash
  readonly branch: readonly Hash[]
}

/** The leaf count is hashed as u32. */
const LEAF_COUNT_MAX = 0xffffffff

/** Roots of subtrees made of padding only, by height; grows on demand up to 32. */
const paddingRoots: Hash[] = [ZERO_HASH]

/** Root of a list of leaf hashes; the empty list has a root of its own. */
export function merkleRoot(leaves: readonly Hash[]): Hash {
  const levels = buildLevels(leaves)
  const top = levels[levels.length - 1]?.[0] ?? ZERO_HASH
  return sealRoot(leaves.length, top)
}

/** Siblings of leaf `index` from the bottom up: as many hashes as the padded tree is high. */
export function merkleBranch(leaves: readonly Hash[], index: number): readonly Hash[] {
  assert(Number.isSafeInteger(index) && index >= 0 && index < leaves.length, 'the leaf exists')
  const levels = buildLevels(leaves)
  const branch: Hash[] = []
  let position = index
  for (let height = 0; height < levels.length - 1; height++) {
    branch.push(levels[height]?.[position ^ 1] ?? paddingRoot(height))
    position >>>= 1
  }
  return branch
}

/** True only if `leaf` is leaf `index` of the one list with `leafCount` leaves under `root`. Total on foreign values. */
export function verifyMerkleBranch(proof: MerkleProof): boolean {
  const { root, leafCount, index, leaf, branch } = proof
  if (!Number.isSafeInteger(leafCount) || leafCount < 1 || leafCount > LEAF_COUNT_MAX) return false
  if (!Number.isSafeInteger(index) || index < 0 || index >= leafCount) return false
  if (branch.length !== treeHeight(leafCount)) return false
  if (leaf.length !== HASH_SIZE || branch.some((hash) => hash.length !== HASH_SIZE)) return false
  let node = leaf
  let position = index
  for (const sibling of branch) {
    node = position % 2 === 0 ? joinNodes(node, sibling) : joinNodes(sibling, node)
    position >>>= 1
  }
  return equalBytes(sealRoot(leafCount, node), root)
}

/** Height of the padded tree: 0 for at most one leaf. */
function treeHeight(leafCount: number): number {
  let height = 0
  while (2 ** height < leafCount) height++
  return height
}

/** Level 0 are the leaves, the last level is one node; padding is implied, never stored. */
function buildLevels(leaves: readonly Hash[]): readonly (readonly Hash[])[] {
  assert(leaves.length <= LEAF_COUNT_MAX, 'the leaf count fits its u32')
  for (const leaf of leaves) assert(leaf.length === HASH_SIZE, 'a leaf is a hash')
  const levels: (readonly Hash[])[] = [leaves]
  for (let height = 0; height < treeHeight(leaves.length); height++) {
    const below = present(levels[height], 'every level stands on the one below')
    const level: Hash[] = []
    for (let index = 0; index < below.length; index += 2) {
      const left = present(below[index], 'the index is inside its level')
      level.push(joinNodes(left, below[index + 1] ?? paddingRoot(height)))
    }
    levels.push(level)
  }
  return levels
}

function paddingRoot(height: number): Hash {
  for (let known = paddingRoots.length; known <= height; known++) {
    const below = present(paddingRoots[known - 1], 'padding roots are built from the bottom')
    paddingRoots.push(joinNodes(below, below))
  }
  return present(paddingRoots[height], 'the padding root was just built')
}

function joinNodes(left: Hash, right: Hash): Hash {
  return hashTwo(left, right)
}

function sealRoot(leafCount: number, top: Hash): Hash {
  return hashTagged('merkle', bigIntToBytes(BigInt(leafCount), 4), top)
}
