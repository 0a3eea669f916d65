/**
 * Is what was read of a shard the chain that the beacon has recorded? A captured shard can finalize two (docs/protocol/crosslinks.md
 * C.7), and a shard that is forced on loses blocks that were final (docs/protocol/beacon.md B.8); a member that was asked before it
 * knew has shown blocks that count for nothing.
 */
import type { CutShard } from './ledger.ts'

export type ReadBlock = {
  readonly height: number
  readonly hash: string
  /** undefined: the node did not say. */
  readonly parentHash?: string | undefined
}

/** `blocks`: those above the books, in height order; `booked`: where the books stand, hash empty at height 0. */
export function isRecorded(
  { height, hash }: CutShard,
  blocks: readonly ReadBlock[],
  booked: { readonly height: number; readonly hash: string },
): boolean {
  if (height <= booked.height) return true
  const upTo = blocks.filter((block) => block.height <= height)
  if (upTo.at(-1)?.hash !== hash) return false
  let parent = booked.hash
  for (const block of upTo) {
    const isUnknown = parent === '' || block.parentHash === undefined
    if (!isUnknown && block.parentHash !== parent) return false
    parent = block.hash
  }
  return true
}
