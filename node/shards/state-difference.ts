/**
 * What leads from one state to another: the records in which two trees differ. Subtrees that both share, or that have one
 * hash, are not entered, so the price is that of the difference and not of the state.
 */
import { present } from '../primitives/assert.ts'
import { equalBytes, toHex } from '../primitives/bytes.ts'
import type { StateKey } from './state-key.ts'
import { leavesOf, rootOf, type StateLeaf, type StateTree } from './state-tree.ts'

/** An undefined value removes the record. */
export type RecordChange = { readonly key: StateKey; readonly value: Uint8Array | undefined }

export function differences(from: StateTree, to: StateTree): readonly RecordChange[] {
  const before = new Map<string, StateLeaf>()
  const after = new Map<string, StateLeaf>()
  const open: (readonly [StateTree, StateTree])[] = [[from, to]]
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [left, right] = pair
    if (left === right || equalBytes(rootOf(left), rootOf(right))) continue
    if (left?.kind === 'branch' && right?.kind === 'branch') {
      open.push([left.left, right.left], [left.right, right.right])
      continue
    }
    for (const leaf of leavesOf(left)) before.set(toHex(leaf.path), leaf)
    for (const leaf of leavesOf(right)) after.set(toHex(leaf.path), leaf)
  }
  return changesOf(before, after)
}

function changesOf(
  before: ReadonlyMap<string, StateLeaf>,
  after: ReadonlyMap<string, StateLeaf>,
): readonly RecordChange[] {
  const changes: RecordChange[] = []
  for (const [path, leaf] of before) {
    if (!after.has(path)) changes.push({ key: keyOf(leaf), value: undefined })
  }
  for (const [path, leaf] of after) {
    const known = before.get(path)
    if (known !== undefined && equalBytes(known.hash, leaf.hash)) continue
    changes.push({ key: keyOf(leaf), value: leaf.value })
  }
  return changes
}

function keyOf(leaf: StateLeaf): StateKey {
  return present(leaf.key, 'trees of a shard are made of records with keys')
}
