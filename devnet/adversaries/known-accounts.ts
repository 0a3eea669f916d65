/** What final blocks said last about some accounts of one shard: nonce and balance, from genesis on. */
import type { GenesisAllocation } from '../../node/beacon/genesis.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import type { Address, ChainNumber } from '../../node/primitives/identifiers.ts'
import type { BlockOutcome } from '../../node/shards/executor.ts'

export type KnownAccount = {
  readonly address: Address
  readonly nonce: number
  readonly balance: bigint
}

export type KnownAccounts = {
  /** In the order they were named. */
  readonly all: () => readonly KnownAccount[]
  readonly get: (address: Address) => KnownAccount | undefined
  readonly observe: (outcome: BlockOutcome) => void
}

export function createKnownAccounts(
  shard: ChainNumber,
  addresses: readonly Address[],
  allocations: readonly GenesisAllocation[],
): KnownAccounts {
  const known = new Map<string, KnownAccount>()
  for (const address of addresses) known.set(toHex(address), { address, nonce: 0, balance: 0n })
  for (const allocation of allocations) {
    const key = toHex(allocation.address)
    const account = known.get(key)
    if (account === undefined || (allocation.shard !== 0 && allocation.shard !== shard)) continue
    known.set(key, { ...account, balance: account.balance + allocation.balance })
  }
  return {
    all: () => [...known.values()],
    get: (address) => known.get(toHex(address)),
    observe: ({ changed }) => {
      for (const { address, nonce, balance } of changed) {
        if (known.has(toHex(address))) known.set(toHex(address), { address, nonce, balance })
      }
    },
  }
}
