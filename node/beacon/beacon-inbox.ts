/**
 * The beacon's inbox (docs/protocol/crosslinks.md C.9): which receipts of shards a beacon block consumes, and where the beacon
 * stands in each of their channels after it.
 *
 * Invariants: a receipt is consumed once, in order, because the cursors are under the state root and move along one hash
 * chain (C.5); what is consumed is bounded per block; nobody is made to wait for a shard that shows nothing.
 */
import type { InboxItem, ChannelHead, Receipt } from '../crosslink/receipt.ts'
import { batchDigest, channelTo } from '../crosslink/channel.ts'
import { verifyInboxItem, type InboxReject } from '../crosslink/inbox.ts'
import { readInboxItem, writeInboxItem } from '../crosslink/receipt-codec.ts'
import type { Reader, Writer } from '../primitives/codec.ts'
import { BEACON_CHAIN, type ChainNumber } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { BeaconState } from './state.ts'

/** In one block, over all shards: each deposit costs two signature checks. */
export const BEACON_RECEIPTS_MAX = 32
/** Answers and payouts that may be under way to a shard: with a block's, and all rewards there can ever be, an item names them. */
export const BEACON_WINDOW = 896

export type BeaconItem = InboxItem & {
  /** Sequences of the deposits in it whose proof of possession does not verify, ascending. */
  readonly unproved: readonly number[]
}

export type BeaconInboxReject =
  | InboxReject
  | 'inbox-order'
  | 'inbox-empty'
  | 'inbox-excess'
  | 'inbox-window'
  | 'unproved-unknown'

export type ConsumedReceipt = { readonly receipt: Receipt; readonly isUnproved: boolean }

export type Intake = {
  /** Cursors after the block, index = source 0..S. */
  readonly incoming: readonly ChannelHead[]
  /** In order, without void ones (C.5 (4)). */
  readonly receipts: readonly ConsumedReceipt[]
  /** Of all receipts, void ones too. */
  readonly count: number
}

/** What a block with these items consumes, or why it may not. Total on foreign items. */
export function takeIn(
  state: BeaconState,
  items: readonly BeaconItem[],
): Result<Intake, BeaconInboxReject> {
  // Hashes of lists are kept by list.
  if (items.length === 0) return accepted({ incoming: state.incoming, receipts: [], count: 0 })
  const incoming = [...state.incoming]
  const receipts: ConsumedReceipt[] = []
  let count = 0
  let before: ChainNumber = BEACON_CHAIN
  for (const item of items) {
    if (item.source <= before) return rejected('inbox-order', 'items are not ascending by source')
    before = item.source
    count += receiptCountOf(item)
    if (count > BEACON_RECEIPTS_MAX)
      return rejected('inbox-excess', `a block consumes at most ${BEACON_RECEIPTS_MAX} receipts`)
    const entered = enter(state, item)
    if (!entered.ok) return entered
    incoming[item.source] = entered.value.cursor
    receipts.push(...entered.value.receipts)
  }
  return accepted({ incoming, receipts, count })
}

type Entered = { readonly cursor: ChannelHead; readonly receipts: readonly ConsumedReceipt[] }

function enter(state: BeaconState, item: BeaconItem): Result<Entered, BeaconInboxReject> {
  const record = state.shards[item.source - 1]
  if (record === undefined) return rejected('unknown-source', 'no shard has this number')
  if (item.batches.length === 0) return rejected('inbox-empty', 'an item consumes something')
  if (answersUnderWay(state, item.source) + receiptCountOf(item) > BEACON_WINDOW)
    return rejected('inbox-window', 'the shard has not taken the answers to what it sent before')
  const verified = verifyInboxItem({
    item,
    destination: BEACON_CHAIN,
    shardCount: record.cursors.length - 1,
    outRoot: record.outRoot,
    cursor: channelTo(state.incoming, item.source),
  })
  if (!verified.ok) return verified
  const { cursor, voided } = verified.value
  const unproved = new Set(item.unproved)
  const receipts = item.batches
    .flatMap((batch) => batch.receipts)
    .filter(({ sequence }) => !voided.has(sequence))
    .map((receipt) => ({ receipt, isUnproved: unproved.has(receipt.sequence) }))
  // One block has one form: nothing is named twice, or that nobody asked about.
  const named = receipts.filter(({ receipt, isUnproved }) => isUnproved && isDeposit(receipt))
  const isExact = named.every(({ receipt }, index) => receipt.sequence === item.unproved[index])
  if (!isExact || named.length !== item.unproved.length)
    return rejected('unproved-unknown', 'an item names its unproved deposits, ascending')
  return accepted({ cursor, receipts })
}

export function isDeposit({ kind }: Pick<Receipt, 'kind'>): boolean {
  return kind === 'deposit'
}

/** Receipts that the beacon has sent to the shard and does not know to be consumed. */
export function answersUnderWay(
  { outgoing, shards }: Pick<BeaconState, 'outgoing' | 'shards'>,
  shard: ChainNumber,
): number {
  const consumed = shards[shard - 1]?.cursors[BEACON_CHAIN] ?? 0
  return channelTo(outgoing, shard).nextSequence - consumed
}

function receiptCountOf({ batches }: Pick<InboxItem, 'batches'>): number {
  return batches.reduce((sum, { receipts }) => sum + receipts.length, 0)
}

/** The item with as many of its batches as stay within this many receipts; the others are named by digest. */
export function cutToRoom<Item extends InboxItem>(item: Item, room: number): Item {
  let count = 0
  const over = item.batches.findIndex((batch) => (count += batch.receipts.length) > room)
  if (over < 0) return item
  const left = item.batches.slice(over).map(batchDigest)
  return {
    ...item,
    batches: item.batches.slice(0, over),
    tailDigests: [...left, ...item.tailDigests],
  }
}

export function writeBeaconItem(writer: Writer, item: BeaconItem): void {
  writeInboxItem(writer, item)
  writer.list(item.unproved, (into, sequence) => into.u64(sequence))
}

export function readBeaconItem(reader: Reader): BeaconItem {
  const item = readInboxItem(reader)
  return { ...item, unproved: reader.list(BEACON_RECEIPTS_MAX, (from) => from.u64()) }
}
