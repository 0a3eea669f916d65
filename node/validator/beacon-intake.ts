/**
 * The beacon's inbox in one node (docs/protocol/crosslinks.md C.9): batches that shards sent to chain 0, and what this node has
 * found out about the proofs of possession in them, until a beacon block consumes them.
 *
 * Invariant: what is offered to a builder was proved by folding, like any inbox, and every deposit in it was judged: a block says
 * of each whether its proof holds, and one wrong word makes it invalid.
 */
import { anchorViewOf } from '../beacon/anchor.ts'
import {
  BEACON_RECEIPTS_MAX,
  cutToRoom,
  isDeposit,
  type BeaconItem,
} from '../beacon/beacon-inbox.ts'
import { possessionDemands } from '../beacon/possession.ts'
import type { BeaconState } from '../beacon/state.ts'
import { channelTo } from '../crosslink/channel.ts'
import type { ChannelHead, InboxItem, Receipt, ReceiptBatch } from '../crosslink/receipt.ts'
import { receiptHash } from '../crosslink/receipt-codec.ts'
import { toHex } from '../primitives/bytes.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import type { Context } from './context.ts'
import { createInboxFeed, type InboxFeed } from './inbox-feed.ts'

/** Verdicts remembered: those of a few blocks of all shards. */
const VERDICTS_MAX = 1024
/** How often missing batches are looked after; the feed limits how often they are asked for. */
const POLL_MS = 300

export type BeaconIntake = {
  /** A batch from a member of its source, or of the beacon. */
  readonly add: InboxFeed['add']
  readonly held: InboxFeed['held']
  /** What a child of this state can consume. */
  readonly items: (base: BeaconState) => readonly BeaconItem[]
  readonly prune: InboxFeed['prune']
  /** When to look again for what is missing; Infinity: nothing is. */
  readonly deadline: () => number
}

export type BeaconIntakeOptions = {
  readonly genesisHash: Hash
  readonly leavesOf: (source: ChainNumber, outRoot: Hash) => readonly ChannelHead[] | undefined
  readonly holdersOf: (chain: ChainNumber) => readonly number[]
  /** Something was judged that an item waited for. */
  readonly judged: () => void
}

type Intake = {
  readonly context: Context
  readonly options: BeaconIntakeOptions
  readonly feed: InboxFeed
  /** By receipt hash: whether its proof holds; undefined while it is asked about. */
  readonly verdicts: Map<string, boolean | undefined>
  deadline: number
}

export function createBeaconIntake(context: Context, options: BeaconIntakeOptions): BeaconIntake {
  const feed = createInboxFeed(context, {
    shard: BEACON_CHAIN,
    leavesOf: options.leavesOf,
    holdersOf: options.holdersOf,
  })
  const self: Intake = { context, options, feed, verdicts: new Map(), deadline: Infinity }
  return {
    add: feed.add,
    held: feed.held,
    items: (base) => itemsOn(self, base),
    prune: feed.prune,
    deadline: () => self.deadline,
  }
}

function itemsOn(self: Intake, base: BeaconState): readonly BeaconItem[] {
  const { feed, context } = self
  self.deadline = Infinity
  const anchor = anchorViewOf(base)
  if (!feed.promises(anchor, base.incoming)) return []
  const found = feed.assemble(anchor, base.incoming, 'missing') ?? []
  const promised = found.filter(
    ({ source, leaf }) => leaf.nextSequence > channelTo(base.incoming, source).nextSequence,
  )
  const items = promised.map((item) => judge(self, item)).filter((item) => item !== undefined)
  if (items.length < promised.length) self.deadline = context.now() + POLL_MS
  return items
}

/** The item as far as everything in it is judged; undefined if that is nothing. */
function judge(self: Intake, item: InboxItem): BeaconItem | undefined {
  const cut = cutToRoom(item, BEACON_RECEIPTS_MAX)
  const deposits = cut.batches.flatMap(({ receipts }) => receipts).filter(isDeposit)
  for (const deposit of deposits) ask(self, deposit)
  const open = cut.batches.findIndex((batch) => !isJudged(self, batch))
  const batches = open < 0 ? cut.batches : cut.batches.slice(0, open)
  const room = batches.reduce((sum, { receipts }) => sum + receipts.length, 0)
  if (room === 0) return undefined
  const unproved = batches
    .flatMap(({ receipts }) => receipts)
    .filter((receipt) => isDeposit(receipt) && !isProved(self, receipt))
    .map(({ sequence }) => sequence)
  return { ...cutToRoom(cut, room), unproved }
}

function isJudged(self: Intake, { receipts }: ReceiptBatch): boolean {
  return receipts.every(
    (receipt) => !isDeposit(receipt) || self.verdicts.get(keyOf(receipt)) !== undefined,
  )
}

function isProved(self: Intake, receipt: Receipt): boolean {
  return self.verdicts.get(keyOf(receipt)) === true
}

/** Once: a registration that cannot be read is nobody's, and there is nothing to check. */
function ask(self: Intake, receipt: Receipt): void {
  const { verdicts, context, options } = self
  const key = keyOf(receipt)
  if (verdicts.has(key)) return
  const demands = possessionDemands(options.genesisHash, receipt)
  verdicts.set(key, demands.length === 0 ? true : undefined)
  for (const oldest of verdicts.keys()) {
    if (verdicts.size <= VERDICTS_MAX) break
    verdicts.delete(oldest)
  }
  if (demands.length === 0) return
  context.check(demands, (answers) => {
    verdicts.set(
      key,
      answers.every(({ ok }) => ok),
    )
    options.judged()
  })
}

function keyOf(receipt: Receipt): string {
  return toHex(receiptHash(receipt))
}
