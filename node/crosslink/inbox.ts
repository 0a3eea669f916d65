/**
 * The inbox: what a shard block may, and must, consume from other shards (docs/protocol/crosslinks.md C.5).
 *
 * `verifyInboxItem` proves that batches are what the source committed to under its crosslinked outRoot and that they follow
 * the cursor: exactly once, in order, without gaps. `selectInbox` is the forced inclusion rule: how much of what is
 * available a block must consume, and in which order. Builder and verifier run the same walk.
 *
 * A source whose next batches cannot be had is passed over with an item that holds neither batches nor digests. So no source
 * can stop a shard, whatever it commits to. That a leader passes over what can be had is not a question of validity: nobody
 * can tell from the block. Members that hold it refuse to vote (C.5, acceptance).
 *
 * The walk visits sources in rotation and takes one batch per visit while both budgets are not yet used up. It looks at
 * what was taken, never at what comes next, so that a verifier can run it on the block alone, without the bodies behind
 * `tailDigests`. The price is that a block may pass its budget by one batch.
 */
import { assert } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import {
  BATCH_BYTES_MAX,
  BATCH_RECEIPTS_MAX,
  INBOX_BYTES_PER_BLOCK_MAX,
  RECEIPT_PAYLOAD_BYTES_MAX,
} from '../primitives/limits.ts'
import { verifyMerkleBranch } from '../primitives/merkle.ts'
import { accepted, rejected, type Reject, type Result } from '../primitives/result.ts'
import { batchDigest, channelLeaf, consumeBatch, foldDigest } from './channel.ts'
import type { ChannelHead, InboxItem, Receipt, ReceiptBatch } from './receipt.ts'
import { batchBytes, CHANNEL_BATCHES_MAX } from './receipt-codec.ts'

export type InboxReject =
  | 'unknown-source'
  | 'branch-mismatch'
  | 'cursor-ahead'
  | 'batch-malformed'
  | 'sequence-mismatch'
  | 'fold-mismatch'

export type InboxClaim = {
  readonly item: InboxItem
  readonly destination: ChainNumber
  /** Shards that the source knew when it committed to the outRoot: there is one leaf more (B.7). */
  readonly shardCount: number
  /** Of the source, as the beacon recorded it at the block's anchor: never as the source says itself (C.8). */
  readonly outRoot: Hash
  /** How far this shard has consumed: next sequence, and the channel's hash chain folded that far. */
  readonly cursor: ChannelHead
}

/** What an item does. */
export type InboxEntry = {
  readonly cursor: ChannelHead
  /** Sequences of the receipts in it that are void (C.5 (4)). */
  readonly voided: ReadonlySet<number>
  /** Receipts that the leaf commits to and the item leaves for later blocks; none of a source that is passed over. */
  readonly unitsLeft: number
  /** Nothing is left under the leaf. A source that is passed over is not drained, whatever its leaf says. */
  readonly isDrained: boolean
}

/** The cursor after the item's batches, or why they are not the source's word (C.5). Total on foreign items. */
export function verifyInboxItem(claim: InboxClaim): Result<InboxEntry, InboxReject> {
  const { item, destination, shardCount, outRoot, cursor } = claim
  const { source, leaf } = item
  if (!isChain(source, shardCount) || !isChain(destination, shardCount) || source === destination)
    return rejected('unknown-source', `chain ${source} has no channel to shard ${destination}`)
  const proved = verifyMerkleBranch({
    root: outRoot,
    leafCount: shardCount + 1,
    index: destination,
    leaf: channelLeaf(destination, leaf),
    branch: item.branch,
  })
  if (!proved) return rejected('branch-mismatch', 'the leaf is not under the recorded outRoot')
  if (isPassedOver(item, cursor))
    return accepted({ cursor, voided: new Set(), unitsLeft: 0, isDrained: false })
  if (cursor.nextSequence > leaf.nextSequence)
    return rejected('cursor-ahead', 'more was consumed than the source committed to')
  if (item.batches.length + item.tailDigests.length > CHANNEL_BATCHES_MAX)
    return rejected('batch-malformed', 'the item names more batches than a channel holds')
  const consumed = consumeBatches(claim)
  if (!consumed.ok) return consumed
  const after = consumed.value.cursor
  const reject = faultOfTail(item, after)
  if (reject !== undefined) return { ok: false, reject }
  const unitsLeft = leaf.nextSequence - after.nextSequence
  return accepted({ ...consumed.value, unitsLeft, isDrained: unitsLeft === 0 })
}

