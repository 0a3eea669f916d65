/**
 * Accounts that a pool was told of, as they stand on the finalized state: whoever sends one transaction sends another, and
 * asking the execution thread wakes it, which costs more than admitting the whole batch.
 *
 * Invariants: an account here is as of the newest finalized block that the pool was told of, because every change of one is
 * told; at most ACCOUNTS_MAX are kept, those asked for longest ago go first.
 */
import type { Address } from '../primitives/identifiers.ts'
import type { AccountView } from './executor.ts'
import { senderKey } from './mempool-sender.ts'

/** About 5 MiB: the senders of many minutes of full blocks, or of a flood of new accounts. */
const ACCOUNTS_MAX = 16_384

export type KnownAccounts = {
  readonly of: (address: Address) => AccountView | undefined
  /** Answers of the executor for the finalized state. */
  readonly learn: (accounts: Iterable<AccountView>) => void
  /** An account that a finalized block changed, with its `senderKey`; of those nobody asked for nothing is kept. */
  readonly update: (key: string, account: AccountView) => void
  /** The state is another one now, and nobody told how it differs: a snapshot was taken in. */
  readonly forget: () => void
}

export function createKnownAccounts(): KnownAccounts {
  const known = new Map<string, AccountView>()

  /** With memory of its own: the address may be a view of a longer list. */
  function keep(key: string, account: AccountView): void {
    known.set(key, { ...account, address: account.address.slice() })
  }

  return {
    of: (address) => {
      const key = senderKey(address)
      const account = known.get(key)
      if (account === undefined) return undefined
      known.delete(key)
      known.set(key, account)
      return account
    },
    learn: (accounts) => {
      for (const account of accounts) {
        const key = senderKey(account.address)
        known.delete(key)
        keep(key, account)
      }
      for (const oldest of known.keys()) {
        if (known.size <= ACCOUNTS_MAX) return
        known.delete(oldest)
      }
    },
    update: (key, account) => {
      if (known.has(key)) keep(key, account)
    },
    forget: () => known.clear(),
  }
}
