/**
 * S10, supply of one shard: what stands on a shard after each of its blocks (balances, fees burnt, and what waits to leave)
 * is what it had at genesis, plus what arrived, less what left. So a captured shard cannot send away more than it was given.
 * Stricter than conservation at cuts: there, value lost on one shard could hide value made on another.
 */
import type { CheckedNetwork, NetworkChecker } from './network-observation.ts'
import type { SeenBlock } from './sharded-observation.ts'

type Ledger = {
  readonly accounts: Map<string, bigint>
  held: bigint
  burnt: bigint
  /** Genesis and arrivals, less what left. */
  owned: bigint
}

export function createShardSupplyChecker({ balances }: CheckedNetwork): NetworkChecker {
  const ledgers = balances.map((accounts): Ledger => {
    const sum = accounts.reduce((total, { balance }) => total + balance, 0n)
    const map = new Map(accounts.map(({ account, balance }) => [account, balance]))
    return { accounts: map, held: sum, burnt: 0n, owned: sum }
  })

  function judge(ledger: Ledger, block: SeenBlock): string | undefined {
    for (const { account, balance } of block.changed) {
      ledger.held += balance - (ledger.accounts.get(account) ?? 0n)
      ledger.accounts.set(account, balance)
    }
    for (const { gasUsed } of block.transactions)
      ledger.burnt += BigInt(gasUsed) * block.baseFeePerGas
    for (const { receipt, outcome } of block.consumed)
      ledger.owned += outcome === 'void' ? 0n : receipt.amount
    for (const { amount } of block.sent) ledger.owned -= amount
    const place = `shard ${block.shard} at height ${block.height}`
    if (ledger.owned < 0n) return `${place} has sent ${-ledger.owned} wei that it never had`
    // What waits in buffers is not seen here; it can only be missing from the sum, never be too much.
    const excess = ledger.held + ledger.burnt - ledger.owned
    return excess > 0n ? `${place} holds ${excess} wei more than it was given` : undefined
  }

  return {
    rule: 'S10',
    observe: (seen) => {
      if (seen.kind !== 'block' || !seen.isFirst) return undefined
      const ledger = ledgers[seen.block.shard - 1]
      return ledger && judge(ledger, seen.block)
    },
  }
}