/**
 * Neither batches nor digests, though the channel does not stand at its leaf: the item leads nowhere, and the source is left
 * for later (C.5). Also one whose leaf lies behind what was consumed, or on another branch: only a liar has such a leaf.
 */
function isPassedOver(
  { leaf, batches, tailDigests }: Pick<InboxItem, 'leaf' | 'batches' | 'tailDigests'>,
  cursor: ChannelHead,
): boolean {
  if (batches.length > 0 || tailDigests.length > 0) return false
  return leaf.nextSequence !== cursor.nextSequence || !equalBytes(leaf.head, cursor.head)
}

function isChain(chain: ChainNumber, shardCount: number): boolean {
  return Number.isSafeInteger(chain) && chain >= BEACON_CHAIN && chain <= shardCount
}

type Consumed = Pick<InboxEntry, 'cursor' | 'voided'>

function consumeBatches(claim: InboxClaim): Result<Consumed, InboxReject> {
  const voided = new Set<number>()
  let cursor = claim.cursor
  for (const batch of claim.item.batches) {
    if (batch.source !== claim.item.source || batch.destination !== claim.destination)
      return rejected('batch-malformed', 'a batch is of another channel')
    if (!isWellFormed(batch))
      return rejected('batch-malformed', 'a batch breaks its limits or its numbering')
    if (batch.startSequence !== cursor.nextSequence)
      return rejected('sequence-mismatch', 'a batch does not follow the cursor')
    const consumed = consumeBatch(cursor, batch, claim.item.leaf.value)
    for (const sequence of consumed.voided) voided.add(sequence)
    cursor = consumed.cursor
  }
  return accepted({ cursor, voided })
}

function isWellFormed(batch: ReceiptBatch): boolean {
  const { receipts } = batch
  if (receipts.length < 1 || receipts.length > BATCH_RECEIPTS_MAX) return false
  if (receipts.some((receipt) => receipt.payload.length > RECEIPT_PAYLOAD_BYTES_MAX)) return false
  if (batchBytes(batch) > BATCH_BYTES_MAX) return false
  return receipts.every(
    (receipt, index) =>
      receipt.source === batch.source &&
      receipt.destination === batch.destination &&
      receipt.sequence === batch.startSequence + index,
  )
}

/** What is left must lead from the new cursor to the leaf, so the consumed batches are a prefix of the source's. */
function faultOfTail(item: InboxItem, cursor: ChannelHead): Reject<InboxReject> | undefined {
  const { leaf, tailDigests } = item
  const left = leaf.nextSequence - cursor.nextSequence
  // Each batch left holds at least one receipt.
  if (left < tailDigests.length || (left > 0 && tailDigests.length === 0))
    return { code: 'sequence-mismatch', detail: 'the tail does not span the receipts left' }
  let head = cursor.head
  for (const digest of tailDigests) {
    if (digest.length !== HASH_SIZE) return { code: 'fold-mismatch', detail: 'a digest is no hash' }
    head = foldDigest(head, digest)
  }
  return equalBytes(head, leaf.head)
    ? undefined
    : { code: 'fold-mismatch', detail: 'the batches do not fold to the committed head' }
}

/** Stop taking batches once this much is used; one batch more always fits INBOX_BYTES_PER_BLOCK_MAX (C.6). */
export const INBOX_BYTES_BUDGET = INBOX_BYTES_PER_BLOCK_MAX - BATCH_BYTES_MAX

