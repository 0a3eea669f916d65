/**
 * L3, receipts: what a shard has sent is consumed by its destination within its bound, counted from healing; while the
 * destination stands still it is not counted.
 */
import { entryOf, type NetworkChecker } from './network-observation.ts'
import { receiptText, type SeenBlock, type SeenCut } from './sharded-observation.ts'

export function createReceiptLivenessChecker(boundMs: number): NetworkChecker {
  /** Receipts on their way, by their text, and since when. */
  const open = new Map<string, number>()
  let healedAt = Infinity

  /** Receipts to the beacon, by shard and sequence; and how many of them it has consumed. */
  const toBeacon = new Map<number, string[]>()
  const taken = new Map<number, number>()

  function take(text: string, now: number): string | undefined {
    const late = now - Math.max(healedAt, open.get(text) ?? now)
    open.delete(text)
    return late > boundMs ? `${text} was on its way for ${late} ms` : undefined
  }

  function judgeCut({ beacon }: SeenCut, now: number): string | undefined {
    let problem: string | undefined
    for (const receipt of beacon?.sent ?? []) open.set(receiptText(receipt), now)
    for (const [shard, cursor] of beacon?.cursors.entries() ?? []) {
      const before = taken.get(shard) ?? 0
      for (const text of toBeacon.get(shard)?.slice(before, cursor) ?? [])
        problem ??= take(text, now)
      taken.set(shard, cursor)
    }
    return problem
  }

  function judge({ consumed, sent }: SeenBlock, now: number): string | undefined {
    let problem: string | undefined
    for (const { receipt } of consumed) problem ??= take(receiptText(receipt), now)
    for (const receipt of sent) {
      open.set(receiptText(receipt), now)
      if (receipt.destination === 0)
        entryOf(toBeacon, receipt.source, (): string[] => []).push(receiptText(receipt))
    }
    return problem
  }

  return {
    rule: 'L3',
    observe: (seen, now) => {
      if (seen.kind === 'healed') healedAt = now
      if (seen.kind === 'cut') return judgeCut(seen.cut, now)
      return seen.kind === 'block' && seen.isFirst ? judge(seen.block, now) : undefined
    },
    finish: (now) => {
      for (const [text, sentAt] of open) {
        const late = now - Math.max(healedAt, sentAt)
        if (late > boundMs) return `${text} has been on its way for ${late} ms`
      }
      return undefined
    },
  }
}
