/**
 * Channels: the ordered receipts from one chain to another as a hash chain over batches (docs/protocol/crosslinks.md C.4).
 *
 * Invariant: a channel head commits to every batch ever sent, in order. outRoot is cumulative, so any later header proves
 * all earlier receipts and a crosslink may skip blocks.
 */
import { assert } from '../primitives/assert.ts'
import { createWriter } from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged, ZERO_HASH } from '../primitives/hash.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import { BATCH_BYTES_MAX, BATCH_RECEIPTS_MAX, SHARDS_MAX } from '../primitives/limits.ts'
import { merkleBranch, merkleRoot } from '../primitives/merkle.ts'
import type { ChannelHead, ReceiptBatch } from './receipt.ts'
import { batchBytes, receiptHash } from './receipt-codec.ts'

/** A channel through which nothing was ever sent. */
export const EMPTY_CHANNEL: ChannelHead = { nextSequence: 0, value: 0n, head: ZERO_HASH }

/** H("batch", source, destination, height, first sequence, count, bytes, Merkle root of receipt hashes) (C.4). */
export function batchDigest(batch: ReceiptBatch): Hash {
  const { receipts } = batch
  assert(receipts.length >= 1 && receipts.length <= BATCH_RECEIPTS_MAX, 'a batch has receipts')
  const size = batchBytes(batch)
  assert(size <= BATCH_BYTES_MAX, 'a batch is bounded in bytes')
  return hashTagged(
    'batch',
    createWriter()
      .u32(batch.source)
      .u32(batch.destination)
      .u64(batch.height)
      .u64(batch.startSequence)
      .u32(receipts.length)
      .u32(size)
      .fixed(merkleRoot(receipts.map(receiptHash)), HASH_SIZE)
      .finish(),
  )
}

/** H("chan", head, digest): one link of the hash chain (C.4). */
export function foldDigest(head: Hash, digest: Hash): Hash {
  assert(head.length === HASH_SIZE && digest.length === HASH_SIZE, 'a link joins two hashes')
  return hashTagged('chan', head, digest)
}

/** The channel after sending this batch, which must start where the channel stands. */
export function extendChannel(channel: ChannelHead, batch: ReceiptBatch): ChannelHead {
  assert(batch.startSequence === channel.nextSequence, 'a batch continues its channel')
  return {
    nextSequence: channel.nextSequence + batch.receipts.length,
    value: channel.value + batch.receipts.reduce((sum, { amount }) => sum + amount, 0n),
    head: foldDigest(channel.head, batchDigest(batch)),
  }
}

/** What consuming a batch does: the cursor after it, and the sequences of its receipts that are void. */
export type ConsumedBatch = { readonly cursor: ChannelHead; readonly voided: readonly number[] }

/**
 * The cursor after consuming this batch under a leaf of this value. A receipt that would carry the consumed value past the
 * leaf's is void: the leaf's value is what the beacon has counted (C.3 (8)), so no more may come out of the channel (C.5 (4)).
 * A source that counts what it sends never has one.
 */
export function consumeBatch(
  cursor: ChannelHead,
  batch: ReceiptBatch,
  leafValue: bigint,
): ConsumedBatch {
  const voided: number[] = []
  let { value } = cursor
  for (const { amount, sequence } of batch.receipts) {
    if (value + amount > leafValue) voided.push(sequence)
    else value += amount
  }
  return { cursor: { ...extendChannel(cursor, batch), value }, voided }
}

/** H("leaf", destination, nextSequence, value, head): a channel under outRoot (C.4). */
export function channelLeaf(destination: ChainNumber, channel: ChannelHead): Hash {
  return createWriter()
    .u32(destination)
    .u64(channel.nextSequence)
    .u256(channel.value)
    .fixed(channel.head, HASH_SIZE)
    .lend((bytes) => hashTagged('leaf', bytes))
}

/** Root over all outgoing channels, index = destination chain 0..S; the shard's own channel is empty (C.4). */
export function outRootOf(channels: readonly ChannelHead[]): Hash {
  const known = outRoots.get(channels)
  if (known !== undefined) return known
  const root = merkleRoot(leavesOf(channels))
  outRoots.set(channels, root)
  return root
}

/** The same list is asked about on its whole way: in the block, in the crosslink, at the beacon, at destinations. */
const outRoots = new WeakMap<readonly ChannelHead[], Hash>()

/** Branch of the channel to `destination`, bottom up. */
export function outBranch(
  channels: readonly ChannelHead[],
  destination: ChainNumber,
): readonly Hash[] {
  return merkleBranch(leavesOf(channels), destination)
}

function leavesOf(channels: readonly ChannelHead[]): readonly Hash[] {
  assert(channels.length <= SHARDS_MAX + 1, 'one channel per chain')
  return channels.map((channel, destination) => channelLeaf(destination, channel))
}

/** The channels of a shard that has sent nothing: its state at genesis. */
export function emptyChannels(shardCount: number): readonly ChannelHead[] {
  assert(shardCount >= 1 && shardCount <= SHARDS_MAX, 'a network has 1 to SHARDS_MAX shards')
  return Array.from({ length: shardCount + 1 }, () => EMPTY_CHANNEL)
}

/** The channel to, or from, this chain; that of a shard opened since the list was made is empty (B.7). */
export function channelTo(channels: readonly ChannelHead[], chain: ChainNumber): ChannelHead {
  return channels[chain] ?? EMPTY_CHANNEL
}

/** The outRoot of a source that has sent nothing, where it sees this many shards. */
export function emptyOutRoot(shardCount: number): Hash {
  const known = emptyRoots.get(shardCount)
  if (known !== undefined) return known
  const root = outRootOf(emptyChannels(shardCount))
  emptyRoots.set(shardCount, root)
  return root
}

/** At most SHARDS_MAX of them. */
const emptyRoots = new Map<number, Hash>()
