/**
 * The beacon's outbox (docs/protocol/crosslinks.md C.9): what a beacon block owes accounts on shards, as one batch per shard.
 *
 * Invariant: the channel heads in the state commit to every batch ever sent, so every node that follows the beacon makes the same
 * batches, and a shard takes them by the outRoot at its anchor.
 */
import { channelTo, extendChannel } from '../crosslink/channel.ts'
import type { ChannelHead, Receipt, ReceiptBatch } from '../crosslink/receipt.ts'
import { assert } from '../primitives/assert.ts'
import { asciiBytes } from '../primitives/bytes.ts'
import { BEACON_CHAIN, type ChainNumber } from '../primitives/identifiers.ts'
import type { BeaconState } from './state.ts'

/** A receipt to be made. `reason`: why something comes back, for whoever sent it. */
export type BeaconOrder = Pick<
  Receipt,
  'destination' | 'kind' | 'from' | 'to' | 'amount' | 'originTransaction'
> & { readonly reason?: string }

export type BeaconSending = {
  readonly outgoing: readonly ChannelHead[]
  readonly sent: readonly ReceiptBatch[]
}

/** The channels after the block at this height has sent these receipts, in their order. */
export function sendOrders(
  { outgoing: before }: Pick<BeaconState, 'outgoing'>,
  orders: readonly BeaconOrder[],
  height: number,
): BeaconSending {
  // Hashes of lists are kept by list.
  if (orders.length === 0) return { outgoing: before, sent: [] }
  const outgoing = [...before]
  const sent: ReceiptBatch[] = []
  const destinations = [...new Set(orders.map(({ destination }) => destination))]
  for (const destination of destinations.sort((left, right) => left - right)) {
    assert(destination > BEACON_CHAIN && destination < before.length, 'receipts go to shards')
    const own = orders.filter((order) => order.destination === destination)
    const channel = channelTo(before, destination)
    const batch = batchOf(own, { destination, height, startSequence: channel.nextSequence })
    outgoing[destination] = extendChannel(channel, batch)
    sent.push(batch)
  }
  return { outgoing, sent }
}

type Place = {
  readonly destination: ChainNumber
  readonly height: number
  readonly startSequence: number
}

function batchOf(orders: readonly BeaconOrder[], place: Place): ReceiptBatch {
  return {
    source: BEACON_CHAIN,
    ...place,
    receipts: orders.map(({ reason = '', ...order }, index) => ({
      ...order,
      source: BEACON_CHAIN,
      sequence: place.startSequence + index,
      // Nobody paid for it here: it counts at its destination like every receipt (C.5).
      gas: 0,
      payload: asciiBytes(reason),
    })),
  }
}
