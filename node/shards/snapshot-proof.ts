/**
 * What a snapshot chunk proves: that its records are all the records of the state under a root whose paths lie in a range
 * (docs/protocol/state-sync.md S.3). One walk makes the proof, the same walk reads it.
 *
 * The walk follows the two edges of the range from the root down. A node that an edge runs through is named by a token; a
 * subtree between the edges follows from the chunk's records; a subtree beyond them is given by its hash.
 *
 * Invariant: a chunk that verifies holds neither more nor fewer records of its range than the state; whoever made it.
 */
import { concatBytes, compareBytes, equalBytes } from '../primitives/bytes.ts'
import { present } from '../primitives/assert.ts'
import { HASH_SIZE, hashPair, sha256, ZERO_HASH } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { StateRecord } from './genesis-state.ts'
import {
  CHUNK_FILL_BYTES,
  CHUNK_RECORDS_MAX,
  type ProofToken,
  recordBytes,
  type StateChunk,
} from './snapshot-chunk.ts'
import { statePath } from './state-key.ts'
import {
  applyBatch,
  halvesOf,
  hashLeaf,
  type HashPairs,
  leavesOf,
  pathBit,
  rootOf,
  type StateLeaf,
  type StateTree,
} from './state-tree.ts'

/** All paths from the first to the last of them. */
export type PathRange = { readonly from: Hash; readonly to: Hash }

/** How many equal stretches the space of paths is cut into, each fetched on its own (S.4). A power of two up to 256. */
export const STRETCH_COUNT = 16

/** The whole stretch of this number. */
export function stretchAt(index: number): PathRange {
  const width = 256 / STRETCH_COUNT
  const from = new Uint8Array(HASH_SIZE)
  const to = new Uint8Array(HASH_SIZE).fill(0xff)
  from[0] = index * width
  to[0] = (index + 1) * width - 1
  return { from, to }
}

/** The next path; undefined after the last. */
export function pathAfter(path: Hash): Hash | undefined {
  const next = path.slice()
  for (let index = HASH_SIZE - 1; index >= 0; index--) {
    const byte = present(next[index], 'the index is inside the path')
    next[index] = (byte + 1) & 0xff
    if (byte < 0xff) return next
  }
  return undefined
}

/** Of a branch's half: inside the edges, beyond them, or run through by the lower or the upper edge or both. */
type Position = { readonly depth: number; readonly low: boolean; readonly high: boolean }

const ROOT: Position = { depth: 0, low: true, high: true }

/** Where the half `bit` of a node that an edge runs through lies; undefined: beyond the edge. */
function half(range: PathRange, at: Position, bit: 0 | 1): Position | undefined {
  const lowBit = at.low ? pathBit(range.from, at.depth) : 0
  const highBit = at.high ? pathBit(range.to, at.depth) : 1
  if (bit < lowBit || bit > highBit) return undefined
  return { depth: at.depth + 1, low: at.low && bit === lowBit, high: at.high && bit === highBit }
}

function isInside({ from, to }: PathRange, path: Hash): boolean {
  return compareBytes(from, path) <= 0 && compareBytes(path, to) <= 0
}

/** The next chunk of the range: as many records as fill one, from its beginning (S.2). */
export function cutChunk(tree: StateTree, range: PathRange): StateChunk {
  const leaves: StateLeaf[] = []
  let bytes = 0
  let complete = true
  for (const leaf of leavesWithin(tree, range)) {
    if (isFull(leaves.length, bytes)) {
      complete = false
      break
    }
    leaves.push(leaf)
    bytes += recordBytes(recordOf(leaf))
  }
  const to = complete ? range.to : present(leaves.at(-1), 'a full chunk has records').path
  const proof: ProofToken[] = []
  prove(proof, { from: range.from, to }, tree, ROOT)
  return { records: leaves.map(recordOf), complete, proof }
}

function isFull(records: number, bytes: number): boolean {
  return records >= CHUNK_RECORDS_MAX || bytes >= CHUNK_FILL_BYTES
}

function recordOf({ key, value }: StateLeaf): StateRecord {
  return { key: present(key, 'the records of a shard are kept with their keys'), value }
}

/** Leaves of the range in the order of their paths. */
function* leavesWithin(tree: StateTree, range: PathRange): Generator<StateLeaf> {
  const open: { readonly node: StateTree; readonly at: Position }[] = [{ node: tree, at: ROOT }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, at } = next
    if (node === undefined) continue
    if (node.kind === 'leaf') {
      if (isInside(range, node.path)) yield node
      continue
    }
    const right = half(range, at, 1)
    const left = half(range, at, 0)
    if (right !== undefined) open.push({ node: node.right, at: right })
    if (left !== undefined) open.push({ node: node.left, at: left })
  }
}

