/**
 * Proofs that a record is, or is not, in the state under a root (docs/protocol/shards.md, "State commitment").
 *
 * A proof is the node at which the record's path ends (nothing, or one leaf) and the siblings above it. If the leaf is the
 * record's own, it is there with that value; if the path ends at nothing or at another record's leaf, it is not there.
 */
import { concatBytes, equalBytes } from '../primitives/bytes.ts'
import { HASH_SIZE, hashPair, sha256, ZERO_HASH } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { hashLeaf, PATH_BITS, pathBit, rootOf, type StateTree } from './state-tree.ts'

export type StateProof = {
  /** From the root down; as many as the place is deep, at most PATH_BITS. */
  readonly siblings: readonly Hash[]
  /** Where the path ends; undefined: at an empty subtree. */
  readonly leaf: { readonly path: Hash; readonly valueHash: Hash } | undefined
}

export function proveState(tree: StateTree, path: Hash): StateProof {
  const siblings: Hash[] = []
  let node = tree
  for (let depth = 0; node?.kind === 'branch'; depth++) {
    const isLeft = pathBit(path, depth) === 0
    siblings.push(rootOf(isLeft ? node.right : node.left).slice())
    node = isLeft ? node.left : node.right
  }
  if (node === undefined) return { siblings, leaf: undefined }
  return { siblings, leaf: { path: node.path, valueHash: sha256(node.value) } }
}

export type StateClaim = {
  readonly root: Hash
  readonly path: Hash
  /** undefined: the claim is that there is no such record. */
  readonly value: Uint8Array | undefined
}

/** True only if the state under `root` holds exactly this value, or nothing, at `path`. Total on foreign proofs. */
export function verifyState(claim: StateClaim, proof: StateProof): boolean {
  const { siblings, leaf } = proof
  if (claim.root.length !== HASH_SIZE || claim.path.length !== HASH_SIZE) return false
  if (siblings.length > PATH_BITS || siblings.some((hash) => hash.length !== HASH_SIZE))
    return false
  if (leaf !== undefined && !isPlaced(leaf, claim.path, siblings.length)) return false
  const holdsOwn = leaf !== undefined && equalBytes(leaf.path, claim.path)
  if (claim.value === undefined ? holdsOwn : !holdsOwn) return false
  if (claim.value !== undefined && !equalBytes(sha256(claim.value), leaf?.valueHash ?? ZERO_HASH)) {
    return false
  }
  const bottom = leaf === undefined ? ZERO_HASH : hashLeaf(leaf.path, leaf.valueHash)
  return equalBytes(foldUp(bottom, claim.path, siblings), claim.root)
}

/** A leaf can only stand on its own path, so the one that ends ours shares our first `depth` bits. */
function isPlaced(
  leaf: { readonly path: Hash; readonly valueHash: Hash },
  path: Hash,
  depth: number,
): boolean {
  if (leaf.path.length !== HASH_SIZE || leaf.valueHash.length !== HASH_SIZE) return false
  for (let bit = 0; bit < depth; bit++) {
    if (pathBit(leaf.path, bit) !== pathBit(path, bit)) return false
  }
  return true
}

function foldUp(bottom: Hash, path: Hash, siblings: readonly Hash[]): Hash {
  let hash = bottom
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth] ?? ZERO_HASH
    const isLeft = pathBit(path, depth) === 0
    hash = hashPair(isLeft ? concatBytes(hash, sibling) : concatBytes(sibling, hash))
  }
  return hash
}
