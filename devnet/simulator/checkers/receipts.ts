/**
 * C3 and C4, receipts: what a shard consumes of a channel is a prefix of what its source sent, in order, each once, word for
 * word; a receipt that bounces comes back exactly once, with its whole value, to where it came from.
 */
import {
  receiptText,
  type SeenBlock,
  type SeenCut,
  type SeenReceipt,
} from './sharded-observation.ts'

export type ReceiptChecker = {
  /** Each shard's blocks in height order, each height once. */
  readonly block: (block: SeenBlock) => string | undefined
  /** What a beacon block has sent, before any shard can consume it. */
  readonly beaconSent: (cut: SeenCut) => string | undefined
  /** What it has consumed, and that it gives back only that, once; when the blocks that it records are known. */
  readonly beaconConsumed: (cut: SeenCut) => string | undefined
  /** When a run has drained: everything sent was consumed, everything refused came back. */
  readonly finish: () => string | undefined
  readonly counts: () => { readonly consumed: number; readonly bounced: number }
}

type SeenConsumed = SeenBlock['consumed'][number]

type Channel = { readonly sent: string[]; readonly receipts: SeenReceipt[]; consumed: number }

export function createReceiptChecker(): ReceiptChecker {
  const channels = new Map<string, Channel>()
  /** Bounces owed and not yet sent back, by what they must say; with how often. */
  const owed = new Map<string, number>()
  /** What the beacon has consumed and may still give back, once. */
  const refusable = new Map<string, number>()
  const counts = { consumed: 0, bounced: 0 }

  function channelOf({
    source,
    destination,
  }: Pick<SeenReceipt, 'source' | 'destination'>): Channel {
    const key = `${source}-${destination}`
    const known = channels.get(key) ?? { sent: [], receipts: [], consumed: 0 }
    channels.set(key, known)
    return known
  }

  function send(receipt: SeenReceipt): string | undefined {
    const { sent, receipts } = channelOf(receipt)
    if (receipt.sequence !== sent.length)
      return `${receiptText(receipt)} was sent, but the channel stands at ${sent.length}`
    sent.push(receiptText(receipt))
    // The beacon may refuse what it is sent, and says so by what it gives back.
    if (receipt.destination === 0) receipts.push(receipt)
    if (receipt.kind !== 'bounce' || receipt.source === 0) return undefined
    return giveBack(owed, receipt)
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
    beaconSent: ({ beacon }) => firstProblem(beacon?.sent ?? [], send),
    beaconConsumed: (cut) => consumeByBeacon({ channelOf, refusable, counts }, cut),
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

type BeaconBooks = {
  readonly channelOf: (ends: Pick<SeenReceipt, 'source' | 'destination'>) => Channel
  readonly refusable: Map<string, number>
  readonly counts: { consumed: number }
}

function consumeByBeacon(books: BeaconBooks, { beacon }: SeenCut): string | undefined {
  const cursors = [...(beacon?.cursors.entries() ?? [])].filter(([shard]) => shard > 0)
  const bounces = beacon?.sent.filter(({ kind }) => kind === 'bounce') ?? []
  return (
    firstProblem(cursors, ([shard, cursor]) => takeIn(books, shard, cursor)) ??
    firstProblem(bounces, (receipt) => giveBack(books.refusable, receipt))
  )
}

function takeIn(
  { channelOf, refusable, counts }: BeaconBooks,
  shard: number,
  cursor: number,
): string | undefined {
  const channel = channelOf({ source: shard, destination: 0 })
  if (cursor > channel.sent.length)
    return `the beacon consumed ${cursor} receipts of shard ${shard}, which sent ${channel.sent.length}`
  for (const receipt of channel.receipts.slice(channel.consumed, cursor)) {
    const text = bounceText({ ...receipt, source: 0, destination: shard })
    refusable.set(text, (refusable.get(text) ?? 0) + 1)
    counts.consumed++
  }
  channel.consumed = Math.max(channel.consumed, cursor)
  return undefined
}

function firstProblem<Item>(
  items: readonly Item[],
  judge: (item: Item) => string | undefined,
): string | undefined {
  let problem: string | undefined
  for (const item of items) problem ??= judge(item)
  return problem
}

function giveBack(owed: Map<string, number>, receipt: SeenReceipt): string | undefined {
  const left = (owed.get(bounceText(receipt)) ?? 0) - 1
  if (left < 0) return `${receiptText(receipt)} gives back what nobody refused`
  owed.set(bounceText(receipt), left)
  return undefined
}

/** All of a bounce but its place in the channel. */
function bounceText({ source, destination, from, to, amount, origin }: SeenReceipt): string {
  return [source, destination, from, to, amount, origin].join('/')
}
