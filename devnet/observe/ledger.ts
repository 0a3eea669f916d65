/**
 * The auditor's own books: what every shard sent to every other and what became of it, kept from outside by reading blocks
 * over RPC. It shares no arithmetic with the node, so that the two can contradict each other.
 *
 * Invariants checked per channel (source, destination): sequences are sent without gap from 0; each is consumed exactly
 * once, in order, with the amount that was sent, never before it was sent. A breach is a violation in words, not an
 * exception: the books stay open and the next breach is seen too.
 *
 * The ledger only ever stands at a consistent cut: the shard heights that one finalized beacon block records.
 */
import {
  bookFromBeacon,
  fromBeacon,
  openBeaconBooks,
  type BeaconBooks,
  type BeaconFlows,
} from './beacon-books.ts'
import type { ReceiptOutcome } from '../../node/crosslink/receipt.ts'
import { present } from '../../node/primitives/assert.ts'

/** A receipt as its source block shows it. Numbers of chains and sequences as in protocol C.4. */
export type SentReceipt = {
  readonly destination: number
  readonly sequence: number
  readonly amount: bigint
}

export type ConsumedReceipt = {
  readonly source: number
  readonly sequence: number
  readonly kind: 'transfer' | 'bounce' | 'move' | 'deposit' | 'exit' | 'payout'
  readonly amount: bigint
  readonly outcome: ReceiptOutcome
  /** `0x` hex hash of the user's transaction that this goes back to. */
  readonly originTransaction: string
}

export type BlockFacts = {
  readonly shard: number
  readonly height: number
  /** `0x` hex. */
  readonly hash: string
  readonly transactions: readonly { readonly hash: string; readonly ok: boolean }[]
  readonly consumed: readonly ConsumedReceipt[]
  readonly sent: readonly SentReceipt[]
}

/** A shard's place in a cut. */
export type CutShard = { readonly shard: number; readonly height: number; readonly hash: string }

export type ReceiptCounts = {
  readonly sent: number
  readonly applied: number
  readonly refunded: number
  readonly pending: number
}

type Channel = {
  sentNext: number
  consumedNext: number
  /** Amounts by sequence of what is on its way; as long as the channel's window, never as long as history. */
  readonly underway: Map<number, bigint>
}

export type Ledger = {
  /** Index = shard - 1; the settled block the books stand at. Hash is empty at height 0. */
  readonly positions: { height: number; hash: string }[]
  readonly channels: Map<string, Channel>
  readonly beacon: BeaconBooks
  sent: number
  applied: number
  refunded: number
}

export function createLedger(shardCount: number): Ledger {
  return {
    positions: Array.from({ length: shardCount }, () => ({ height: 0, hash: '' })),
    channels: new Map(),
    beacon: openBeaconBooks(),
    sent: 0,
    applied: 0,
    refunded: 0,
  }
}

/**
 * Moves the books to a cut. `blocks` are all blocks between the books and the cut, each shard's in height order; `flows` is what
 * the beacon block of the cut says of the registry.
 * Sends are booked before consumptions: within one cut a destination may have consumed what a source sent below it.
 */
export function applyCut(
  ledger: Ledger,
  cut: readonly CutShard[],
  blocks: readonly BlockFacts[],
  flows?: BeaconFlows,
): string[] {
  const violations: string[] = []
  if (flows !== undefined) bookFlows(ledger, flows)
  for (const block of blocks) violations.push(...bookSent(ledger, block))
  for (const block of blocks) violations.push(...bookConsumed(ledger, block))
  violations.push(...bookToBeacon(ledger))
  for (const block of blocks) {
    const position = positionOf(ledger, block.shard)
    if (block.height !== position.height + 1) {
      violations.push(
        `shard ${block.shard}: block ${block.height} follows block ${position.height} in the books`,
      )
    }
    position.height = block.height
    position.hash = block.hash
  }
  for (const { shard, height, hash } of cut) {
    const position = positionOf(ledger, shard)
    // A shard that was never crosslinked stands at its genesis, whose hash the books do not know.
    if (height === 0) continue
    if (position.height !== height || position.hash !== hash) {
      violations.push(
        `shard ${shard}: the beacon records block ${height} ${hash}, the shard shows ${position.height} ${position.hash}`,
      )
    }
  }
  return violations
}

/** The books grow with the layout of the network (beacon.md B.7). */
function positionOf({ positions }: Ledger, shard: number): Ledger['positions'][number] {
  while (positions.length < shard) positions.push({ height: 0, hash: '' })
  return present(positions[shard - 1], 'shards are counted from one')
}

function bookFlows(ledger: Ledger, flows: BeaconFlows): void {
  const countOf = ({ channels }: BeaconFlows) => channels.reduce((sum, { sent }) => sum + sent, 0)
  ledger.sent += countOf(flows) - countOf(ledger.beacon.flows)
  ledger.beacon.flows = flows
}

