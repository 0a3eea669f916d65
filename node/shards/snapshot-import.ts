/**
 * Importing a snapshot: a state that is built out of chunks beside the one the executor stands at, and takes its place when it
 * is whole (docs/protocol/state-sync.md S.7).
 *
 * Invariants: nothing is kept that did not verify against the target's state root; what is kept is named with the progress in
 * one commit, so that a restart goes on where it stood; until the end the old state stays what it was.
 */
import type { ShardHeader } from '../crosslink/header.ts'
import { shardBlockHash } from '../crosslink/header-codec.ts'
import { assert } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import { pointOf, type StatePoint } from './block-execution.ts'
import type { ImportProgress } from './executor.ts'
import type { StateRecord } from './genesis-state.ts'
import { decodeStateChunk } from './snapshot-chunk.ts'
import { STRETCH_COUNT, stretchAt, verifyChunk } from './snapshot-proof.ts'
import { applyBatch, type HashPairs, rootOf, type StateTree } from './state-tree.ts'
import { treeOfRecords } from './working-state.ts'

/** What is stored of an import: the block whose state it is, how far it is, and the records so far. */
export type StoredImport = {
  readonly header: ShardHeader
  readonly progress: ImportProgress
  readonly records: readonly StateRecord[]
}

export type ImportCommit =
  /** Drops whatever else was being imported. */
  | {
      readonly kind: 'begin-import'
      readonly header: ShardHeader
      readonly progress: ImportProgress
    }
  | {
      readonly kind: 'import-chunk'
      readonly header: ShardHeader
      readonly writes: readonly StateRecord[]
      readonly progress: ImportProgress
    }
  /** The imported records are the state from now on; the old ones go. */
  | { readonly kind: 'finish-import'; readonly header: ShardHeader; readonly hash: Hash }

/** An import under way. */
export type SnapshotImport = {
  readonly header: ShardHeader
  readonly hash: Hash
  tree: StateTree
  /** Where each stretch goes on. */
  progress: ImportProgress
}

export function beginImport(header: ShardHeader): SnapshotImport {
  const progress = Array.from({ length: STRETCH_COUNT }, (_, index) => stretchAt(index).from)
  return { header, hash: shardBlockHash(header), tree: undefined, progress }
}

/** After a restart. What is stored was verified when it came; the root at the end tells whether the disk kept it. */
export function resumeImport(stored: StoredImport, hashPairs: HashPairs): SnapshotImport {
  const { header, progress, records } = stored
  return { header, hash: shardBlockHash(header), tree: treeOfRecords(records, hashPairs), progress }
}

export type ChunkPlace = { readonly stretch: number; readonly from: Hash }

/** Takes the next chunk of a stretch; undefined: it is not the next one, and nothing happened. */
export function importChunk(
  self: SnapshotImport,
  { stretch, from }: ChunkPlace,
  bytes: Uint8Array,
  hashPairs: HashPairs,
): Result<ImportCommit | undefined, 'malformed' | 'invalid-chunk'> {
  const next = self.progress[stretch]
  if (next === undefined || !equalBytes(next, from)) return accepted(undefined)
  const chunk = decodeStateChunk(bytes)
  if (!chunk.ok) return chunk
  const range = { from, to: stretchAt(stretch).to }
  const verified = verifyChunk(self.header.stateRoot, range, chunk.value, hashPairs)
  if (!verified.ok) return verified
  const { records } = verified.value
  self.tree = applyBatch(self.tree, records, hashPairs)
  self.progress = self.progress.with(stretch, verified.value.next)
  const { header, progress } = self
  return accepted({ kind: 'import-chunk', header, writes: records, progress })
}

/** The state of the target; refused while something is missing, or when the disk did not keep what it was given. */
export function finishImport(self: SnapshotImport): Result<StatePoint, 'incomplete'> {
  if (self.progress.some((next) => next !== undefined)) {
    return rejected('incomplete', 'the snapshot is not complete')
  }
  if (!equalBytes(rootOf(self.tree), self.header.stateRoot)) {
    return rejected('incomplete', 'the records of the snapshot do not give its root')
  }
  assert(equalBytes(shardBlockHash(self.header), self.hash), 'the target did not change')
  return accepted({ point: pointOf(self.hash, self.header), tree: self.tree })
}
