/**
 * The part of the auditor's books that is about the beacon: stakes, what was burnt of them, and how far its channels with the
 * shards are sent and consumed (docs/protocol/crosslinks.md C.9). The beacon's own receipts are booked by count and value; what
 * a shard consumes of them is read from the shard.
 */
export type BeaconChannel = {
  /** Receipts of the shard that the beacon has consumed. */
  readonly consumed: number
  /** What the beacon has sent to the shard: receipts, and wei. */
  readonly sent: number
  readonly sentValue: bigint
}

/** What a finalized beacon block says of the registry. */
export type BeaconFlows = {
  readonly stake: bigint
  readonly burnt: bigint
  /** Index = shard - 1. */
  readonly channels: readonly BeaconChannel[]
}

export type BeaconBooks = {
  flows: BeaconFlows
  /** Index = shard - 1: what shards have consumed of what the beacon sent them. */
  readonly taken: { count: number; value: bigint }[]
}

/** Before anything is known of it. */
export function openBeaconBooks(): BeaconBooks {
  return { flows: { stake: 0n, burnt: 0n, channels: [] }, taken: [] }
}

function takenBy({ taken }: BeaconBooks, shard: number): BeaconBooks['taken'][number] {
  while (taken.length < shard) taken.push({ count: 0, value: 0n })
  const known = taken[shard - 1]
  return known ?? { count: 0, value: 0n }
}

/** A receipt that a shard has consumed of the beacon; a sentence if it was not its turn. */
export function bookFromBeacon(
  books: BeaconBooks,
  name: string,
  receipt: { readonly shard: number; readonly sequence: number; readonly amount: bigint },
): string | undefined {
  const { shard, sequence, amount } = receipt
  const taken = takenBy(books, shard)
  const sent = books.flows.channels[shard - 1]?.sent ?? 0
  const expected = taken.count
  taken.count = Math.max(expected, sequence + 1)
  taken.value += amount
  if (sequence !== expected)
    return `${name} applies receipt ${sequence} of the beacon where ${expected} was next`
  if (sequence >= sent)
    return `${name} applies receipt ${sequence} of the beacon, which was never sent`
  return undefined
}

/** Receipts that the beacon has sent and their shards have not consumed. */
export function fromBeacon(books: BeaconBooks): { readonly count: number; readonly value: bigint } {
  let count = 0
  let value = 0n
  for (const [index, { sent, sentValue }] of books.flows.channels.entries()) {
    const taken = takenBy(books, index + 1)
    count += sent - taken.count
    value += sentValue - taken.value
  }
  return { count, value }
}
