/**
 * The inbox of a hosted shard: receipt batches that other shards sent, held until a block consumes them.
 *
 * A pushed batch is a hint and proves nothing. What proves it is the fold from this shard's cursor to the leaf that the
 * beacon recorded (C.5). Batches that do not fold are thrown away, and until the channel folds again only the member that was
 * asked is listened to, one after the other: a member that lies cannot keep the others out.
 * Never fire and forget: what is missing is pulled, from one member after the other, until it is there; from members of its
 * source first, then from fellows, who may have what the source shows to some of us only.
 *
 * A source that serves nobody must not stop this shard: what stays missing for PASS_OVER_AFTER_MS is passed over, and who
 * passes over what this node has held for INBOX_PATIENCE_MS gets no vote of it (C.5, acceptance).
 *
 * Bounds: HELD_BYTES_PER_SOURCE_MAX per source; on overflow the batch farthest from the cursor goes.
 */
import { batchDigest, channelTo, foldDigest, outBranch } from '../crosslink/channel.ts'
import type { AnchorView } from '../crosslink/crosslink.ts'
import type { ChannelHead, InboxItem, ReceiptBatch } from '../crosslink/receipt.ts'
import { batchBytes, CHANNEL_BATCHES_MAX } from '../crosslink/receipt-codec.ts'
import { present } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import { INBOX_BYTES_PER_BLOCK_MAX } from '../primitives/limits.ts'
import type { Context } from './context.ts'
import { loadBatches } from './history.ts'

/** Bytes of batches held per source: several full blocks. */
const HELD_BYTES_PER_SOURCE_MAX = 16 * INBOX_BYTES_PER_BLOCK_MAX
/** Batches are executed at most this many bytes per block, so no more is offered to the builder. */
const OFFERED_BYTES_MAX = 2 * INBOX_BYTES_PER_BLOCK_MAX
/** A pull that stays without answer is repeated, to the next member, after this long. */
const PULL_RETRY_MS = 600

/**
 * A builder waits this long for what is missing, on the anchor of the parent, before it passes the source over: two pulls
 * and their answers. A push that was lost costs a pull, and never this long.
 */
const PASS_OVER_AFTER_MS = 1_500
/**
 * A follower refuses to pass over what could have been consumed for this long. Longer than a builder waits, so that one to whom a
 * liar shows nothing has been told by a fellow, or another leader has consumed it, before anybody's view is lost.
 */
const INBOX_PATIENCE_MS = 3_000

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
  /** Since when the batch at this sequence, the next to consume, is missing; and since when it could be consumed. */
  missing: NextBatch | undefined
  ready: NextBatch | undefined
}

type NextBatch = { readonly sequence: number; readonly sinceMs: number }

export type InboxFeed = {
  /** `from`: the validator that sent it. */
  readonly add: (batch: ReceiptBatch, from: number) => void
  /** Batches of the beacon: this node has made them itself, with its own state (C.9). */
  readonly addOwn: (batches: readonly ReceiptBatch[]) => void
  /** Items up to the anchor's leaves, or undefined while something is missing that may not be (it is asked for). */
  readonly assemble: (
    anchor: AnchorView,
    cursors: readonly ChannelHead[],
    passingOver?: PassingOver,
  ) => readonly InboxItem[] | undefined
  /** Whether these items of a block anchored there pass over what this node has long held (C.5, acceptance). */
  readonly skipsHeld: (
    items: readonly InboxItem[],
    anchor: AnchorView,
    cursors: readonly ChannelHead[],
  ) => boolean
  /** For a fellow: what is held of a source from this sequence on, without gaps, within one answer. */
  readonly held: (source: ChainNumber, fromSequence: number) => readonly ReceiptBatch[]
  /** Whether the anchor promises more than the cursors have consumed. */
  readonly promises: (anchor: AnchorView, cursors: readonly ChannelHead[]) => boolean
  /** Forgets what a finalized block consumed. */
  readonly prune: (cursors: readonly ChannelHead[]) => void
}

/** Which sources may be passed over: none, those that have been missing for long, or whoever is missing. */
export type PassingOver = 'nobody' | 'long-missing' | 'missing'

