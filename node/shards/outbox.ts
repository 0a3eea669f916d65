/**
 * The outbox: receipts made by a block enter the destination's buffer and leave it in order, as far as the channel has
 * credit (docs/protocol/crosslinks.md C.4, C.6).
 *
 * Invariants: a receipt gets its sequence when it is made and leaves in that order; a receipt once made is never refused,
 * it waits; the cost of a block is that of the receipts it makes and sends, not of those that wait.
 */
import { extendChannel } from '../crosslink/channel.ts'
import type { AnchorView } from '../crosslink/crosslink.ts'
import type { Receipt, ReceiptBatch } from '../crosslink/receipt.ts'
import {
  BATCH_BYTES_BASE,
  decodeReceipt,
  encodeReceipt,
  receiptBytes,
} from '../crosslink/receipt-codec.ts'
import { assert, present } from '../primitives/assert.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import { BATCH_BYTES_MAX } from '../primitives/limits.ts'
import { type ChannelState, endOf, otherChains, outgoingOf } from './channel-state.ts'
import type { ShardConfig } from './executor.ts'
import { type FlowLimits, inFlightAt, sendableNow } from './flow-control.ts'
import { bufferedReceiptKey } from './state-key.ts'
import { addTotals, readRecord, writeRecord, type WorkingState } from './working-state.ts'

export type Outbox = {
  readonly shard: ChainNumber
  readonly channels: ChannelState
  /** Receipts made by this block, by destination; they follow those that already wait in the state. */
  readonly fresh: Map<ChainNumber, Receipt[]>
}

export function openOutbox(shard: ChainNumber, channels: ChannelState): Outbox {
  return { shard, channels, fresh: new Map() }
}

export type NewReceipt = Omit<Receipt, 'source' | 'sequence'>

/** Takes over the receipt's value, which the caller has taken from a balance; gives its sequence. */
export function enqueueReceipt(outbox: Outbox, state: WorkingState, order: NewReceipt): number {
  const { channels, fresh, shard } = outbox
  const { destination } = order
  assert(destination !== shard, 'a receipt leads to another chain')
  const sequence = endOf(channels, destination)
  const receipt: Receipt = { ...order, source: shard, sequence }
  channels.ends[destination] = sequence + 1
  const queue = fresh.get(destination)
  if (queue === undefined) fresh.set(destination, [receipt])
  else queue.push(receipt)
  addTotals(state, { buffered: receipt.amount, outBytes: receiptBytes(receipt) })
  return sequence
}

export type DrainRequest = {
  readonly config: ShardConfig
  readonly limits: FlowLimits
  readonly anchor: AnchorView
  readonly height: number
  readonly outbox: Outbox
  readonly state: WorkingState
}

/** Sends what has credit, at most one batch per destination, and puts the rest into the state (C.6). */
export function drainOutbox(request: DrainRequest): readonly ReceiptBatch[] {
  const { config, outbox } = request
  const sent: ReceiptBatch[] = []
  for (const destination of otherChains(config)) {
    const channel = outgoingOf(outbox.channels, destination)
    const receipts = takeReceipts(request, destination)
    const first = receipts[0]
    if (first !== undefined) {
      const batch: ReceiptBatch = {
        source: config.shard,
        destination,
        height: request.height,
        startSequence: first.sequence,
        receipts,
      }
      outbox.channels.outgoing[destination] = extendChannel(channel, batch)
      sent.push(batch)
    }
    storeUnsent(request, destination)
  }
  return sent
}

/** The next receipts of the queue within credit and the limits of a batch, out of the buffer. */
function takeReceipts(request: DrainRequest, destination: ChainNumber): readonly Receipt[] {
  const { config, limits, anchor, outbox, state } = request
  const { nextSequence } = outgoingOf(outbox.channels, destination)
  const inFlight = inFlightAt({ anchor, shard: config.shard, destination, nextSequence })
  const credit = sendableNow(limits, destination, inFlight)
  const end = Math.min(endOf(outbox.channels, destination), nextSequence + credit)
  const taken: Receipt[] = []
  let bytes = BATCH_BYTES_BASE
  for (let sequence = nextSequence; sequence < end; sequence++) {
    const receipt = receiptAt(request, destination, sequence)
    const size = receiptBytes(receipt)
    if (bytes + size > BATCH_BYTES_MAX) break
    bytes += size
    addTotals(state, { buffered: -receipt.amount, outBytes: -size })
    taken.push(receipt)
  }
  return taken
}

function receiptAt(request: DrainRequest, destination: ChainNumber, sequence: number): Receipt {
  const { state, outbox } = request
  const fresh = outbox.fresh.get(destination)
  const index = sequence - (fresh?.[0]?.sequence ?? Infinity)
  if (index >= 0) return present(fresh?.[index], 'fresh receipts are numbered without gaps')
  const key = bufferedReceiptKey(destination, sequence)
  const decoded = decodeReceipt(
    present(readRecord(state, key), 'a waiting receipt is in the state'),
  )
  assert(decoded.ok, 'a waiting receipt decodes')
  writeRecord(state, key, undefined)
  return decoded.value
}

function storeUnsent({ outbox, state }: DrainRequest, destination: ChainNumber): void {
  const { nextSequence } = outgoingOf(outbox.channels, destination)
  for (const receipt of outbox.fresh.get(destination) ?? []) {
    if (receipt.sequence < nextSequence) continue
    writeRecord(state, bufferedReceiptKey(destination, receipt.sequence), encodeReceipt(receipt))
  }
}
