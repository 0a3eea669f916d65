/**
 * The state tree: a binary sparse Merkle tree over SHA-256 with path compression, immutable and structure-shared, so that
 * every retained root stays readable for the price of what changed (docs/protocol/shards.md, "State commitment").
 *
 * Shape: a record's place is its path, the 32-byte tagged hash of its key, read from the most significant bit. An empty
 * subtree is ZERO_HASH, a subtree with one record is that record's leaf, every other subtree is a branch over two halves.
 * leaf hash = SHA-256(0x00, path, SHA-256(value)), 65 bytes; branch hash = SHA-256(left, right), 64 bytes. The lengths
 * differ, so no leaf is ever a branch, and the path inside the leaf ties the record to its place.
 *
 * Invariant: the root is a function of the set of records alone, not of the order or batches they arrived in.
 */
import { hashInto } from '@chainsafe/as-sha256'
import { assert, present } from '../primitives/assert.ts'
import { compareBytes, equalBytes } from '../primitives/bytes.ts'
import { HASH_SIZE, sha256, ZERO_HASH } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'

export type StateLeaf = {
  readonly kind: 'leaf'
  readonly path: Hash
  /** What the path is the hash of: a snapshot hands records on by their keys. undefined where the maker of the tree gave none. */
  readonly key: Uint8Array | undefined
  readonly value: Uint8Array
  readonly hash: Hash
}

type StateBranch = {
  readonly kind: 'branch'
  readonly left: StateTree
  readonly right: StateTree
  readonly hash: Hash
}

/** undefined: an empty tree. */
export type StateTree = StateLeaf | StateBranch | undefined

/** A record to set, or with an undefined value to remove. */
export type StateChange = {
  readonly path: Hash
  readonly key?: Uint8Array
  readonly value: Uint8Array | undefined
  /** Of its leaf, from whoever has worked it out already. */
  readonly hash?: Hash
}

/** The native or portable hasher of one level: n * 64 bytes to n * 32 bytes, SHA-256 of each 64. */
export type HashPairs = (input: Uint8Array) => Uint8Array

/** The portable hasher: WebAssembly, four at a time. */
export const hashPairsPortable: HashPairs = (input) => {
  const output = new Uint8Array(input.length / 2)
  hashInto(input, output)
  return output
}

/** Bits of a path: no tree is deeper. */
export const PATH_BITS = 8 * HASH_SIZE

/** A view: whoever sends it to another thread copies it, or the hashes of a whole level go along. */
export function rootOf(tree: StateTree): Hash {
  return tree === undefined ? ZERO_HASH : tree.hash
}

/** Bit `depth` of a path, the most significant first. */
export function pathBit(path: Hash, depth: number): 0 | 1 {
  const byte = present(path[depth >> 3], 'a depth is inside its path')
  return ((byte >> (7 - (depth & 7))) & 1) === 1 ? 1 : 0
}

/** The value of a record, or undefined when there is none. Shared memory: not to be written to. */
export function readState(tree: StateTree, path: Hash): Uint8Array | undefined {
  let node = tree
  for (let depth = 0; node?.kind === 'branch'; depth++) {
    node = pathBit(path, depth) === 0 ? node.left : node.right
  }
  return node !== undefined && equalBytes(node.path, path) ? node.value : undefined
}

/** All leaves in the order of their paths. */
export function* leavesOf(tree: StateTree): Generator<StateLeaf> {
  const open: StateTree[] = [tree]
  while (open.length > 0) {
    const node = open.pop()
    if (node === undefined) continue
    if (node.kind === 'leaf') yield node
    else open.push(node.right, node.left)
  }
}

/** The leaves at and above a path, in the order of their paths. */
export function* leavesFrom(tree: StateTree, from: Hash): Generator<StateLeaf> {
  const later: StateTree[] = []
  let node = tree
  for (let depth = 0; node?.kind === 'branch'; depth++) {
    const isLeft = pathBit(from, depth) === 0
    if (isLeft) later.push(node.right)
    node = isLeft ? node.left : node.right
  }
  if (node !== undefined && compareBytes(node.path, from) >= 0) yield node
  for (let rest = later.pop(); later.length > 0 || rest !== undefined; rest = later.pop()) {
    yield* leavesOf(rest)
  }
}

/**
 * The tree after all changes, which are strictly ascending by path. Rebuilds only what changed and hashes it level by
 * level from the bottom, one call of `hashPairs` per level.
 */
export function applyBatch(
  tree: StateTree,
  changes: readonly StateChange[],
  hashPairs: HashPairs = hashPairsPortable,
): StateTree {
  assertAscending(changes)
  const batch: Batch = { changes, dirty: [] }
  const updated = update(batch, { node: tree, from: 0, to: changes.length, depth: 0 })
  hashLevels(batch.dirty, hashPairs)
  return updated
}

/** Fewer than this are sorted at once: a block's changes. */
const SORT_AT_ONCE_MAX = 4096
const SORT_HEAPS = 2 ** 16

/** Sorts changes by path, as applyBatch wants them. A whole state is laid on heaps by its first two bytes before. */
export function sortChanges<T extends StateChange>(changes: readonly T[]): readonly T[] {
  if (changes.length <= SORT_AT_ONCE_MAX) return [...changes].sort(comparePaths)
  const heaps: T[][] = []
  for (let heap = 0; heap < SORT_HEAPS; heap++) heaps.push([])
  for (const change of changes) {
    const { path } = change
    heaps[((path[0] ?? 0) << 8) | (path[1] ?? 0)]?.push(change)
  }
  const sorted: T[] = []
  for (const heap of heaps) {
    if (heap.length > 1) heap.sort(comparePaths)
    for (const change of heap) sorted.push(change)
  }
  return sorted
}