export type InboxRule = {
  /** Of the block that consumes: rotates the order of the sources. */
  readonly height: number
  readonly shardCount: number
  /** Stop taking batches once this much gas is used (75 % of the block's gas limit, C.5). */
  readonly gasBudget: number
  /** Gas that consuming this receipt counts for; the same for builder and verifier, from the receipt alone. */
  readonly gasOf: (receipt: Receipt) => number
}

export type InboxSelection = {
  /** One per source that has anything, ascending by source, batches cut to what must be consumed. */
  readonly items: readonly InboxItem[]
  /** The consumed batches in the order of their execution. */
  readonly batches: readonly ReceiptBatch[]
  /** A source whose next batch is due but not held: no valid block can be built until it is. */
  readonly missing: ChainNumber | undefined
}

/** Builder: cuts complete items (tail empty or not held locally) to what the block must consume (C.5). */
export function selectInbox(items: readonly InboxItem[], rule: InboxRule): InboxSelection {
  const walk = walkInbox(items, rule)
  const cut = items.map((item): InboxItem => {
    const taken = walk.taken.get(item.source) ?? 0
    const left = item.batches.slice(taken).map(batchDigest)
    return {
      ...item,
      batches: item.batches.slice(0, taken),
      tailDigests: [...left, ...item.tailDigests],
    }
  })
  return {
    items: cut.sort((left, right) => left.source - right.source),
    batches: walk.batches,
    missing: walk.missing,
  }
}

export type InboxSelectionReject = 'inbox-order' | 'inbox-skipped' | 'inbox-excess'

/** Verifier: the items of a block hold exactly what the rule demands; gives the order of execution (C.5). */
export function checkInboxSelection(
  items: readonly InboxItem[],
  rule: InboxRule,
): Result<readonly ReceiptBatch[], InboxSelectionReject> {
  const ascending = items.every(
    (item, index) => index === 0 || (items[index - 1]?.source ?? 0) < item.source,
  )
  if (!ascending) return rejected('inbox-order', 'items are not ascending by source')
  const walk = walkInbox(items, rule)
  if (walk.missing !== undefined)
    return rejected('inbox-skipped', `a batch of shard ${walk.missing} was due and is left out`)
  for (const item of items) {
    if (item.batches.length > (walk.taken.get(item.source) ?? 0))
      return rejected('inbox-excess', `a batch of shard ${item.source} is past the budget`)
  }
  return accepted(walk.batches)
}

type InboxWalk = {
  readonly batches: readonly ReceiptBatch[]
  readonly taken: ReadonlyMap<ChainNumber, number>
  /** A source whose next batch was due but stands in its tail. */
  readonly missing: ChainNumber | undefined
}

/** Each round visits every source once: the beacon, which sends little, then shards from (height mod S) + 1 on. */
function roundOf({ height, shardCount }: InboxRule): readonly ChainNumber[] {
  assert(shardCount >= 1, 'a network has shards')
  const first = height % shardCount
  const shards = Array.from({ length: shardCount }, (_, step) => ((first + step) % shardCount) + 1)
  return [BEACON_CHAIN, ...shards]
}

function walkInbox(items: readonly InboxItem[], rule: InboxRule): InboxWalk {
  const bySource = new Map(items.map((item) => [item.source, item]))
  const taken = new Map<ChainNumber, number>()
  const batches: ReceiptBatch[] = []
  const round = roundOf(rule)
  let gas = 0
  let bytes = 0
  for (let visited = true; visited;) {
    visited = false
    for (const source of round) {
      if (gas >= rule.gasBudget || bytes >= INBOX_BYTES_BUDGET)
        return { batches, taken, missing: undefined }
      const item = bySource.get(source)
      const index = taken.get(source) ?? 0
      if (item === undefined || index >= item.batches.length + item.tailDigests.length) continue
      const batch = item.batches[index]
      if (batch === undefined) return { batches, taken, missing: source }
      batches.push(batch)
      taken.set(source, index + 1)
      for (const receipt of batch.receipts) gas += rule.gasOf(receipt)
      bytes += batchBytes(batch)
      visited = true
    }
  }
  return { batches, taken, missing: undefined }
}
