/**
 * L3, receipts: what a shard has sent is consumed by its destination within its bound, counted from healing; while the
 * destination stands still it is not counted.
 */
import type { NetworkChecker } from './network-observation.ts'
import { receiptText, type SeenBlock } from './sharded-observation.ts'

export function createReceiptLivenessChecker(boundMs: number): NetworkChecker {
  /** Receipts on their way, by their text, and since when. */
  const open = new Map<string, number>()
  let healedAt = Infinity

  function judge({ consumed, sent }: SeenBlock, now: number): string | undefined {
    let problem: string | undefined
    for (const { receipt } of consumed) {
      const text = receiptText(receipt)
      const late = now - Math.max(healedAt, open.get(text) ?? now)
      open.delete(text)
      if (late > boundMs) problem ??= `${text} was on its way for ${late} ms`
    }
    for (const receipt of sent) open.set(receiptText(receipt), now)
    return problem
  }

  return {
    rule: 'L3',
    observe: (seen, now) => {
      if (seen.kind === 'healed') healedAt = now
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