/** What the beacon has consumed is not on its way any more: it is in a stake, or on its way back. */
function bookToBeacon(ledger: Ledger): string[] {
  const violations: string[] = []
  for (const [index, { consumed }] of ledger.beacon.flows.channels.entries()) {
    const channel = channelOf(ledger, index + 1, 0)
    if (consumed > channel.sentNext)
      violations.push(
        `the beacon has consumed ${consumed} receipts of shard ${index + 1}, which sent ${channel.sentNext}`,
      )
    for (; channel.consumedNext < consumed; channel.consumedNext++) {
      channel.underway.delete(channel.consumedNext)
      ledger.applied++
    }
  }
  return violations
}

function bookSent(ledger: Ledger, block: BlockFacts): string[] {
  const violations: string[] = []
  for (const receipt of block.sent) {
    const channel = channelOf(ledger, block.shard, receipt.destination)
    if (receipt.sequence !== channel.sentNext) {
      violations.push(
        `channel ${block.shard} to ${receipt.destination}: block ${block.height} sends receipt ${receipt.sequence} ` +
          `where ${channel.sentNext} was next`,
      )
    }
    channel.underway.set(receipt.sequence, receipt.amount)
    channel.sentNext = receipt.sequence + 1
    ledger.sent++
  }
  return violations
}

function bookConsumed(ledger: Ledger, block: BlockFacts): string[] {
  const violations: string[] = []
  for (const receipt of block.consumed) {
    const channel = channelOf(ledger, receipt.source, block.shard)
    const name = `channel ${receipt.source} to ${block.shard}: block ${block.height}`
    if (receipt.source === 0) {
      const violation = bookFromBeacon(ledger.beacon, name, { ...receipt, shard: block.shard })
      if (violation !== undefined) violations.push(violation)
      violations.push(...bookEnd(ledger, name, receipt))
      continue
    }
    const amount = channel.underway.get(receipt.sequence)
    if (receipt.sequence < channel.consumedNext) {
      violations.push(`${name} applies receipt ${receipt.sequence} a second time`)
    } else if (amount === undefined) {
      violations.push(`${name} applies receipt ${receipt.sequence}, which was never sent`)
    } else if (receipt.sequence !== channel.consumedNext) {
      violations.push(
        `${name} applies receipt ${receipt.sequence} before receipt ${channel.consumedNext}`,
      )
    }
    if (amount !== undefined && amount !== receipt.amount) {
      violations.push(
        `${name} applies receipt ${receipt.sequence} with ${receipt.amount} wei, sent were ${amount}`,
      )
    }
    channel.underway.delete(receipt.sequence)
    channel.consumedNext = Math.max(channel.consumedNext, receipt.sequence + 1)
    violations.push(...bookEnd(ledger, name, receipt))
  }
  return violations
}

function bookEnd(ledger: Ledger, name: string, receipt: ConsumedReceipt): string[] {
  if (receipt.outcome === 'applied') ledger.applied++
  if (receipt.outcome === 'applied' && receipt.kind === 'bounce') ledger.refunded++
  if (receipt.outcome !== 'void') return []
  return [`${name} voids receipt ${receipt.sequence}, which is worth more than was sent`]
}

function channelOf(ledger: Ledger, source: number, destination: number): Channel {
  const key = `${source}>${destination}`
  const known = ledger.channels.get(key)
  if (known !== undefined) return known
  const channel: Channel = { sentNext: 0, consumedNext: 0, underway: new Map() }
  ledger.channels.set(key, channel)
  return channel
}

/** Value of everything sent and not yet consumed at the cut, in wei. */
export function valueInFlight(ledger: Ledger): bigint {
  let { value } = fromBeacon(ledger.beacon)
  for (const channel of ledger.channels.values()) {
    for (const amount of channel.underway.values()) value += amount
  }
  return value
}

export function receiptCounts(ledger: Ledger): ReceiptCounts {
  let pending = fromBeacon(ledger.beacon).count
  for (const channel of ledger.channels.values()) pending += channel.underway.size
  return { sent: ledger.sent, applied: ledger.applied, refunded: ledger.refunded, pending }
}

/** The books as a JSON value, so that a resumed devnet need not read its history again. */
export function ledgerToJson(ledger: Ledger): unknown {
  return {
    format: 'weft-ledger-2',
    positions: ledger.positions,
    beacon: beaconToJson(ledger.beacon),
    sent: ledger.sent,
    applied: ledger.applied,
    refunded: ledger.refunded,
    channels: [...ledger.channels].map(([key, { sentNext, consumedNext, underway }]) => ({
      key,
      sentNext,
      consumedNext,
      underway: [...underway].map(([sequence, amount]) => [sequence, amount.toString()]),
    })),
  }
}

function beaconToJson({ flows, taken }: BeaconBooks): unknown {
  return {
    stake: flows.stake.toString(),
    burnt: flows.burnt.toString(),
    channels: flows.channels.map(({ consumed, sent, sentValue }) => {
      return { consumed, sent, sentValue: sentValue.toString() }
    }),
    taken: taken.map(({ count, value }) => ({ count, value: value.toString() })),
  }
}
