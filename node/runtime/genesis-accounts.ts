/**
 * A genesis whose accounts stand apart: a file per shard, and in the genesis the state root and the sum of each. The states are
 * those of the genesis that lists the accounts; the network's name is another, because a node that reads only its own shard's
 * accounts must be able to check it, and so it covers the roots instead of the list.
 */
import { allocationsOf, type Genesis } from '../beacon/genesis.ts'
import { assert } from '../primitives/assert.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import { ACCOUNT_ENTRY_SIZE, recordsOfAccounts, writeAccounts } from '../shards/genesis-accounts.ts'
import { hashPairsNative } from '../shards/io/hashtree.ts'
import { rootOf } from '../shards/state-tree.ts'
import { treeOfRecords } from '../shards/working-state.ts'

/**
 * A genesis of more allocations has them apart. Each of as many takes every node some ten microseconds at every start, and a
 * person still finds their way in a file of so many lines.
 */
export const LISTED_ALLOCATIONS_MAX = 4096

export type AccountsFile = { readonly name: string; readonly bytes: Uint8Array }

/** The files stand beside the genesis file. */
export function withAccountsApart(genesis: Genesis): {
  readonly genesis: Genesis
  readonly files: readonly AccountsFile[]
} {
  const files = Array.from({ length: genesis.shardCount }, (_, index) => {
    const shard = index + 1
    return { name: `accounts-${shard}.bin`, bytes: accountsOf(genesis, shard) }
  })
  const shardAccounts = files.map(({ name, bytes }) => {
    const read = recordsOfAccounts(bytes)
    assert(read.ok, 'a checked genesis has accounts in order')
    const { records, supply } = read.value
    return { file: name, stateRoot: rootOf(treeOfRecords(records, hashPairsNative)), supply }
  })
  return { genesis: { ...genesis, allocations: [], shardAccounts }, files }
}

function accountsOf(genesis: Genesis, shard: ChainNumber): Uint8Array {
  const accounts = allocationsOf(genesis, shard).filter(({ balance }) => balance > 0n)
  const bytes = new Uint8Array(accounts.length * ACCOUNT_ENTRY_SIZE)
  writeAccounts(bytes, accounts)
  return bytes
}
