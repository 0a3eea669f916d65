/** A genesis whose accounts stand apart: the same states as the one that lists them, and a name that commits to them. */
import { describe, expect, test } from 'vitest'
import { checkGenesis } from '../../../node/beacon/genesis-check.ts'
import { genesisHash, shardGenesis, supplyOf, type Genesis } from '../../../node/beacon/genesis.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { genesisToJson, parseGenesisFile } from '../../../node/runtime/genesis-file.ts'
import { withAccountsApart } from '../../../node/runtime/genesis-accounts.ts'
import { genesisStateRoot } from '../../../node/shards/genesis-state.ts'
import { exampleGenesis } from '../beacon/network.ts'

const address = (byte: number): Uint8Array => new Uint8Array(20).fill(byte)
const listed = exampleGenesis({
  shardCount: 2,
  allocations: [
    { address: address(1), shard: 0, balance: 5n },
    { address: address(1), shard: 2, balance: 7n },
    { address: address(2), shard: 1, balance: 9n },
    { address: address(3), shard: 0, balance: 0n },
  ],
})
const apart = withAccountsApart(listed).genesis
const shards = [1, 2]

const nameOf = (genesis: Genesis): string => toHex(genesisHash(genesis))

/** The accounts of the second shard changed. */
function changed(change: Partial<NonNullable<Genesis['shardAccounts']>[number]>): Genesis {
  const [first, second] = apart.shardAccounts ?? []
  if (first === undefined || second === undefined) throw new Error('there are two shards')
  return { ...apart, shardAccounts: [first, { ...second, ...change }] }
}

describe('runtime: genesis accounts', () => {
  test('runtime: genesis accounts: apart they make the states and sums that they make in the list', () => {
    expect(checkGenesis(apart).ok).toBe(true)
    const roots = (genesis: Genesis) =>
      shards.map((shard) => toHex(genesisStateRoot(shardGenesis(genesis, shard))))
    expect(roots(apart)).toEqual(roots(listed))
    expect(shards.map((shard) => supplyOf(apart, shard))).toEqual([14n, 12n])
    expect(shards.map((shard) => supplyOf(listed, shard))).toEqual([14n, 12n])
  })

  test('runtime: genesis accounts: the name of the network commits to roots and sums, not to where the files lie', () => {
    const names = [
      listed,
      apart,
      changed({ supply: 13n }),
      changed({ stateRoot: new Uint8Array(32) }),
    ]
    expect(new Set(names.map(nameOf)).size).toBe(names.length)
    expect(nameOf(changed({ file: '/elsewhere' }))).toBe(nameOf(apart))
  })

  test('runtime: genesis accounts: the file names them and is read back the same', () => {
    const file = JSON.parse(JSON.stringify(genesisToJson(apart))) as Record<string, unknown>
    expect(file['allocations']).toEqual([])
    expect(parseGenesisFile(file)).toEqual({ ok: true, genesis: apart })
  })

  test('runtime: genesis accounts: a file elsewhere than beside the genesis is refused', () => {
    for (const name of ['../accounts-2.bin', '/etc/passwd', '.hidden', 'a/b', ''])
      expect(parseGenesisFile(genesisToJson(apart)).ok && parseGenesisFile(named(name)).ok).toBe(
        false,
      )
  })

  test('runtime: genesis accounts: B.1: those of every shard, no list beside them, no more than all money', () => {
    const codeOf = (genesis: Genesis): string => {
      const checked = checkGenesis(genesis)
      return checked.ok ? 'accepted' : checked.reject.code
    }
    const { shardAccounts = [] } = apart
    expect(codeOf({ ...apart, shardAccounts: shardAccounts.slice(1) })).toBe('bad-accounts')
    expect(codeOf({ ...apart, allocations: listed.allocations })).toBe('bad-accounts')
    expect(codeOf(changed({ supply: 1n << 128n }))).toBe('bad-accounts')
    expect(codeOf(changed({ stateRoot: new Uint8Array(31) }))).toBe('bad-accounts')
    expect(codeOf(changed({ supply: (1n << 128n) - 1n }))).toBe('accepted')
  })
})

function named(file: string): Record<string, unknown> {
  const json = genesisToJson(apart)
  const accounts = json['shardAccounts'] as Record<string, unknown>[]
  return { ...json, shardAccounts: accounts.map((one) => ({ ...one, file })) }
}
