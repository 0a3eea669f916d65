/**
 * The inbox of a hosted shard: receipt batches that other shards sent, held until a block consumes them.
 *
 * A pushed batch is a hint and proves nothing. What proves it is the fold from this shard's cursor to the leaf that the
 * beacon recorded (C.5); batches that do not fold are thrown away and asked for from another member of the source.
 * Never fire and forget: what is missing is pulled, from one member after the other, until it is there.
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

/** Bytes of batches held per source: several full blocks. Overflow drops the newest, which is pulled again later. */
const HELD_BYTES_PER_SOURCE_MAX = 16 * INBOX_BYTES_PER_BLOCK_MAX
/** Batches are executed at most this many bytes per block, so no more is offered to the builder. */
const OFFERED_BYTES_MAX = 2 * INBOX_BYTES_PER_BLOCK_MAX
/** A pull that stays without answer is repeated, to the next member, after this long. */
const PULL_RETRY_MS = 600

type Held = { readonly batch: ReceiptBatch; readonly digest: Hash; readonly size: number }
type Source = { readonly held: Map<number, Held>; bytes: number; pulls: number; nextPullAt: number }

export type InboxFeed = {
  readonly add: (batch: ReceiptBatch) => void
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
  /** Validators of a shard's committee, to pull from. */
  readonly committeeOf: (shard: ChainNumber) => readonly number[]
}

export function createInboxFeed(context: Context, options: InboxFeedOptions): InboxFeed {
  const sources = new Map<ChainNumber, Source>()

  function sourceOf(chain: ChainNumber): Source {
    const known = sources.get(chain)
    if (known !== undefined) return known
    const created: Source = { held: new Map(), bytes: 0, pulls: 0, nextPullAt: 0 }
    sources.set(chain, created)
    return created
  }

  function drop(source: Source, start: number): void {
    const held = source.held.get(start)
    if (held === undefined) return
    source.held.delete(start)
    source.bytes -= held.size
  }

  /** C.5: missing batches are pulled, never waited for. */
  function pull(chain: ChainNumber, fromSequence: number): void {
    const source = sourceOf(chain)
    if (context.now() < source.nextPullAt) return
    source.nextPullAt = context.now() + PULL_RETRY_MS
    const committee = options.committeeOf(chain)
    const target = present(committee[source.pulls % committee.length], 'committees are not empty')
    source.pulls++
    context.emit({
      kind: 'send',
      to: [target],
      channel: 'relay',
      message: { kind: 'get-receipts', source: chain, destination: options.shard, fromSequence },
    })
  }

  /** Batches from the cursor to the leaf, checked by folding; undefined if one is missing or false. */
  function follow(
    chain: ChainNumber,
    cursor: ChannelHead,
    leaf: ChannelHead,
  ): readonly Held[] | undefined {
    const source = sourceOf(chain)
    const path: Held[] = []
    let { nextSequence, head } = cursor
    while (nextSequence < leaf.nextSequence) {
      const held = source.held.get(nextSequence)
      if (held === undefined) {
        pull(chain, nextSequence)
        return undefined
      }
      path.push(held)
      nextSequence += held.batch.receipts.length
      head = foldDigest(head, held.digest)
    }
    if (nextSequence === leaf.nextSequence && equalBytes(head, leaf.head)) return path
    for (const held of path) drop(source, held.batch.startSequence)
    pull(chain, cursor.nextSequence)
    return undefined
  }

  function itemOf(
    chain: ChainNumber,
    cursor: ChannelHead,
    leaves: readonly ChannelHead[],
  ): InboxItem | undefined {
    const leaf = channelTo(leaves, options.shard)
    const path = follow(chain, cursor, leaf)
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
      branch: outBranch(leaves, options.shard),
      batches: path.slice(0, count).map((held) => held.batch),
      tailDigests: path.slice(count).map((held) => held.digest),
    }
  }

  function promisedLeaves(
    anchor: AnchorView,
    chain: ChainNumber,
  ): readonly ChannelHead[] | undefined {
    const record = present(anchor.shards[chain - 1], 'an anchor records every shard')
    return record.height === 0 ? [] : options.leavesOf(chain, record.outRoot)
  }

  return {
    add: (batch) => {
      if (batch.destination !== options.shard || batch.receipts.length === 0) return
      const source = sourceOf(batch.source)
      const size = batchBytes(batch)
      drop(source, batch.startSequence)
      if (source.bytes + size > HELD_BYTES_PER_SOURCE_MAX) return
      source.held.set(batch.startSequence, { batch, digest: batchDigest(batch), size })
      source.bytes += size
      // The answer to a pull: the next one may go out at once.
      source.nextPullAt = 0
    },
    assemble: (anchor, cursors) => {
      const items: InboxItem[] = []
      for (const record of anchor.shards) {
        const chain = record.shard
        if (chain === options.shard) continue
        const leaves = promisedLeaves(anchor, chain)
        if (leaves === undefined) return undefined
        // C.5: also a source that sent this shard nothing new shows its leaf, once it has sent anybody anything.
        if (leaves.length === 0) continue
        const cursor = channelTo(cursors, chain)
        const item = itemOf(chain, cursor, leaves)
        if (item === undefined) return undefined
        items.push(item)
      }
      return items
    },
    promises: (anchor, cursors) =>
      anchor.shards.some((record) => {
        if (record.shard === options.shard) return false
        const promised = promisedLeaves(anchor, record.shard)?.[options.shard]
        return (promised?.nextSequence ?? 0) > channelTo(cursors, record.shard).nextSequence
      }),
    prune: (cursors) => {
      for (const [chain, source] of sources) {
        const { nextSequence } = channelTo(cursors, chain)
        for (const start of source.held.keys()) if (start < nextSequence) drop(source, start)
      }
    },
  }
}