function prove(proof: ProofToken[], range: PathRange, node: StateTree, at: Position): void {
  if (!at.low && !at.high) return
  if (node === undefined) {
    proof.push('empty')
    return
  }
  if (node.kind === 'leaf') {
    const { path, value } = node
    proof.push(isInside(range, path) ? 'record' : { path, valueHash: sha256(value) })
    return
  }
  proof.push('branch')
  for (const bit of [0, 1] as const) {
    const child = bit === 0 ? node.left : node.right
    const place = half(range, at, bit)
    if (place === undefined) proof.push(rootOf(child))
    else prove(proof, range, child, place)
  }
}

/** What a chunk that verified says: set these records; `next` is where the range goes on, undefined at its end. */
export type VerifiedChunk = {
  /** With the hashes of their leaves. */
  readonly records: readonly (StateRecord & { readonly path: Hash; readonly hash: Hash })[]
  readonly next: Hash | undefined
}

/** Total on foreign chunks. A chunk that is not full must reach the end of the range, so that every one brings it nearer. */
export function verifyChunk(
  root: Hash,
  range: PathRange,
  chunk: StateChunk,
  hashPairs: HashPairs,
): Result<VerifiedChunk, 'invalid-chunk'> {
  const records = chunk.records.map(({ key, value }) => ({ key, value, path: statePath(key) }))
  const disorder = disorderOf(records, range)
  if (disorder !== undefined) return rejected('invalid-chunk', disorder)
  const last = records.at(-1)?.path
  const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0)
  if (!chunk.complete && (last === undefined || !isFull(records.length, bytes))) {
    return rejected('invalid-chunk', 'the chunk ends before it is full')
  }
  const to = chunk.complete || last === undefined ? range.to : last
  const tree = applyBatch(undefined, records, hashPairs)
  const reading = { range: { from: range.from, to }, proof: chunk.proof, position: 0 }
  const hash = rebuild(reading, tree, ROOT)
  if (hash === undefined || reading.position !== chunk.proof.length) {
    return rejected('invalid-chunk', 'the proof is not one of this range')
  }
  if (!equalBytes(hash, root)) return rejected('invalid-chunk', 'the chunk gives another root')
  const next = pathAfter(to)
  const isAtEnd = next === undefined || compareBytes(next, range.to) > 0
  const hashes = [...leavesOf(tree)].map(({ hash: leaf }) => leaf)
  const hashed = records.map((record, index) => {
    return { ...record, hash: present(hashes[index], 'a record is a leaf') }
  })
  return accepted({ records: hashed, next: isAtEnd ? undefined : next })
}

function disorderOf(
  records: readonly { readonly path: Hash }[],
  range: PathRange,
): string | undefined {
  for (const [index, { path }] of records.entries()) {
    if (!isInside(range, path)) return 'a record lies outside of the range'
    const before = records[index - 1]
    if (before !== undefined && compareBytes(before.path, path) >= 0) {
      return 'the records do not ascend'
    }
  }
  return undefined
}

type Reading = {
  readonly range: PathRange
  readonly proof: readonly ProofToken[]
  position: number
}

/** Hash of the subtree at a place; `node` holds the chunk's own records there. undefined: the proof does not fit them. */
function rebuild(reading: Reading, node: StateTree, at: Position): Hash | undefined {
  if (!at.low && !at.high) return rootOf(node)
  const token = reading.proof[reading.position++]
  if (token === 'branch') return rebuildBranch(reading, node, at)
  if (token === 'empty') return node === undefined ? ZERO_HASH : undefined
  if (token === 'record') return node?.kind === 'leaf' ? node.hash : undefined
  if (token === undefined || token instanceof Uint8Array) return undefined
  // A leaf beyond the edge; that it stands where it may is what its hash, with the path in it, says under the root.
  if (node !== undefined || isInside(reading.range, token.path)) return undefined
  return hashLeaf(token.path, token.valueHash)
}

function rebuildBranch(reading: Reading, node: StateTree, at: Position): Hash | undefined {
  // Deeper than a path no edge runs.
  if (at.depth >= 8 * HASH_SIZE) return undefined
  const { left, right } = halvesOf(node, at.depth)
  const leftHash = rebuildHalf(reading, left, half(reading.range, at, 0))
  const rightHash = leftHash && rebuildHalf(reading, right, half(reading.range, at, 1))
  if (leftHash === undefined || rightHash === undefined) return undefined
  return hashPair(concatBytes(leftHash, rightHash))
}

function rebuildHalf(
  reading: Reading,
  node: StateTree,
  at: Position | undefined,
): Hash | undefined {
  if (at !== undefined) return rebuild(reading, node, at)
  const token = reading.proof[reading.position++]
  return token instanceof Uint8Array ? token : undefined
}
