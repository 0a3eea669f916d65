/**
 * What became of every payment: counts and latencies by level. Pure; fed by what was sent and by what the follower reads.
 *
 * A payment counts once, when its last effect is settled: an intra-shard one with its block, a cross-shard one when its
 * receipt has been applied, or refunded, and that block is settled. Latency counts from the intended arrival, so that a
 * sender that falls behind makes the figures worse and not better (no coordinated omission).
 */
import type { BlockFacts } from '../observe/ledger.ts'
import { createLatencyHistogram, type LatencyHistogram } from './latency.ts'
import type { TrafficCounts, TrafficLatency } from './message.ts'
import type { Outstanding } from './sender.ts'
import type { SignedPayment } from './workload.ts'

export type Settlement = {
  /** Sent and neither settled nor refused nor failed, by hash. */
  readonly underway: Map<string, Outstanding>
  readonly refused: Record<string, number>
  readonly counts: Record<Exclude<keyof TrafficCounts, 'refused'>, number>
  readonly levels: Record<keyof TrafficLatency, LatencyHistogram>
  /** To settlement, by the shard where a payment began; index = shard - 1. */
  readonly byShard: readonly LatencyHistogram[]
  /** Latencies of what was due earlier belong to another window. */
  windowStartMs: number
  readonly onFirst: (first: FirstCrossSettled) => void
  /** Sees every payment leave and every refusal, for a history. */
  readonly witness: PaymentWitness | undefined
}

export type PaymentWitness = {
  readonly sent: (payment: SignedPayment, sender: Uint8Array) => void
  readonly refused: (hash: string, reason: string) => void
}

export type FirstCrossSettled = {
  readonly tx: string
  readonly from: number
  readonly to: number
}

export function createSettlement(
  shardCount: number,
  onFirst: (first: FirstCrossSettled) => void,
  witness?: PaymentWitness,
): Settlement {
  return {
    underway: new Map(),
    refused: {},
    counts: { offered: 0, accepted: 0, dropped: 0, settledIntra: 0, settledCross: 0, failed: 0 },
    levels: {
      settled: createLatencyHistogram(),
      intraFinalized: createLatencyHistogram(),
      intraSettled: createLatencyHistogram(),
      crossApplied: createLatencyHistogram(),
      crossSettled: createLatencyHistogram(),
    },
    byShard: Array.from({ length: shardCount }, () => createLatencyHistogram()),
    windowStartMs: 0,
    onFirst,
    witness,
  }
}

/** A payment leaves, for the first time or again. */
export function noteSent(settlement: Settlement, outstanding: Outstanding): void {
  settlement.underway.set(outstanding.payment.hash, outstanding)
  settlement.witness?.sent(outstanding.payment, outstanding.sender.account.address)
}

export function noteAccepted({ counts }: Settlement, outstanding: Outstanding): void {
  // A payment that was sent again is accepted again; it is still one payment.
  if (!outstanding.accepted) counts.accepted++
  outstanding.accepted = true
}

/** A node refused it, or nobody knows it any more. */
export function noteRefused(
  { underway, refused, witness }: Settlement,
  outstanding: Outstanding,
  reason: string,
): void {
  if (!underway.delete(outstanding.payment.hash)) return
  refused[reason] = (refused[reason] ?? 0) + 1
  witness?.refused(outstanding.payment.hash, reason)
}

export function noteFinalized(settlement: Settlement, block: BlockFacts, atMs: number): void {
  for (const { hash, ok } of block.transactions) {
    const outstanding = settlement.underway.get(hash)
    if (outstanding === undefined) continue
    outstanding.finalized = true
    outstanding.sender.outstanding.delete(outstanding.payment.nonce)
    if (ok && !crosses(outstanding)) record(settlement, 'intraFinalized', outstanding, atMs)
  }
  for (const { originTransaction, outcome } of block.consumed) {
    const outstanding = settlement.underway.get(originTransaction)
    if (outcome !== 'applied' || outstanding === undefined) continue
    record(settlement, 'crossApplied', outstanding, atMs)
  }
}

/** What was final there is not: it is under way again, and sent again if no block takes it. */
export function noteTakenBack({ underway }: Settlement, blocks: readonly BlockFacts[]): void {
  for (const { hash } of blocks.flatMap(({ transactions }) => transactions)) {
    const outstanding = underway.get(hash)
    if (outstanding === undefined || !outstanding.finalized) continue
    outstanding.finalized = false
    outstanding.sender.outstanding.set(outstanding.payment.nonce, outstanding)
  }
}

export function noteSettled(
  settlement: Settlement,
  blocks: readonly BlockFacts[],
  atMs: number,
): void {
  for (const block of blocks) {
    for (const { hash, ok } of block.transactions) settleIncluded(settlement, hash, ok, atMs)
  }
  for (const block of blocks) {
    for (const { outcome, originTransaction } of block.consumed) {
      if (outcome === 'applied') settleCross(settlement, originTransaction, atMs)
    }
  }
}

/** Begins a new window: what is due from now on is measured alone. */
export function clearLatency(settlement: Settlement, nowMs: number): void {
  settlement.windowStartMs = nowMs
  for (const histogram of Object.values(settlement.levels)) histogram.clear()
  for (const histogram of settlement.byShard) histogram.clear()
}

export function countsOf({ counts, refused }: Settlement): TrafficCounts {
  return { ...counts, refused: { ...refused } }
}

export function latencyOf({ levels }: Settlement): TrafficLatency {
  return {
    settled: levels.settled.summary(),
    intraFinalized: levels.intraFinalized.summary(),
    intraSettled: levels.intraSettled.summary(),
    crossApplied: levels.crossApplied.summary(),
    crossSettled: levels.crossSettled.summary(),
  }
}

/** Payments in no finalized block yet. Index = shard - 1. */
export function pendingPerShard({ underway }: Settlement, shardCount: number): readonly number[] {
  const counts = Array.from({ length: shardCount }, () => 0)
  for (const { payment, finalized } of underway.values()) {
    if (!finalized) counts[payment.shard - 1] = (counts[payment.shard - 1] ?? 0) + 1
  }
  return counts
}

function settleIncluded(settlement: Settlement, hash: string, ok: boolean, atMs: number): void {
  const { underway, counts } = settlement
  const outstanding = underway.get(hash)
  if (outstanding === undefined || (ok && crosses(outstanding))) return
  underway.delete(hash)
  if (!ok) {
    counts.failed++
    return
  }
  counts.settledIntra++
  record(settlement, 'intraSettled', outstanding, atMs)
  record(settlement, 'settled', outstanding, atMs)
}

function settleCross(settlement: Settlement, hash: string, atMs: number): void {
  const { underway, counts } = settlement
  const outstanding = underway.get(hash)
  if (outstanding === undefined) return
  underway.delete(hash)
  counts.settledCross++
  record(settlement, 'crossSettled', outstanding, atMs)
  record(settlement, 'settled', outstanding, atMs)
  const { shard, destination } = outstanding.payment
  if (counts.settledCross === 1) settlement.onFirst({ tx: hash, from: shard, to: destination })
}

function record(
  { levels, byShard, windowStartMs }: Settlement,
  level: keyof TrafficLatency,
  { intendedMs, payment }: Outstanding,
  atMs: number,
): void {
  if (intendedMs < windowStartMs) return
  levels[level].add(atMs - intendedMs)
  if (level === 'settled') byShard[payment.shard - 1]?.add(atMs - intendedMs)
}

function crosses({ payment }: Outstanding): boolean {
  return payment.destination !== payment.shard
}
