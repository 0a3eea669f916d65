/**
 * The inbox of a hosted shard: receipt batches that other shards sent, held until a block consumes them.
 *
 * A pushed batch is a hint and proves nothing. What proves it is the fold from this shard's cursor to the leaf that the
 * beacon recorded (C.5). Batches that do not fold are thrown away, and until the channel folds again only the member that was
 * asked is listened to, one after the other: a member that lies cannot keep the others out.
 * Never fire and forget: what is missing is pulled, from one member after the other, until it is there.
 *
 * Bounds: HELD_BYTES_PER_SOURCE_MAX per source; on overflow the batch farthest from the cursor goes.
 */
import { batchDigest, channelTo, foldDigest, outBranch } from '../crosslink/channel.ts'
import type { AnchorView } from '../crosslink/crosslink.ts'
import type { ChannelHead, InboxItem, ReceiptBatch } from '../crosslink/receipt.ts'
import { batchBytes } from '../crosslink/receipt-codec.ts'
import { present } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import { INBOX_BYTES_PER_BLOCK_MAX } from '../primitives/limits.ts'
import type { Context } from './context.ts'

/** Bytes of batches held per source: several full blocks. */
const HELD_BYTES_PER_SOURCE_MAX = 16 * INBOX_BYTES_PER_BLOCK_MAX
/** Batches are executed at most this many bytes per block, so no more is offered to the builder. */
const OFFERED_BYTES_MAX = 2 * INBOX_BYTES_PER_BLOCK_MAX
/** A pull that stays without answer is repeated, to the next member, after this long. */
const PULL_RETRY_MS = 600

type Held = { readonly batch: ReceiptBatch; readonly digest: Hash; readonly size: number }

type Source = {
  /** By start sequence. */
  readonly held: Map<number, Held>
  bytes: number
  pulls: number
  nextPullAt: number
  /** The member that the last pull went to. */
  asked: number | undefined
  /** What was held did not fold: somebody lies. */
  isDistrusted: boolean
}

export type InboxFeed = {
  /** `from`: the validator that sent it. */
  readonly add: (batch: ReceiptBatch, from: number) => void
  /** Items complete up to the anchor's leaves, or undefined while something is missing (which is then asked for). */
  readonly assemble: (
    anchor: AnchorView,
    cursors: readonly ChannelHead[],
  ) => readonly InboxItem[] | undefined
  /** Whether the anchor promises more than the cursors have consumed. */
  readonly promises: (anchor: AnchorView, cursors: readonly ChannelHead[]) => boolean
  /** Forgets what a finalized block consumed. */
  readonly prune: (cursors: readonly ChannelHead[]) => void
}

export type InboxFeedOptions = {
  readonly shard: ChainNumber
  /** Channel leaves behind an outRoot the beacon recorded for this source; undefined if not known. */
  readonly leavesOf: (source: ChainNumber, outRoot: Hash) => readonly ChannelHead[] | undefined
  /** Validators of a shard's committee but this node, to pull from. */
  readonly committeeOf: (shard: ChainNumber) => readonly number[]
}

type Feed = {
  readonly context: Context
  readonly options: InboxFeedOptions
  readonly sources: Map<ChainNumber, Source>
}

export function createInboxFeed(context: Context, options: InboxFeedOptions): InboxFeed {
  const self: Feed = { context, options, sources: new Map() }
  return {
    add: (batch, from) => {
      if (batch.destination === options.shard && batch.receipts.length > 0) {
        addBatch(self, batch, from)
      }
    },
    assemble: (anchor, cursors) => assemble(self, anchor, cursors),
    promises: (anchor, cursors) =>
      anchor.shards.some((record) => {
        if (record.shard === options.shard) return false
        const promised = promisedLeaves(self, anchor, record.shard)?.[options.shard]
        return (promised?.nextSequence ?? 0) > channelTo(cursors, record.shard).nextSequence
      }),
    prune: (cursors) => {
      for (const [chain, source] of self.sources) {
        const { nextSequence } = channelTo(cursors, chain)
        for (const start of source.held.keys()) if (start < nextSequence) drop(source, start)
      }
    },
  }
}

function sourceOf({ sources }: Feed, chain: ChainNumber): Source {
  const known = sources.get(chain)
  if (known !== undefined) return known
  const created: Source = {
    held: new Map(),
    bytes: 0,
    pulls: 0,
    nextPullAt: 0,
    asked: undefined,
    isDistrusted: false,
  }
  sources.set(chain, created)
  return created
}

