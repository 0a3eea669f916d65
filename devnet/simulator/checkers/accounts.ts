/**
 * S10, accounts: a transaction is executed at most once, only on the shard it was signed for, each sender's in order from
 * nonce 0 without gaps; the nonce of an account is the number of its transactions; no balance is negative.
 */
import {
  entryOf,
  type NetworkChecker,
  type NetworkObservation,
  type OfferedTransaction,
} from './network-observation.ts'
import type { SeenBlock } from './sharded-observation.ts'

export function createAccountChecker(): NetworkChecker {
  const offered = new Map<string, OfferedTransaction>()
  const executedOn = new Map<string, number>()
  /** `shard/account` -> transactions executed. */
  const counts = new Map<string, number>()

  function execute(hash: string, shard: number): string | undefined {
    const before = executedOn.get(hash)
    executedOn.set(hash, shard)
    if (before !== undefined) return `${hash} is executed on shards ${before} and ${shard}`
    const transaction = offered.get(hash)
    if (transaction === undefined) return undefined
    const { from, nonce } = transaction
    if (transaction.shard !== shard)
      return `${hash}, signed for shard ${transaction.shard}, is executed on shard ${shard}`
    const key = `${shard}/${from}`
    const due = counts.get(key) ?? 0
    counts.set(key, due + 1)
    if (nonce === due) return undefined
    return `${hash} of ${from} has nonce ${nonce}, and ${due} is due on shard ${shard}`
  }

  function judge({ shard, height, transactions, changed }: SeenBlock): string | undefined {
    let problem: string | undefined
    for (const { hash } of transactions) problem ??= execute(hash, shard)
    for (const { account, nonce, balance } of changed) {
      const place = `${account} at height ${height} of shard ${shard}`
      if (balance < 0n) problem ??= `${place} holds ${balance} wei`
      const count = counts.get(`${shard}/${account}`)
      if (count !== undefined && count !== nonce)
        problem ??= `${place} has nonce ${nonce} after ${count} transactions`
    }
    return problem
  }

  return {
    rule: 'S10',
    observe: (seen: NetworkObservation) => {
      if (seen.kind === 'offered') {
        entryOf(offered, seen.transaction.hash, () => seen.transaction)
        return undefined
      }
      return seen.kind === 'block' && seen.isFirst ? judge(seen.block) : undefined
    },
  }
}