export type InboxFeedOptions = {
  readonly shard: ChainNumber
  /** Channel leaves behind an outRoot the beacon recorded for this source; undefined if not known. */
  readonly leavesOf: (source: ChainNumber, outRoot: Hash) => readonly ChannelHead[] | undefined
  /** Who has a shard's state but this node, to pull from. */
  readonly holdersOf: (shard: ChainNumber) => readonly number[]
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
    addOwn: (batches) => addOwn(self, batches),
    assemble: (anchor, cursors, passingOver = 'nobody') =>
      assemble(self, { anchor, cursors, passingOver }),
    skipsHeld: (items, anchor, cursors) =>
      items.some((item) => isSkipped(self, item, { anchor, cursors })),
    held: (source, fromSequence) => heldFrom(sourceOf(self, source), fromSequence),
    promises: (anchor, cursors) =>
      sourcesOf(self, anchor).some((chain) => {
        const promised = promisedLeaves(self, anchor, chain)?.[options.shard]
        return (promised?.nextSequence ?? 0) > channelTo(cursors, chain).nextSequence
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
    missing: undefined,
    ready: undefined,
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
  // A fellow is no source: it speaks when it is asked.
  const isHint = self.options.holdersOf(batch.source).includes(from)
  if ((source.isDistrusted || !isHint) && from !== source.asked) return
  // The answer to a pull: the next one may go out at once.
  if (from === source.asked) source.nextPullAt = 0
  hold(source, batch)
}

function hold(source: Source, batch: ReceiptBatch): void {
  // What is held first stays: it may be the right one, and the fold will tell.
  if (source.held.has(batch.startSequence)) return
  const size = batchBytes(batch)
  source.held.set(batch.startSequence, { batch, digest: batchDigest(batch), size })
  source.bytes += size
  while (source.bytes > HELD_BYTES_PER_SOURCE_MAX) drop(source, farthest(source))
}

function addOwn(self: Feed, batches: readonly ReceiptBatch[]): void {
  for (const batch of batches) {
    if (batch.destination === self.options.shard) hold(sourceOf(self, batch.source), batch)
  }
}

/** What the beacon sent is in this node's own store, since it follows the beacon. */
function loadOwn(self: Feed, fromSequence: number): void {
  const { context, options } = self
  const channel = { source: BEACON_CHAIN, destination: options.shard, fromSequence }
  loadBatches(context, channel, (batches) => addOwn(self, batches))
}

function farthest({ held }: Source): number {
  let start = 0
  for (const key of held.keys()) start = Math.max(start, key)
  return start
}

function heldFrom({ held }: Source, fromSequence: number): readonly ReceiptBatch[] {
  const batches: ReceiptBatch[] = []
  let bytes = 0
  for (let next = held.get(fromSequence); next !== undefined;) {
    bytes += next.size
    if (bytes > INBOX_BYTES_PER_BLOCK_MAX) break
    batches.push(next.batch)
    next = held.get(next.batch.startSequence + next.batch.receipts.length)
  }
  return batches
}

/** C.5: missing batches are pulled, never waited for. */
function pull(self: Feed, chain: ChainNumber, fromSequence: number): void {
  const { context, options } = self
  const source = sourceOf(self, chain)
  if (context.now() < source.nextPullAt) return
  source.nextPullAt = context.now() + PULL_RETRY_MS
  if (chain === BEACON_CHAIN) return loadOwn(self, fromSequence)
  const holders = [...options.holdersOf(chain), ...options.holdersOf(options.shard)]
  if (holders.length === 0) return
  const target = present(holders[source.pulls % holders.length], 'the index is bounded')
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
  // An anchor older than what was consumed, or a source that takes back what it sent: nothing can be consumed.
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
    // More than an item can name: no honest source has so much under way (C.6).
    return path.length > CHANNEL_BATCHES_MAX ? undefined : path
  }
  for (const held of path) drop(source, held.batch.startSequence)
  // One round of askings at once; who lies on and on is asked at the usual pace.
  if (!isMissingLong(self, source, cursor)) source.nextPullAt = 0
  source.isDistrusted = true
  pull(self, chain, cursor.nextSequence)
  return undefined
}

type Assembly = {
  readonly anchor: AnchorView
  readonly cursors: readonly ChannelHead[]
  readonly passingOver: PassingOver
}

function assemble(
  self: Feed,
  { anchor, cursors, passingOver }: Assembly,
): readonly InboxItem[] | undefined {
  const items: InboxItem[] = []
  let isComplete = true
  for (const chain of sourcesOf(self, anchor)) {
    const leaves = promisedLeaves(self, anchor, chain)
    // C.5: also a source that sent this shard nothing new shows its leaf, once it has sent anybody anything.
    if (leaves?.length === 0) continue
    const cursor = channelTo(cursors, chain)
    const item = leaves && itemOf(self, { chain, cursor, leaves, passingOver })
    if (item === undefined) isComplete = false
    else items.push(item)
  }
  return isComplete ? items : undefined
}

type ItemQuestion = Pick<Assembly, 'passingOver'> & {
  readonly chain: ChainNumber
  readonly cursor: ChannelHead
  readonly leaves: readonly ChannelHead[]
}

function itemOf(
  self: Feed,
  { chain, cursor, leaves, passingOver }: ItemQuestion,
): InboxItem | undefined {
  const { shard } = self.options
  const leaf = channelTo(leaves, shard)
  const branch = outBranch(leaves, shard)
  const path = lookFor(self, chain, cursor, leaf)
  if (path !== undefined) return { source: chain, leaf, branch, ...cutToOffer(path) }
  if (passingOver === 'nobody') return undefined
  if (passingOver === 'long-missing' && !isMissingLong(self, sourceOf(self, chain), cursor))
    return undefined
  return { source: chain, leaf, branch, batches: [], tailDigests: [] }
}

/** Follows the channel and remembers since when its next batch is missing, or could be consumed. */
function lookFor(
  self: Feed,
  chain: ChainNumber,
  cursor: ChannelHead,
  leaf: ChannelHead,
): readonly Held[] | undefined {
  const source = sourceOf(self, chain)
  const path = follow(self, chain, cursor, leaf)
  const next = { sequence: cursor.nextSequence, sinceMs: self.context.now() }
  if (path === undefined && source.missing?.sequence !== next.sequence) source.missing = next
  if (path !== undefined && path.length > 0 && source.ready?.sequence !== next.sequence)
    source.ready = next
  return path
}

function isMissingLong({ context }: Feed, { missing }: Source, cursor: ChannelHead): boolean {
  return (
    missing?.sequence === cursor.nextSequence &&
    context.now() - missing.sinceMs >= PASS_OVER_AFTER_MS
  )
}

/**
 * C.5, acceptance. Judged by the leaf that this node's own beacon has recorded, so that a block cannot make it throw away
 * what it holds.
 */
function isSkipped(
  self: Feed,
  { source: chain, batches, tailDigests }: InboxItem,
  { anchor, cursors }: Pick<Assembly, 'anchor' | 'cursors'>,
): boolean {
  if (batches.length > 0 || tailDigests.length > 0) return false
  const leaf = promisedLeaves(self, anchor, chain)?.[self.options.shard]
  const cursor = channelTo(cursors, chain)
  const path = leaf && lookFor(self, chain, cursor, leaf)
  if (path === undefined || path.length === 0) return false
  const { ready } = sourceOf(self, chain)
  return (
    ready?.sequence === cursor.nextSequence &&
    self.context.now() - ready.sinceMs >= INBOX_PATIENCE_MS
  )
}

/** No more than the builder can use; what follows is named. */
function cutToOffer(path: readonly Held[]): Pick<InboxItem, 'batches' | 'tailDigests'> {
  let offered = 0
  const cut = path.findIndex((held) => {
    offered += held.size
    return offered > OFFERED_BYTES_MAX
  })
  const count = cut < 0 ? path.length : cut
  return {
    batches: path.slice(0, count).map((held) => held.batch),
    tailDigests: path.slice(count).map((held) => held.digest),
  }
}

/** The beacon (C.9) and the shards, but for this one. */
function sourcesOf({ options }: Feed, { shards }: AnchorView): readonly ChainNumber[] {
  return [BEACON_CHAIN, ...shards.map(({ shard }) => shard)].filter(
    (chain) => chain !== options.shard,
  )
}

function promisedLeaves(
  { options }: Feed,
  anchor: AnchorView,
  chain: ChainNumber,
): readonly ChannelHead[] | undefined {
  if (chain === BEACON_CHAIN) return beaconLeaves(anchor)
  const record = present(anchor.shards[chain - 1], 'an anchor records every shard')
  // B.7: a source that does not know us yet has sent us nothing, and shows nothing.
  if (record.height === 0 || record.cursors.length <= options.shard) return []
  return options.leavesOf(chain, record.outRoot)
}

/** The anchor shows them itself. A beacon that has sent nobody anything has nothing to prove. */
function beaconLeaves({ beacon }: AnchorView): readonly ChannelHead[] {
  const isUnused = beacon.channels.every(({ nextSequence }) => nextSequence === 0)
  return isUnused ? [] : beacon.channels
}
