/**
 * Crosslinks: the beacon's record that a shard finalized a header (docs/protocol/crosslinks.md C.3).
 */
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import type { Certificate } from './certificate.ts'
import type { ShardHeader } from './header.ts'
import type { ChannelHead } from './receipt.ts'

export type Crosslink = {
  readonly shard: ChainNumber
  readonly tip: ShardHeader
  /**
   * bodyHash of each block from the recorded head (exclusive) to the tip (inclusive). Folding
   * h = H("blk", h, height, link) from the recorded head must end at the tip's hash.
   */
  readonly links: readonly Hash[]
  /** FINALIZATION of the tip by committee(tip.epoch, shard). */
  readonly certificate: Certificate
  /** Leaves under tip.outRoot, index = destination chain 0..S: lets every destination build its branch. */
  readonly channels: readonly ChannelHead[]
}

export type ShardStatus = 'live' | 'lagging' | 'recovering' | 'frozen'

/** What the beacon knows of a shard (B.1). */
export type ShardRecord = {
  readonly shard: ChainNumber
  readonly epoch: number
  readonly height: number
  readonly hash: Hash
  readonly stateRoot: Hash
  readonly outRoot: Hash
  readonly cursors: readonly number[]
  readonly anchorHeight: number
  readonly sealed: boolean
  readonly inboxUnits: number
  readonly outBytes: number
  /** Beacon height of the last crosslink; the genesis height 0 at first. */
  readonly lastCrosslinkHeight: number
  readonly status: ShardStatus
}

/**
 * The beacon as a shard block sees it through its anchor: all that the validity of the block may depend on.
 * Shards get it from their own finalized beacon state, never from the block (C.2).
 */
export type AnchorView = {
  readonly beaconHeight: number
  readonly beaconHash: Hash
  readonly epoch: number
  readonly timestampMs: number
  /** Index = shard number - 1. */
  readonly shards: readonly ShardRecord[]
}
