/** Accounts of a genesis as bytes: the same state as from the list, and one form only. */
import { describe, expect, test } from 'vitest'
import {
  ACCOUNT_ENTRY_SIZE,
  listAccounts,
  recordsOfAccounts,
  writeAccounts,
} from '../../../node/shards/genesis-accounts.ts'
import { genesisRecords } from '../../../node/shards/genesis-state.ts'
import { ETHER, shardConfig } from './fixture.ts'

const { allocations } = shardConfig(1, { accountCount: 4 })

function bytesOf(accounts: Parameters<typeof writeAccounts>[1]): Uint8Array {
  const bytes = new Uint8Array(accounts.length * ACCOUNT_ENTRY_SIZE)
  writeAccounts(bytes, accounts)
  return bytes
}

describe('shards: genesis accounts', () => {
  test('shards: genesis accounts: the records are those of the list, byte for byte', () => {
    const read = recordsOfAccounts(bytesOf(allocations))
    const records = genesisRecords({ allocations })
    expect(read).toEqual({ ok: true, value: { records, supply: 400n * ETHER } })
    expect(recordsOfAccounts(new Uint8Array(0))).toEqual({
      ok: true,
      value: { records: genesisRecords({ allocations: [] }), supply: 0n },
    })
  })

  test('shards: genesis accounts: what was written is listed again', () => {
    expect(listAccounts(bytesOf(allocations))).toEqual(allocations)
  })

  const [first, second] = allocations
  if (first === undefined || second === undefined) throw new Error('there are four')
  test.each([
    ['a piece of an account', bytesOf(allocations).subarray(1), 'within an account'],
    ['another order', bytesOf([second, first]), 'account 1 is out of order'],
    ['an account twice', bytesOf([first, first]), 'account 1 is out of order or repeated'],
    ['no money', bytesOf([{ ...first, balance: 0n }]), 'account 0 has no money'],
    ['too much money', bytesOf([{ ...first, balance: 1n << 128n }]), 'account 0 has no money, or'],
    [
      'too much together',
      bytesOf([first, second].map((one) => ({ ...one, balance: (1n << 128n) - 1n }))),
      'more together',
    ],
  ])('shards: genesis accounts: %s is refused', (_name, bytes, sentence) => {
    const read = recordsOfAccounts(bytes)
    expect(read.ok ? '' : read.reject.detail).toContain(sentence)
  })
})
