/**
 * The sending half of the receipt workload: what the blocks of the sources show, against what clients asked for and against
 * what the destinations bounced.
 */
import type { ReceiptWorld, SeenBlock, SentMessage } from './receipt-model.ts'
import type { Findings } from './verdict.ts'

/** A message as its source block shows it. */
export type Sending = SentMessage & {
  readonly from: number
  readonly height: number
  readonly line: number
}

export type Sendings = {
  /** By channel and sequence, as `channelKey` says. */
  readonly byPlace: ReadonlyMap<string, Sending>
  /** The first of each id. */
  readonly transfers: ReadonlyMap<string, Sending>
  readonly bounces: ReadonlyMap<string, Sending>
}

export function channelKey(from: number, to: number, sequence: number): string {
  return `${from}>${to}#${sequence}`
}

export function checkSent(world: ReceiptWorld, findings: Findings): Sendings {
  const byPlace = new Map<string, Sending>()
  const transfers = new Map<string, Sending>()
  const bounces = new Map<string, Sending>()
  const bounced = bouncedMessages(world)
  /** Next sequence by channel. */
  const next = new Map<string, number>()
  for (const { from, to, sent } of world.header.channels) next.set(`${from}>${to}`, sent)
  for (const [shard, chain] of world.chains) {
    for (const block of chain) {
      for (const message of block.sent) {
        const sending = { ...message, from: shard, height: block.height, line: block.line }
        checkSequence(sending, next, findings)
        const seen = message.kind === 'transfer' ? transfers : bounces
        const known = seen.get(message.id)
        if (known !== undefined) {
          const sentence = `${message.id} leaves shard ${shard} a second time as ${message.kind}`
          findings.contradict('receipt/sent-twice', [known.line, sending.line], sentence)
        } else if (message.kind === 'transfer') {
          checkTransfer(world, sending, findings)
        } else {
          checkBounce(sending, bounced.get(message.id), findings)
        }
        seen.set(message.id, known ?? sending)
        byPlace.set(channelKey(shard, message.to, message.sequence), sending)
      }
    }
  }
  checkAcknowledged(world, transfers, findings)
  return { byPlace, transfers, bounces }
}

function checkSequence(sending: Sending, next: Map<string, number>, findings: Findings): void {
  const { from, to, sequence, line } = sending
  const channel = `${from}>${to}`
  const expected = next.get(channel) ?? 0
  if (sequence !== expected) {
    const sentence = `channel ${channel}: message ${sequence} is sent where ${expected} was next`
    findings.contradict('receipt/send-order', [line], sentence)
  }
  next.set(channel, Math.max(expected, sequence + 1))
}

function checkTransfer(world: ReceiptWorld, sending: Sending, findings: Findings): void {
  const { id, from, to, amount, line, height, sequence } = sending
  const send = world.sends.get(id)
  if (send === undefined) {
    findings.contradict(
      'receipt/invented',
      [line],
      `shard ${from} sends ${id}, which nobody asked for`,
    )
    return
  }
  const { asked, invokeLine, end } = send
  const lines = [invokeLine, line]
  if (asked.from !== from || asked.to !== to) {
    const sentence = `${id} was asked for from ${asked.from} to ${asked.to} and is sent from ${from} to ${to}`
    findings.contradict('receipt/destination', lines, sentence)
  }
  if (asked.amount !== amount) {
    const sentence = `${id} is sent with ${amount}, asked for were ${asked.amount}`
    findings.contradict('receipt/amount', lines, sentence)
  }
  if (invokeLine > line) {
    findings.contradict('receipt/before-invoke', lines, `${id} is sent before anybody asked for it`)
  }
  if (end.kind === 'fail') {
    const sentence = `${id} failed, and shard ${from} sends it`
    findings.contradict('receipt/failed-visible', [end.line, line], sentence)
  }
  if (end.kind !== 'ok') return
  if (end.value.height > height) {
    const sentence = `${id} was acknowledged in block ${end.value.height} and leaves in block ${height} already`
    findings.contradict('receipt/too-early', [end.line, line], sentence)
  }
  if (end.value.sequence !== undefined && end.value.sequence !== sequence) {
    const sentence = `${id} was acknowledged as message ${end.value.sequence} and is sent as ${sequence}`
    findings.contradict('receipt/changed', [end.line, line], sentence)
  }
}

type Bounced = { readonly block: SeenBlock; readonly from: number; readonly amount: bigint }

/** What destinations could not apply, by id; the first of each. */
function bouncedMessages({ chains }: ReceiptWorld): ReadonlyMap<string, Bounced> {
  const bounced = new Map<string, Bounced>()
  for (const chain of chains.values()) {
    for (const block of chain) {
      for (const { id, outcome, from, amount } of block.consumed) {
        if (outcome === 'bounced' && !bounced.has(id)) bounced.set(id, { block, from, amount })
      }
    }
  }
  return bounced
}

/** A refund leaves where the message was bounced, goes back where it came from, and not before. */
function checkBounce(sending: Sending, origin: Bounced | undefined, findings: Findings): void {
  const { id, from, to, line, height, amount } = sending
  if (origin === undefined || origin.block.shard !== from || origin.block.height > height) {
    const sentence = `shard ${from} refunds ${id} in block ${height}, but did not bounce it by then`
    findings.contradict('receipt/bounce', [line], sentence)
    return
  }
  const lines = [origin.block.line, line]
  if (origin.from !== to) {
    const sentence = `${id} came from shard ${origin.from} and is refunded to shard ${to}`
    findings.contradict('receipt/destination', lines, sentence)
  }
  if (origin.amount !== amount) {
    const sentence = `${id} came with ${origin.amount} and is refunded with ${amount}`
    findings.contradict('receipt/amount', lines, sentence)
  }
}

/** When nothing is under way any more, every acknowledged message has left. */
function checkAcknowledged(
  { sends, final }: ReceiptWorld,
  transfers: ReadonlyMap<string, Sending>,
  findings: Findings,
): void {
  if (final === undefined) return
  for (const [id, { asked, end }] of sends) {
    if (end.kind !== 'ok' || !isWithin(final.heights, asked.from, end.value.height)) continue
    const sending = transfers.get(id)
    if (sending !== undefined && isWithin(final.heights, asked.from, sending.height)) continue
    const sentence = `${id} was acknowledged in block ${end.value.height} of shard ${asked.from} and never left it`
    findings.contradict('receipt/lost', [end.line, final.line], sentence)
  }
}

export function isWithin(
  heights: ReadonlyMap<number, number>,
  shard: number,
  height: number,
): boolean {
  return height <= (heights.get(shard) ?? 0)
}