function comparePaths(left: StateChange, right: StateChange): number {
  return compareBytes(left.path, right.path)
}

/** A branch whose hash is still to come. */
type OpenBranch = { -readonly [Field in keyof StateBranch]: StateBranch[Field] }

type Batch = {
  readonly changes: readonly StateChange[]
  /** New branches by depth: the children of one level are all on the next. */
  readonly dirty: OpenBranch[][]
}

/** One subtree at `depth` and the stretch [from, to) of changes that fall into it. */
type Span = {
  readonly node: StateTree
  readonly from: number
  readonly to: number
  readonly depth: number
}

/** Recursion ends by the width of a path: two different paths part within PATH_BITS. */
function update(batch: Batch, span: Span): StateTree {
  const { node, from, to, depth } = span
  if (from === to) return node
  const first = present(batch.changes[from], 'the span is inside the changes')
  if (to - from === 1 && node === undefined) return leafOf(undefined, first)
  if (to - from === 1 && node?.kind === 'leaf') {
    if (equalBytes(node.path, first.path)) return leafOf(node, first)
    if (first.value === undefined) return node
  }
  const middle = splitAt(batch.changes, span)
  const { left, right } = halvesOf(node, depth)
  return join(batch, span, {
    left: update(batch, { node: left, from, to: middle, depth: depth + 1 }),
    right: update(batch, { node: right, from: middle, to, depth: depth + 1 }),
  })
}

function leafOf(before: StateLeaf | undefined, change: StateChange): StateTree {
  const { path, value } = change
  if (value === undefined) return undefined
  if (before !== undefined && equalBytes(before.value, value)) return before
  const hash = change.hash ?? hashLeaf(path, sha256(value))
  // The old path's and key's bytes live on in older trees; sharing them saves a copy per version.
  return { kind: 'leaf', path: before?.path ?? path, key: before?.key ?? change.key, value, hash }
}

/** The preimage of a leaf: a zero byte, path, value hash. Written anew for every leaf, never read after. */
const leafBytes = new Uint8Array(1 + 2 * HASH_SIZE)

/** SHA-256(0x00, path, value hash): 65 bytes, never the 64 of a branch. */
export function hashLeaf(path: Hash, valueHash: Hash): Hash {
  leafBytes.set(path, 1)
  leafBytes.set(valueHash, 1 + HASH_SIZE)
  return sha256(leafBytes)
}

export type Halves = { readonly left: StateTree; readonly right: StateTree }

/** A leaf stands in for the chain of branches above it, one of whose halves it would be. */
export function halvesOf(node: StateTree, depth: number): Halves {
  if (node === undefined) return { left: undefined, right: undefined }
  if (node.kind === 'branch') return node
  return pathBit(node.path, depth) === 0
    ? { left: node, right: undefined }
    : { left: undefined, right: node }
}

/** First change of the span that belongs to the right half. */
function splitAt(changes: readonly StateChange[], span: Span): number {
  let { from: low, to: high } = span
  while (low < high) {
    const middle = (low + high) >> 1
    const { path } = present(changes[middle], 'the span is inside the changes')
    if (pathBit(path, span.depth) === 0) low = middle + 1
    else high = middle
  }
  return low
}

function join(batch: Batch, span: Span, halves: Halves): StateTree {
  const { left, right } = halves
  if (left === undefined && right?.kind !== 'branch') return right
  if (right === undefined && left?.kind !== 'branch') return left
  const before = span.node
  if (before?.kind === 'branch' && before.left === left && before.right === right) return before
  const branch: OpenBranch = { kind: 'branch', left, right, hash: ZERO_HASH }
  while (batch.dirty.length <= span.depth) batch.dirty.push([])
  batch.dirty[span.depth]?.push(branch)
  return branch
}

/**
 * Deepest level first, because a branch hashes what lies below it. The hashes of a level are views of one buffer: a tree is
 * mostly hashes, and each as an array of its own takes three times the memory and the collector's time.
 */
function hashLevels(levels: readonly (readonly OpenBranch[])[], hashPairs: HashPairs): void {
  for (let depth = levels.length - 1; depth >= 0; depth--) {
    const level = levels[depth] ?? []
    if (level.length === 0) continue
    const input = new Uint8Array(level.length * 2 * HASH_SIZE)
    let offset = 0
    for (const branch of level) {
      input.set(rootOf(branch.left), offset)
      input.set(rootOf(branch.right), offset + HASH_SIZE)
      offset += 2 * HASH_SIZE
    }
    const hashes = hashPairs(input)
    assert(hashes.length === level.length * HASH_SIZE, 'the hasher gives one hash per pair')
    offset = 0
    for (const branch of level) {
      branch.hash = hashes.subarray(offset, offset + HASH_SIZE)
      offset += HASH_SIZE
    }
  }
}

function assertAscending(changes: readonly StateChange[]): void {
  for (let index = 0; index < changes.length; index++) {
    const { path } = present(changes[index], 'the index is inside the changes')
    assert(path.length === HASH_SIZE, 'a path is a hash')
    const before = changes[index - 1]
    assert(
      before === undefined || compareBytes(before.path, path) < 0,
      'changes are strictly ascending by path',
    )
  }
}
