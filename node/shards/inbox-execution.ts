/**
 * The inbox of a block: which receipts of other shards it consumes, and what becomes of them (docs/protocol/crosslinks.md C.5).
 *
 * Invariants: a source needs an item exactly when its outRoot at the anchor is not the one its channel was last drained
 * under, so silence is proved, never claimed; execution of a receipt is total: every receipt is applied, bounced with its
 * whole value, or void, whatever it says.
 */
import type { AnchorView } from '../crosslink/crosslink.ts'
import {
  checkInboxSelection,
  type InboxEntry,
  type InboxRule,
  selectInbox,
  verifyInboxItem,
} from '../crosslink/inbox.ts'
import type { InboxItem, Receipt, ReceiptOutcome } from '../crosslink/receipt.ts'
import { bigIntToBytes } from '../primitives/bytes.ts'
import { ADDRESS_SIZE, type Address, type ChainNumber } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import { type ChannelState, incomingOf, isDrained, otherChains, sourceAt } from './channel-state.ts'
import type { BlockOutcome, ShardConfig } from './executor.ts'
import { type FlowLimits, RECEIPT_GAS } from './flow-control.ts'
import { isDraining } from './layout.ts'
import { enqueueReceipt, type Outbox } from './outbox.ts'
import { type IncomingChannel, NOT_DRAINED } from './system-record.ts'
import { isGateway } from './vm/gateway.ts'
import { isPrecompile } from './vm/transfer.ts'
import { addTotals, credit, type WorkingState } from './working-state.ts'

/** 0x...7472 ("tr"): the shard's own account, for value that nobody else can receive (C.5). */
export const TREASURY_ADDRESS: Address = bigIntToBytes(0x7472n, ADDRESS_SIZE)

export type InboxRun = {
  readonly config: ShardConfig
  readonly limits: FlowLimits
  readonly anchor: AnchorView
  readonly height: number
  /** As the parent left them; `outbox.channels` is what this block makes of them. */
  readonly before: ChannelState
  readonly outbox: Outbox
  readonly state: WorkingState
}

export type InboxOutcome = {
  readonly consumed: BlockOutcome['consumed']
  readonly gasUsed: number
  /** Receipts committed to this shard at the anchor and left for later blocks. */
  readonly unitsLeft: number
}

/** Builder: from all that is available, the items that the block must hold (C.5). */
export function chooseInbox(run: InboxRun, available: readonly InboxItem[]): readonly InboxItem[] {
  const needed = new Set(needySources(run))
  const trimmed = available
    .filter((item) => needed.has(item.source))
    .map((item) => withoutConsumed(item, incomingOf(run.before, item.source)))
  return selectInbox(trimmed, ruleOf(run)).items
}

/** Checks the items against the anchor and the forced inclusion rule, then executes them (C.5). */
export function runInbox(run: InboxRun, items: readonly InboxItem[]): Result<InboxOutcome> {
  const needed = needySources(run)
  const missing = needed.find((source) => !items.some((item) => item.source === source))
  if (missing !== undefined) return rejected('inbox-missing', `no item of shard ${missing}`)
  if (items.length !== needed.length) return rejected('inbox-needless', 'an item is not needed')
  const voided = new Map<ChainNumber, ReadonlySet<number>>()
  let unitsLeft = 0
  for (const item of items) {
    const entered = enterItem(run, item)
    if (!entered.ok) return entered
    unitsLeft += entered.value.unitsLeft
    voided.set(item.source, entered.value.voided)
  }
  const selection = checkInboxSelection(items, ruleOf(run))
  if (!selection.ok) return selection
  const receipts = selection.value.flatMap((batch) => batch.receipts)
  const consumed = receipts.map((receipt) => {
    const isVoid = voided.get(receipt.source)?.has(receipt.sequence) === true // C.5 (4)
    return { receipt, outcome: isVoid ? 'void' : executeReceipt(run, receipt) } as const
  })
  return accepted({ consumed, gasUsed: consumed.length * RECEIPT_GAS, unitsLeft })
}

/** Proves the item and moves the cursor past what it consumes. */
function enterItem(run: InboxRun, item: InboxItem): Result<InboxEntry> {
  const { config, before, outbox } = run
  const { outRoot, shardCount } = sourceAt(run.anchor, item.source)
  const verified = verifyInboxItem({
    item,
    destination: config.shard,
    shardCount,
    outRoot,
    cursor: incomingOf(before, item.source).cursor,
  })
  if (!verified.ok) return verified
  const { cursor, isDrained: drained } = verified.value
  const channel = { cursor, drainedRoot: drained ? outRoot : NOT_DRAINED }
  outbox.channels.incoming[item.source] = channel
  return verified
}

/** Sources that may have sent something since their channel was drained, ascending; one that does not know us has not (B.7). */
function needySources(run: InboxRun): readonly ChainNumber[] {
  return otherChains(run.config).filter((source) => {
    const view = sourceAt(run.anchor, source)
    return view.shardCount >= run.config.shard && !isDrained(incomingOf(run.before, source), view)
  })
}

function ruleOf({ config, limits, height }: InboxRun): InboxRule {
  return {
    height,
    shardCount: config.shardCount,
    gasBudget: limits.inboxGasBudget,
    gasOf: () => RECEIPT_GAS,
  }
}

/** Hosts may offer batches that the parent consumed already. */
function withoutConsumed(item: InboxItem, channel: IncomingChannel): InboxItem {
  const { nextSequence } = channel.cursor
  return { ...item, batches: item.batches.filter((batch) => batch.startSequence >= nextSequence) }
}

/** Total: ends in `applied` or `bounced` for every receipt there can be (C.5). */
function executeReceipt(run: InboxRun, receipt: Receipt): Exclude<ReceiptOutcome, 'void'> {
  const { state } = run
  if (receipt.kind !== 'transfer') {
    refund(state, receipt)
    return 'applied'
  }
  // B.7: what comes to a retiring shard goes back, not with the shard's accounts to where nobody looks for it.
  const isOpen = !isDraining(run.config)
  if (isOpen && canReceive(receipt.to) && credit(state, receipt.to, receipt.amount))
    return 'applied'
  enqueueReceipt(run.outbox, state, {
    destination: receipt.source,
    kind: 'bounce',
    from: receipt.from,
    to: receipt.to,
    amount: receipt.amount,
    gas: 0,
    payload: new Uint8Array(0),
    originTransaction: receipt.originTransaction,
  })
  return 'bounced'
}

/** Of a move or a payout, home: `from` is the account itself (B.7, B.10). To the sender; if that cannot be, to the treasury; if even that would overflow, to nobody, counted as burnt. */
function refund(state: WorkingState, receipt: Receipt): void {
  const { from, amount } = receipt
  if (canReceive(from) && credit(state, from, amount)) return
  if (credit(state, TREASURY_ADDRESS, amount)) return
  addTotals(state, { burnt: amount })
}

/** System code and precompiles hold no value sent from elsewhere. */
function canReceive(address: Address): boolean {
  return !isGateway(address) && !isPrecompile(address)
}
