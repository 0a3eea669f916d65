/**
 * Crosslinks: the beacon's record that a shard finalized a header (docs/protocol/crosslinks.md C.3).
 *
 * Invariant: the links of a crosslink fold from the recorded head to its tip, so a recorded head only ever moves to its own
 * descendants, whatever a shard's committee signs.
 */
import { assert, present } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import { CROSSLINK_SPAN_MAX } from '../primitives/limits.ts'
import type { BeaconChannels } from './beacon-channels.ts'
import type { Certificate } from './certificate.ts'
import { emptyChannels, outRootOf } from './channel.ts'
import type { ShardHeader } from './header.ts'
import { blockHash, headerBodyHash, shardBlockHash } from './header-codec.ts'
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

/** What the network wants of a shard, whatever its committee can do (B.7): open to everybody, or on its way out. */
export type ShardStage = 'open' | 'draining' | 'drained' | 'retired'

/** What the beacon knows of a shard (B.1). */
export type ShardRecord = {
  readonly shard: ChainNumber
  readonly epoch: number
  readonly height: number
  readonly hash: Hash
  /** Of the head: an engine that is forced to go on from it starts its clock there (B.8). */
  readonly timestampMs: number
  readonly stateRoot: Hash
  readonly outRoot: Hash
  readonly cursors: readonly number[]
  /** Wei that the shard was given at genesis. */
  readonly supply: bigint
  /** Wei ever sent to each chain, index = destination 0..S (C.3 (8)). */
  readonly sent: readonly bigint[]
  /** Receipts ever sent to each chain, index = destination 0..S (B.7). */
  readonly sequences: readonly number[]
  readonly anchorHeight: number
  readonly sealed: boolean
  readonly inboxUnits: number
  readonly outBytes: number
  /** Beacon height of the last crosslink; the genesis height 0 at first. */
  readonly lastCrosslinkHeight: number
  readonly status: ShardStatus
  /** Beacon height at which the shard began to recover (B.8); 0 if it does not. */
  readonly recoveringSince: number
  /** The epoch in which the shard was last made to go on from its head (B.8); 0: never. */
  readonly forcedEpoch: number
  /** Beacon height from which on the shard is in the layout; 0: since genesis (B.7). */
  readonly openedHeight: number
  readonly stage: ShardStage
  /** Beacon height at which the stage began. */
  readonly stageHeight: number
}

/** What a shard begins with. */
export type ShardOrigin = Pick<
  ShardRecord,
  'shard' | 'epoch' | 'hash' | 'timestampMs' | 'stateRoot' | 'supply'
> & {
  /** Of the layout that it begins in. */
  readonly shardCount: number
  /** Beacon height at which it begins: 0 at genesis, later if it is opened (B.7). */
  readonly openedHeight: number
}

/** The record of a shard that has made no block: nothing consumed, nothing sent. */
export function firstRecord({ shardCount, openedHeight, ...origin }: ShardOrigin): ShardRecord {
  const channels = emptyChannels(shardCount)
  return {
    ...origin,
    height: 0,
    outRoot: outRootOf(channels),
    cursors: channels.map(() => 0),
    sent: channels.map(() => 0n),
    sequences: channels.map(() => 0),
    anchorHeight: openedHeight,
    sealed: false,
    inboxUnits: 0,
    outBytes: 0,
    lastCrosslinkHeight: openedHeight,
    status: 'live',
    recoveringSince: 0,
    forcedEpoch: 0,
    openedHeight,
    stage: 'open',
    stageHeight: openedHeight,
  }
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
  readonly beacon: BeaconChannels
}

/** B.8: the shard makes no block that is anchored there. */
export function isRecovering({ shards }: AnchorView, shard: ChainNumber): boolean {
  return shards[shard - 1]?.status === 'recovering'
}

/** B.7: whether it is the last block of the shard, as a newer record says: it leans on a beacon block by which everything had left. */
export function isLastBlock(
  { stage, stageHeight, height }: ShardRecord,
  block: Pick<ShardHeader, 'anchor' | 'height'>,
): boolean {
  if (stage === 'retired') return block.height >= height
  return stage === 'drained' && block.anchor.beaconHeight >= stageHeight
}

/** A block by its name and place. */
export type BlockPoint = { readonly hash: Hash; readonly height: number }

/**
 * A.7: whether the shard has anything to tell beyond being alive. Whatever is executed or received costs gas and changes
 * the state root; a single block without gas has at most noted that nothing came. Of such blocks the beacon hears with its
 * next one, and need not make one for them.
 */
export function bringsNews(
  record: ShardRecord,
  { tip, links }: Pick<Crosslink, 'tip' | 'links'>,
): boolean {
  const isOneEmptyBlock = links.length === 1 && tip.gasUsed === 0
  return (
    record.status !== 'live' ||
    record.stage !== 'open' ||
    tip.epoch !== record.epoch ||
    tip.sealing !== record.sealed ||
    tip.inboxUnits !== record.inboxUnits ||
    tip.outBytes !== record.outBytes ||
    !equalBytes(tip.outRoot, record.outRoot) ||
    !(isOneEmptyBlock || equalBytes(tip.stateRoot, record.stateRoot))
  )
}

/** Follows `links` from `head`: one block per link (C.3). */
export function foldLinks(head: BlockPoint, links: readonly Hash[]): BlockPoint {
  let { hash, height } = head
  for (const link of links) {
    height++
    hash = blockHash(hash, height, link)
  }
  return { hash, height }
}

export type CrosslinkParts = {
  /** The shard as recorded by the beacon block the crosslink will follow. */
  readonly record: ShardRecord
  /** Own finalized headers, ascending from record.height + 1 to the tip; 1 to CROSSLINK_SPAN_MAX. */
  readonly headers: readonly ShardHeader[]
  /** FINALIZATION of the last header. */
  readonly certificate: Certificate
  /** Channel state after the last header, index = destination 0..S. */
  readonly channels: readonly ChannelHead[]
}

/** Makes a crosslink out of the node's own finalized chain; all parts are ours, so they are asserted. */
export function makeCrosslink(parts: CrosslinkParts): Crosslink {
  const { record, headers, certificate, channels } = parts
  assert(headers.length <= CROSSLINK_SPAN_MAX, 'a crosslink covers a bounded span')
  const tip = present(headers[headers.length - 1], 'a crosslink covers at least one block')
  assert(tip.chain === record.shard, 'the headers are of the recorded shard')
  const links = headers.map(headerBodyHash)
  const reached = foldLinks(record, links)
  assert(
    reached.height === tip.height && equalBytes(reached.hash, shardBlockHash(tip)),
    'the headers continue the recorded head without gaps',
  )
  assert(equalBytes(outRootOf(channels), tip.outRoot), 'the channels are those of the tip')
  return { shard: record.shard, tip, links, certificate, channels }
}
