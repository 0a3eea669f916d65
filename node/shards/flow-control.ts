/**
 * Flow control between shards (docs/protocol/crosslinks.md C.6): how much a channel may have in flight, how large batches
 * are, and when a source refuses new transactions to a destination. All from genesis constants and the anchor, so that
 * builder, verifier and mempool agree.
 */
import type { AnchorView, ShardRecord } from '../crosslink/crosslink.ts'
import { CHANNEL_BATCHES_MAX, RECEIPT_BYTES_BASE } from '../crosslink/receipt-codec.ts'
import { assert } from '../primitives/assert.ts'
import { BEACON_CHAIN, type ChainNumber } from '../primitives/identifiers.ts'
import { BATCH_RECEIPTS_MAX, INBOX_BYTES_PER_BLOCK_MAX } from '../primitives/limits.ts'
import { INBOX_BYTES_BUDGET } from '../crosslink/inbox.ts'
import type { ShardConfig } from './executor.ts'
import { inboxGasOf } from './fees.ts'

/** Gas of one receipt: prepaid where it is made, counted against the block that consumes it (C.5). */
export const RECEIPT_GAS = 10_000
/** Every channel may hold this many receipts in flight, however small the destination's share (C.6). */
export const WINDOW_UNITS_MIN = 64
/** C.9: the beacon consumes 32 receipts per block, over all shards, and whole batches: so a block takes some of four shards. */
const BEACON_BATCH_RECEIPTS = 8
/** Beyond the window: one receipt may always be in flight, so that no channel is ever shut (C.6). */
export const BASE_GRANT_UNITS = 1
/** Blocks of the destination's inbox budget that its sources may have in flight together (C.6). */
const WINDOW_BLOCKS = 4
/** A batch takes at most this part of the inbox gas of one block, so that the budget is used well (C.5). */
const BATCHES_PER_INBOX = 4
/** Receipts waiting in a destination's own outgoing buffers above which it counts as congested (C.6). */
export const OUT_BYTES_CONGESTED = 1024 * 1024

export type FlowLimits = {
  /** Receipts in flight per channel, without the base grant. */
  readonly windowUnits: number
  /** Receipts per batch. */
  readonly batchReceiptsMax: number
  /** Stop consuming once this much gas is used; one more batch stays within 3/4 of the gas limit. */
  readonly inboxGasBudget: number
  /** Receipts a block can consume; more than this waiting is congestion. */
  readonly inboxUnitsPerBlock: number
}

/** The limits of every shard of the network: they have one gas limit (C.5, C.6). */
export function flowLimits(config: Pick<ShardConfig, 'gasLimit' | 'shardCount'>): FlowLimits {
  const inboxGas = inboxGasOf(config.gasLimit)
  const units = Math.floor(inboxGas / RECEIPT_GAS)
  assert(units >= BATCHES_PER_INBOX, 'the gas limit leaves room for receipts')
  const batchReceiptsMax = Math.min(BATCH_RECEIPTS_MAX, Math.floor(units / BATCHES_PER_INBOX))
  const inboxUnitsPerBlock = Math.min(
    units,
    Math.floor(INBOX_BYTES_PER_BLOCK_MAX / RECEIPT_BYTES_BASE),
  )
  const sources = Math.max(1, config.shardCount - 1)
  const share = Math.floor((inboxUnitsPerBlock * WINDOW_BLOCKS) / sources)
  return {
    // A tail of one digest per receipt must still fit an inbox item.
    windowUnits: Math.min(
      Math.max(WINDOW_UNITS_MIN, share),
      CHANNEL_BATCHES_MAX - BASE_GRANT_UNITS,
    ),
    batchReceiptsMax,
    inboxGasBudget: inboxGas - batchReceiptsMax * RECEIPT_GAS,
    inboxUnitsPerBlock,
  }
}

/** Receipts a channel may still send now (C.6): window and base grant, less what is in flight. */
export function creditOf(limits: FlowLimits, destination: ChainNumber, inFlight: number): number {
  return Math.max(0, windowTo(limits, destination) + BASE_GRANT_UNITS - inFlight)
}

/** The same within one batch. */
export function sendableNow(
  limits: FlowLimits,
  destination: ChainNumber,
  inFlight: number,
): number {
  const batchMax = destination === BEACON_CHAIN ? BEACON_BATCH_RECEIPTS : limits.batchReceiptsMax
  return Math.min(creditOf(limits, destination, inFlight), batchMax)
}

function windowTo(limits: FlowLimits, destination: ChainNumber): number {
  return destination === BEACON_CHAIN ? WINDOW_UNITS_MIN : limits.windowUnits
}

/** Sent and, as far as the anchor knows, not yet consumed by the destination (C.6). */
export function inFlightAt(question: {
  readonly anchor: AnchorView
  readonly shard: ChainNumber
  readonly destination: ChainNumber
  /** Of the outgoing channel. */
  readonly nextSequence: number
}): number {
  const { anchor, destination, shard } = question
  const consumer = destination === BEACON_CHAIN ? anchor.beacon : anchor.shards[destination - 1]
  const consumed = consumer?.cursors[shard] ?? 0
  return Math.max(0, question.nextSequence - consumed)
}

export type CongestionQuestion = {
  readonly anchor: AnchorView
  readonly destination: ChainNumber
  /** Receipts sent and not known to be consumed (`inFlightAt`), and waiting in our own buffer. */
  readonly inFlight: number
  readonly buffered: number
  readonly limits: FlowLimits
}

/** Whether a new transaction to the destination is refused at admission (C.6). Never consulted by execution. */
export function isCongested(question: CongestionQuestion): boolean {
  const { anchor, destination, inFlight, buffered, limits } = question
  if (inFlight + buffered >= windowTo(limits, destination)) return true
  // C.9: the beacon takes from every shard in turn; it is never full.
  if (destination === BEACON_CHAIN) return false
  const record = anchor.shards[destination - 1]
  if (record === undefined || record.status !== 'live') return true
  return isOverloaded(record, limits)
}

/** Above a quarter of the load at which a shard is full: one block of inbox out of WINDOW_BLOCKS (C.6). */
function isOverloaded(record: ShardRecord, limits: FlowLimits): boolean {
  return record.inboxUnits > limits.inboxUnitsPerBlock || record.outBytes > OUT_BYTES_CONGESTED
}

assert(INBOX_BYTES_BUDGET > 0, 'some batch is always consumed')