function drop(source: Source, start: number): void {
  const held = source.held.get(start)
  if (held === undefined) return
  source.held.delete(start)
  source.bytes -= held.size
}

function addBatch(self: Feed, batch: ReceiptBatch, from: number): void {
  const source = sourceOf(self, batch.source)
  if (source.isDistrusted && from !== source.asked) return
  // The answer to a pull: the next one may go out at once.
  if (from === source.asked) source.nextPullAt = 0
  // What is held first stays: it may be the right one, and the fold will tell.
  if (source.held.has(batch.startSequence)) return
  const size = batchBytes(batch)
  source.held.set(batch.startSequence, { batch, digest: batchDigest(batch), size })
  source.bytes += size
  while (source.bytes > HELD_BYTES_PER_SOURCE_MAX) drop(source, farthest(source))
}

function farthest({ held }: Source): number {
  let start = 0
  for (const key of held.keys()) start = Math.max(start, key)
  return start
}

/** C.5: missing batches are pulled, never waited for. */
function pull(self: Feed, chain: ChainNumber, fromSequence: number): void {
  const { context, options } = self
  const source = sourceOf(self, chain)
  if (context.now() < source.nextPullAt) return
  source.nextPullAt = context.now() + PULL_RETRY_MS
  const committee = options.committeeOf(chain)
  if (committee.length === 0) return
  const target = present(committee[source.pulls % committee.length], 'the committee has members')
  source.pulls++
  source.asked = target
  context.emit({
    kind: 'send',
    to: [target],
    channel: 'relay',
    message: { kind: 'get-receipts', source: chain, destination: options.shard, fromSequence },
  })
}

/** Batches from the cursor to the leaf, checked by folding; undefined if one is missing or false. */
function follow(
  self: Feed,
  chain: ChainNumber,
  cursor: ChannelHead,
  leaf: ChannelHead,
): readonly Held[] | undefined {
  // An anchor older than what was consumed: nothing is wrong, but nothing can be built on it either.
  if (cursor.nextSequence > leaf.nextSequence) return undefined
  const source = sourceOf(self, chain)
  const path: Held[] = []
  let { nextSequence, head } = cursor
  while (nextSequence < leaf.nextSequence) {
    const held = source.held.get(nextSequence)
    if (held === undefined) {
      pull(self, chain, nextSequence)
      return undefined
    }
    path.push(held)
    nextSequence += held.batch.receipts.length
    head = foldDigest(head, held.digest)
  }
  if (nextSequence === leaf.nextSequence && equalBytes(head, leaf.head)) {
    source.isDistrusted = false
    return path
  }
  for (const held of path) drop(source, held.batch.startSequence)
  source.isDistrusted = true
  source.nextPullAt = 0
  pull(self, chain, cursor.nextSequence)
  return undefined
}

function assemble(
  self: Feed,
  anchor: AnchorView,
  cursors: readonly ChannelHead[],
): readonly InboxItem[] | undefined {
  const items: InboxItem[] = []
  let isComplete = true
  for (const { shard: chain } of anchor.shards) {
    if (chain === self.options.shard) continue
    const leaves = promisedLeaves(self, anchor, chain)
    // C.5: also a source that sent this shard nothing new shows its leaf, once it has sent anybody anything.
    if (leaves?.length === 0) continue
    const item = leaves && itemOf(self, chain, channelTo(cursors, chain), leaves)
    if (item === undefined) isComplete = false
    else items.push(item)
  }
  return isComplete ? items : undefined
}

function itemOf(
  self: Feed,
  chain: ChainNumber,
  cursor: ChannelHead,
  leaves: readonly ChannelHead[],
): InboxItem | undefined {
  const { shard } = self.options
  const leaf = channelTo(leaves, shard)
  const path = follow(self, chain, cursor, leaf)
  if (path === undefined) return undefined
  let offered = 0
  const cut = path.findIndex((held) => {
    offered += held.size
    return offered > OFFERED_BYTES_MAX
  })
  const count = cut < 0 ? path.length : cut
  return {
    source: chain,
    leaf,
    branch: outBranch(leaves, shard),
    batches: path.slice(0, count).map((held) => held.batch),
    tailDigests: path.slice(count).map((held) => held.digest),
  }
}

function promisedLeaves(
  { options }: Feed,
  anchor: AnchorView,
  chain: ChainNumber,
): readonly ChannelHead[] | undefined {
  const record = present(anchor.shards[chain - 1], 'an anchor records every shard')
  return record.height === 0 ? [] : options.leavesOf(chain, record.outRoot)
}
