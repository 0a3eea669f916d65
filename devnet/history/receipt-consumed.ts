/**
 * The receiving half of the receipt workload: what the blocks of the destinations consumed, against what was sent.
 */
import type { SeenCut } from './cut-order.ts'
import type { ConsumedMessage, ReceiptWorld } from './receipt-model.ts'
import { channelKey, isWithin, type Sending, type Sendings } from './receipt-sent.ts'
import type { Findings } from './verdict.ts'

/** A message as its destination's block shows it. */
type Consumption = ConsumedMessage & {
  readonly to: number
  readonly height: number
  readonly line: number
}

export function checkConsumed(world: ReceiptWorld, sent: Sendings, findings: Findings): void {
  /** Next sequence by channel. */
  const next = new Map<string, number>()
  /** Sequences below were sent before the history begins. */
  const base = new Map<string, number>()
  for (const { from, to, sent: first, consumed } of world.header.channels) {
    next.set(`${from}>${to}`, consumed)
    base.set(`${from}>${to}`, first)
  }
  /** By channel and sequence. */
  const consumed = new Map<string, Consumption>()
  for (const [shard, chain] of world.chains) {
    for (const block of chain) {
      for (const message of block.consumed) {
        const consumption = { ...message, to: shard, height: block.height, line: block.line }
        const place = channelKey(message.from, shard, message.sequence)
        const isNew = checkSequence(consumption, next, consumed.get(place), findings)
        if (isNew) consumed.set(place, consumption)
        const isOlder = message.sequence < (base.get(`${message.from}>${shard}`) ?? 0)
        if (isNew && !isOlder) checkOrigin(world, consumption, sent.byPlace.get(place), findings)
      }
    }
  }
  checkFinal(world, sent, consumed, findings)
}

/** False for a message that was consumed before. */
function checkSequence(
  { from, to, sequence, line }: Consumption,
  next: Map<string, number>,
  before: Consumption | undefined,
  findings: Findings,
): boolean {
  const channel = `${from}>${to}`
  const expected = next.get(channel) ?? 0
  next.set(channel, Math.max(expected, sequence + 1))
  if (sequence === expected) return true
  if (sequence < expected) {
    const lines = before === undefined ? [line] : [before.line, line]
    const sentence = `channel ${channel}: message ${sequence} is consumed a second time`
    findings.contradict('receipt/twice', lines, sentence)
    return false
  }
  const sentence = `channel ${channel}: message ${sequence} is consumed before message ${expected}`
  findings.contradict('receipt/order', [line], sentence)
  return true
}

function checkOrigin(
  world: ReceiptWorld,
  consumption: Consumption,
  sending: Sending | undefined,
  findings: Findings,
): void {
  const { id, kind, amount, outcome, line, to } = consumption
  if (kind === 'bounce' && outcome === 'bounced') {
    const sentence = `shard ${to} bounces the refund of ${id}; a refund is always applied`
    findings.contradict('receipt/bounce', [line], sentence)
  }
  if (outcome === 'void') {
    const sentence = `shard ${to} consumes ${id} without effect: its source says that it sent less`
    findings.contradict('receipt/changed', [line], sentence)
  }
  if (sending === undefined) return checkUnseen(world, consumption, findings)
  const lines = [sending.line, line]
  if (sending.id !== id || sending.kind !== kind || sending.amount !== amount) {
    const sentence = `message ${consumption.sequence} leaves shard ${sending.from} as ${describe(sending)} and arrives as ${describe(consumption)}`
    findings.contradict('receipt/changed', lines, sentence)
    return
  }
  const cut = firstHolding(world.cuts, to, consumption.height)
  if (cut !== undefined && !isWithin(cut.heights, sending.from, sending.height)) {
    const sentence = `the cut of beacon block ${cut.beacon} holds the arrival of ${id} but not its sending in block ${sending.height} of shard ${sending.from}`
    findings.contradict('receipt/before-sent', [...lines, cut.line], sentence)
  }
}

function describe({ kind, id, amount }: Pick<Consumption, 'kind' | 'id' | 'amount'>): string {
  return `${kind} ${id} of ${amount}`
}

/** No block that was read shows its sending. That is a contradiction when all blocks that could are known. */
function checkUnseen(world: ReceiptWorld, consumption: Consumption, findings: Findings): void {
  const { id, from, to, height, line, kind } = consumption
  const send = world.sends.get(id)
  if (send === undefined || (kind === 'transfer' && send.asked.from !== from)) {
    const sentence = `shard ${to} consumes ${id} of shard ${from}, which nobody sent`
    findings.contradict('receipt/invented', [line], sentence)
    return
  }
  if (send.invokeLine > line) {
    const sentence = `shard ${to} consumes ${id} before anybody asked for it`
    findings.contradict('receipt/before-invoke', [line, send.invokeLine], sentence)
    return
  }
  const cut = firstHolding(world.cuts, to, height)
  const known = world.chains.get(from)?.at(-1)?.height ?? 0
  if (cut !== undefined && isWithin(cut.heights, from, known + 1)) return
  if (cut !== undefined) {
    const sentence = `the cut of beacon block ${cut.beacon} holds the arrival of ${id}, and no block of shard ${from} up to it sends it`
    findings.contradict('receipt/before-sent', [line, cut.line], sentence)
  }
}

/** The first cut that holds a block; the strictest one to ask for its causes. */
function firstHolding(
  ascending: readonly SeenCut[],
  shard: number,
  height: number,
): SeenCut | undefined {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ascending[middle]?.heights.get(shard) ?? 0) < height) low = middle + 1
    else high = middle
  }
  return ascending[low]
}

/** When nothing is under way any more, every message has arrived and every bounce has been paid back. */
function checkFinal(
  { final, chains }: ReceiptWorld,
  sent: Sendings,
  consumed: ReadonlyMap<string, Consumption>,
  findings: Findings,
): void {
  if (final === undefined) return
  for (const [place, { id, kind, from, to, height, line }] of sent.byPlace) {
    if (!isWithin(final.heights, from, height)) continue
    const arrival = consumed.get(place)
    if (arrival !== undefined && isWithin(final.heights, to, arrival.height)) continue
    const sentence = `${kind} ${id} left shard ${from} in block ${height} and has not arrived at shard ${to}`
    findings.contradict('receipt/unfinished', [line, final.line], sentence)
  }
  for (const [shard, chain] of chains) {
    for (const block of chain) {
      if (!isWithin(final.heights, shard, block.height)) continue
      for (const { id, outcome } of block.consumed) {
        if (outcome !== 'bounced' || sent.bounces.has(id)) continue
        const sentence = `shard ${shard} bounced ${id} in block ${block.height} and never refunded it`
        findings.contradict('receipt/unfinished', [block.line, final.line], sentence)
      }
    }
  }
}
