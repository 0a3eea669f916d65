/**
 * L2, inclusion: a transaction that a node has taken is in a final block within its bound, counted from when it could be:
 * the network healed, and the sender's transactions before it are in.
 */
import { entryOf, type NetworkChecker, type OfferedTransaction } from './network-observation.ts'

type Due = { readonly transaction: OfferedTransaction; acceptedAt: number | undefined }

export function createInclusionChecker(boundMs: number): NetworkChecker {
  const open = new Map<string, Due>()
  /** `shard/account` -> how many are in, and since when. */
  const senders = new Map<string, { count: number; since: number }>()
  let healedAt = Infinity

  function senderOf({ shard, from }: OfferedTransaction): { count: number; since: number } {
    return entryOf(senders, `${shard}/${from}`, () => ({ count: 0, since: 0 }))
  }

  function lateness({ transaction, acceptedAt }: Due, now: number): number {
    const { count, since } = senderOf(transaction)
    if (acceptedAt === undefined || acceptedAt < healedAt || count !== transaction.nonce) return 0
    return now - Math.max(acceptedAt, since, healedAt)
  }

  function include(hash: string, now: number): string | undefined {
    const due = open.get(hash)
    if (due === undefined) return undefined
    open.delete(hash)
    const late = lateness(due, now)
    const sender = senderOf(due.transaction)
    sender.count = Math.max(sender.count, due.transaction.nonce + 1)
    sender.since = now
    return late > boundMs ? `${hash} waited ${late} ms for a block` : undefined
  }

  return {
    rule: 'L2',
    observe: (seen, now) => {
      if (seen.kind === 'healed') healedAt = now
      if (seen.kind === 'offered') {
        const { transaction } = seen
        entryOf(open, transaction.hash, () => ({ transaction, acceptedAt: undefined }))
      }
      if (seen.kind === 'accepted') {
        const due = open.get(seen.transaction)
        // Before healing it may be lost with the node that took it; then it counts from when it is taken again.
        if (due !== undefined && (due.acceptedAt ?? -1) < healedAt) due.acceptedAt = now
      }
      if (seen.kind !== 'block' || !seen.isFirst) return undefined
      let problem: string | undefined
      for (const { hash } of seen.block.transactions) problem ??= include(hash, now)
      return problem
    },
    finish: (now) => {
      for (const [hash, due] of open) {
        const late = lateness(due, now)
        if (late > boundMs) return `${hash} has waited ${late} ms for a block`
      }
      return undefined
    },
  }
}
