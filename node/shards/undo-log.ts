/**
 * The undo log: what every stored block of a shard changed, the other way round. It is on disk with the state, so that a node that
 * was restarted can still give the states of its last blocks to newcomers (docs/protocol/state-sync.md S.6), and can go back
 * to one of them (docs/protocol/beacon.md B.8).
 *
 * Invariants: every step names the root of the state that it leads to, and no state is given out that has another; the log of
 * a node that never stopped is not in its memory.
 */
import { equalBytes, toHex } from '../primitives/bytes.ts'
import { createWriter, decodeExactly } from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'
import type { Result } from '../primitives/result.ts'
import type { RecordChange } from './state-difference.ts'
import { statePath } from './state-key.ts'
import {
  applyBatch,
  type HashPairs,
  readState,
  rootOf,
  sortChanges,
  type StateTree,
} from './state-tree.ts'
import type { StateWrite } from './working-state.ts'

/**
 * Heights on disk: the two newest snapshot points lie within three intervals of 128, and where epochs are shorter they lie closer. A
 * step is about as large as what its block wrote, and costs a block of 400 transfers some 2 ms of its thread.
 */
export const UNDO_HEIGHTS_MAX = 512
/** Far more than a block can change. */
const CHANGES_MAX = 1_000_000
const KEY_BYTES_MAX = 64
const VALUE_BYTES_MAX = 65_536

/** Leads from the state after the block of this height to the one before it. */
export type UndoStep = {
  readonly height: number
  readonly rootBefore: Hash
  readonly changes: readonly RecordChange[]
}

export function undoOf(height: number, writes: readonly StateWrite[], before: StateTree): UndoStep {
  const changes = writes.map(({ key, path }) => ({ key, value: readState(before, path) }))
  return { height, rootBefore: rootOf(before), changes }
}

export function encodeUndo({ rootBefore, changes }: UndoStep): Uint8Array {
  return createWriter()
    .fixed(rootBefore, HASH_SIZE)
    .list(changes, (writer, { key, value }) => {
      writer.variable(key).flag(value !== undefined)
      if (value !== undefined) writer.variable(value)
    })
    .finish()
}

export function decodeUndo(height: number, bytes: Uint8Array): Result<UndoStep> {
  return decodeExactly(bytes, (reader) => {
    const rootBefore = reader.fixed(HASH_SIZE)
    const changes = reader.list(CHANGES_MAX, () => {
      const key = reader.variable(KEY_BYTES_MAX)
      return { key, value: reader.flag() ? reader.variable(VALUE_BYTES_MAX) : undefined }
    })
    return { height, rootBefore, changes }
  })
}

export type PastStates = {
  /** Of the state that the steps lead down from. */
  readonly height: number
  /** undefined: the log does not reach it, or what is on disk does not give its root. */
  readonly at: (height: number) => { readonly tree: StateTree } | undefined
}

/** The states below a stored one. */
export function createPastStates(
  head: { readonly height: number; readonly tree: StateTree },
  steps: readonly UndoStep[],
  hashPairs: HashPairs,
): PastStates {
  const byHeight = new Map(steps.map((step) => [step.height, step]))
  return {
    height: head.height,
    at: (height) => {
      const changes = new Map<string, RecordChange>()
      let root = rootOf(head.tree)
      // The lowest step has the last word about a record.
      for (let above = head.height; above > height; above--) {
        const step = byHeight.get(above)
        if (step === undefined) return undefined
        root = step.rootBefore
        for (const change of step.changes) changes.set(toHex(change.key), change)
      }
      if (height > head.height) return undefined
      const batch = [...changes.values()].map(({ key, value }) => {
        return { path: statePath(key), key, value }
      })
      const tree = applyBatch(head.tree, sortChanges(batch), hashPairs)
      return equalBytes(rootOf(tree), root) ? { tree } : undefined
    },
  }
}

/** The chain went back to this height: what lay above is of no block any more. */
export function pastBelow(past: PastStates, height: number): PastStates {
  return {
    height: Math.min(past.height, height),
    at: (asked) => (asked <= height ? past.at(asked) : undefined),
  }
}
