/**
 * The lies of a captured shard in the toy world: receipts worth money that it never had, bounces of what nobody sent, and
 * channel values that are not the sum of their receipts. All of it is certified by its committee.
 */
import { extendChannel } from '../../node/crosslink/channel.ts'
import type { ChannelHead, Receipt, ReceiptBatch } from '../../node/crosslink/receipt.ts'
import type { Prng } from '../../node/primitives/prng.ts'

export const CAPTURED = 1

export type Outgoing = {
  readonly destination: number
  readonly kind: Receipt['kind']
  readonly amount: bigint
}

/** Up to as much as the whole world has, from nowhere. */
export function forge(dice: Prng, shardCount: number, moneyThereIs: bigint): readonly Outgoing[] {
  return Array.from({ length: dice.below(4) }, () => ({
    destination: 2 + dice.below(shardCount - 1),
    kind: dice.chance(1, 4) ? ('bounce' as const) : ('transfer' as const),
    amount: BigInt(1 + dice.below(dice.chance(1, 3) ? Number(moneyThereIs) : 30)),
  }))
}

/** What the leaf says was sent: the truth, or anything from nothing to twice as much. */
export function countFalsely(dice: Prng, channel: ChannelHead, batch: ReceiptBatch): ChannelHead {
  const honest = extendChannel(channel, batch)
  const sent = honest.value - channel.value
  const claims = [sent, 0n, sent / 2n, sent * 2n]
  return { ...honest, value: channel.value + dice.pick(claims) }
}
