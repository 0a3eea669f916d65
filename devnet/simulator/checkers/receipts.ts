/**
 * C3 and C4, receipts: what a shard consumes of a channel is a prefix of what its source sent, in order, each once, word for
 * word; a receipt that bounces comes back exactly once, with its whole value, to where it came from.
 */
import { receiptText, type SeenBlock, type SeenReceipt } from './sharded-observation.ts'

export type ReceiptChecker = {
  /** Each shard's blocks in height order, each height once. */
  readonly block: (block: SeenBlock) => string | undefined
  /** When a run has drained: everything sent was consumed, everything refused came back. */
  readonly finish: () => string | undefined
  readonly counts: () => { readonly consumed: number; readonly bounced: number }
}

type SeenConsumed = SeenBlock['consumed'][number]

type Channel = { readonly sent: string[]; consumed: number }

export function createReceiptChecker(): ReceiptChecker {
  const channels = new Map<string, Channel>()
  /** Bounces owed and not yet sent back, by what they must say; with how often. */
  const owed = new Map<string, number>()
  const counts = { consumed: 0, bounced: 0 }

  function channelOf({ source, destination }: SeenReceipt): Channel {
    const key = `${source}-${destination}`
    const known = channels.get(key) ?? { sent: [], consumed: 0 }
    channels.set(key, known)
    return known
  }

  function send(receipt: SeenReceipt): string | undefined {
    const { sent } = channelOf(receipt)
    if (receipt.sequence !== sent.length)
      return `${receiptText(receipt)} was sent, but the channel stands at ${sent.length}`
    sent.push(receiptText(receipt))
    if (receipt.kind !== 'bounce') return undefined
    const left = (owed.get(bounceText(receipt)) ?? 0) - 1
    if (left < 0) return `${receiptText(receipt)} gives back what nobody refused`
    owed.set(bounceText(receipt), left)
    return undefined
  }

  function consume({ receipt, outcome }: SeenConsumed): string | undefined {
    const channel = channelOf(receipt)
    const expected = channel.sent[channel.consumed]
    if (expected !== receiptText(receipt))
      return `${receiptText(receipt)} was consumed where ${expected ?? 'nothing'} was due`
    channel.consumed++
    counts.consumed++
    if (outcome === 'void') return `${receiptText(receipt)} is void, and nobody's source lies`
    if (outcome === 'applied') return undefined
    if (receipt.kind !== 'transfer') return `${receiptText(receipt)} bounced, and never may`
    counts.bounced++
    const back = { ...receipt, source: receipt.destination, destination: receipt.source }
    owed.set(bounceText(back), (owed.get(bounceText(back)) ?? 0) + 1)
    return undefined
  }

  return {
    block: (block) => {
      let problem: string | undefined
      for (const consumed of block.consumed) problem ??= consume(consumed)
      for (const receipt of block.sent) problem ??= send(receipt)
      return problem
    },
    finish: () => {
      for (const [name, { sent, consumed }] of channels) {
        if (sent.length > consumed)
          return `${sent.length - consumed} receipts of channel ${name} were never consumed`
      }
      for (const [text, count] of owed) if (count > 0) return `never given back: ${text}`
      return undefined
    },
    counts: () => counts,
  }
}

/** All of a bounce but its place in the channel. */
function bounceText({ source, destination, from, to, amount, origin }: SeenReceipt): string {
  return [source, destination, from, to, amount, origin].join('/')
}
