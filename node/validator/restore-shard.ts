/**
 * Restore of one shard that is opened while the node runs (docs/protocol/beacon.md B.11): what of its chain is on the disk, in the
 * rounds and with the checks of a start (restore.ts, restore-check.ts).
 *
 * Nothing is written for a shard that is not held, so what is read in several rounds fits together.
 */
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { StoreRange } from '../storage/store.ts'
import type { ChainRestore, LoadAnswer } from './contract.ts'
import { chainSpineReads, missingOfOne } from './restore-check.ts'
import { chainHeadReads, chainRestoreOf, chainTailReads } from './restore.ts'

/** What a start reads besides its chains, in the same rounds. */
const OTHER_HEADS: LoadAnswer = [[], [], []]
const OTHER_TAILS: LoadAnswer = [[]]

export type ShardReads = {
  readonly heads: LoadAnswer
  readonly tails: LoadAnswer
  readonly spines: LoadAnswer
}

export function shardHeadReads(shard: ChainNumber): readonly StoreRange[] {
  return chainHeadReads(shard)
}

/** The second round: the journal and the newest blocks, then the spine below them. */
export function shardTailReads(shard: ChainNumber, heads: LoadAnswer) {
  const all = [...OTHER_HEADS, ...heads]
  return { tails: chainTailReads(shard, all, 0), spines: chainSpineReads(shard, all, 0) }
}

/** What the chain starts from, or the record that others say must be there and is not. */
export function shardRestoreOf(
  shard: ChainNumber,
  { heads, tails, spines }: ShardReads,
): { readonly restore: ChainRestore; readonly missing: string | undefined } {
  const reads = { heads: [...OTHER_HEADS, ...heads], tails: [...OTHER_TAILS, ...tails], spines }
  return {
    restore: chainRestoreOf(shard, reads, 0),
    missing: missingOfOne(shard, reads, 0),
  }
}
