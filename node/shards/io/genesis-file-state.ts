/**
 * The state of genesis of a shard whose accounts stand in a file of their own: read when a state is to be made from it, and by
 * nobody else. The file is believed in nothing: what it holds must give the root and the sum that the network's name commits to.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { equalBytes } from '../../primitives/bytes.ts'
import type { Result } from '../../primitives/result.ts'
import type { GenesisAccounts, ShardConfig } from '../executor.ts'
import { ACCOUNT_ENTRY_SIZE, recordsOfAccounts } from '../genesis-accounts.ts'
import { genesisState } from '../genesis-state.ts'
import { rootOf } from '../state-tree.ts'
import { type RecordedState, treeOfRecords } from '../working-state.ts'
import { hashPairsNative } from './hashtree.ts'

/** As many as the state of an execution thread holds (pool.ts), twice over; bounds what a wrong path can load. */
const ACCOUNTS_MAX = 2_000_000

/** The accounts of a genesis cannot be read, or are others than it names: no state can be made of them. */
export class GenesisAccountsError extends Error {
  override readonly name = 'GenesisAccountsError'
  readonly code = 'genesis-accounts'
}

/** Of any config: of the accounts that it lists, or of those in its file. Throws GenesisAccountsError. */
export function readGenesisState(
  config: Pick<ShardConfig, 'shard' | 'allocations' | 'accounts'>,
): RecordedState {
  const { accounts } = config
  if (accounts === undefined) return genesisState(config, hashPairsNative)
  const made = stateOf(accounts, readAccountsFile(accounts.file))
  if (made.ok) return made.value
  throw new GenesisAccountsError(
    `${accounts.file} does not hold the accounts of shard ${config.shard} that the genesis names: ${made.reject.detail}; ` +
      'copy it again from where the genesis file came from',
  )
}

function stateOf(
  { stateRoot, supply }: GenesisAccounts,
  bytes: Uint8Array,
): Result<RecordedState, 'malformed'> {
  const read = recordsOfAccounts(bytes)
  if (!read.ok) return read
  const { records } = read.value
  const tree = treeOfRecords(records, hashPairsNative)
  // The sum is in the state as well; a genesis that names another would contradict itself.
  if (equalBytes(rootOf(tree), stateRoot) && read.value.supply === supply)
    return { ok: true, value: { records, tree } }
  return { ok: false, reject: { code: 'malformed', detail: 'they give another state root' } }
}

function readAccountsFile(file: string): Uint8Array {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const { size } = fstatSync(descriptor)
      if (size > ACCOUNTS_MAX * ACCOUNT_ENTRY_SIZE)
        throw new Error(`it is larger than ${ACCOUNTS_MAX} accounts`)
      return readFileSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    throw new GenesisAccountsError(
      `cannot read the accounts of the genesis in ${file}: ${(error as Error).message}; ` +
        'copy it beside the genesis file from where that came from',
      { cause: error },
    )
  }
}
