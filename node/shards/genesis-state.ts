/**
 * Genesis state: what a shard's state holds before its first block, and the point its first block builds on.
 */
import { assert } from '../primitives/assert.ts'
import { compareBytes } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { EMPTY_ACCOUNT, encodeAccount } from './account.ts'
import type { ShardConfig } from './executor.ts'
import type { ChainPoint } from './block-execution.ts'
import { accountKey, type StateKey, TOTALS_KEY } from './state-key.ts'
import { type HashPairs, hashPairsPortable, rootOf } from './state-tree.ts'
import { encodeTotals } from './system-record.ts'
import { type RecordedState, treeOfRecords } from './working-state.ts'

/** A flat record: what the disk holds. */
export type StateRecord = { readonly key: StateKey; readonly value: Uint8Array }

/** The supply of one shard stays below it, so that no honest balance ever comes near 2^256. */
export const SHARD_SUPPLY_LIMIT = 1n << 128n

/** The flat records of the genesis state of a config that lists its accounts. */
export function genesisRecords(
  config: Pick<ShardConfig, 'allocations' | 'accounts'>,
): readonly StateRecord[] {
  assert(config.accounts === undefined, 'whoever has the file reads the accounts in it')
  const records: StateRecord[] = []
  let supply = 0n
  for (const [index, { address, balance }] of config.allocations.entries()) {
    const before = config.allocations[index - 1]
    assert(
      before === undefined || compareBytes(before.address, address) < 0,
      'allocations are sorted by address and name no address twice',
    )
    supply += balance
    if (balance === 0n) continue
    records.push({ key: accountKey(address), value: encodeAccount({ ...EMPTY_ACCOUNT, balance }) })
  }
  assert(supply < SHARD_SUPPLY_LIMIT, 'the supply of a shard is below 2^128 wei')
  records.push(totalsRecord(supply))
  return records
}

/** Of a state in which nothing has happened. */
export function totalsRecord(supply: bigint): StateRecord {
  const totals = { genesis: supply, balances: supply, burnt: 0n, buffered: 0n, outBytes: 0 }
  return { key: TOTALS_KEY, value: encodeTotals(totals) }
}

export function genesisState(
  config: Pick<ShardConfig, 'allocations' | 'accounts'>,
  hashPairs: HashPairs,
): RecordedState {
  const records = genesisRecords(config)
  return { records, tree: treeOfRecords(records, hashPairs) }
}

/** State root of block 0, which the genesis of the network commits to, by its name where the accounts stand apart. */
export function genesisStateRoot(
  config: Pick<ShardConfig, 'allocations' | 'accounts'>,
  hashPairs: HashPairs = hashPairsPortable,
): Hash {
  return config.accounts?.stateRoot ?? rootOf(genesisState(config, hashPairs).tree)
}

/** Block 0: no body, no header; its base fee is the genesis one. That of a shard that was opened later leans on where it was (B.7). */
export function genesisPoint(config: ShardConfig): ChainPoint {
  return {
    hash: config.genesisBlockHash,
    height: 0,
    epoch: config.openedEpoch ?? 0,
    view: 0,
    timestampMs: config.genesisTimestampMs,
    sealing: false,
    anchorHeight: config.openedHeight ?? 0,
    gasLimit: config.gasLimit,
    gasUsed: 0,
    baseFeePerGas: config.initialBaseFee,
    shardCount: config.shardCount,
  }
}
