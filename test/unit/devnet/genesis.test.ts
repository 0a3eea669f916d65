import { describe, expect, test } from 'vitest'
import { mnemonicToAccount } from 'viem/accounts'
import { checkGenesis } from '../../../node/beacon/genesis-check.ts'
import { committeePublicKey, verifyPossession } from '../../../node/primitives/io/schemes.ts'
import { genesisToJson, parseGenesisFile } from '../../../node/runtime/genesis-file.ts'
import {
  DEVNET_MNEMONIC,
  loadAccount,
  personalAccounts,
  withPrefix,
} from '../../../devnet/accounts.ts'
import { createDevnetGenesis } from '../../../devnet/genesis.ts'
import { DEFAULT_PARAMETERS } from '../../../devnet/parameters.ts'

const small = { ...DEFAULT_PARAMETERS, shards: 2, validators: 8, loadAccounts: 3 }
const BORN_MS = 1_780_000_000_000

describe('devnet: genesis', () => {
  test('devnet: accounts: the ten keys are those of the mnemonic that everybody knows', () => {
    const derived = Array.from({ length: 10 }, (_, addressIndex) =>
      mnemonicToAccount(DEVNET_MNEMONIC, { addressIndex }),
    )
    const expected = derived.map((account) => ({
      address: account.address.toLowerCase(),
      secretKey: Buffer.from(account.getHdKey().privateKey ?? []).toString('hex'),
    }))
    const actual = personalAccounts().map((account) => ({
      address: withPrefix(account.address),
      secretKey: Buffer.from(account.secretKey).toString('hex'),
    }))
    expect(actual).toEqual(expected)
  })

  test('devnet: genesis: the same parameters and birth give the same genesis', async () => {
    const first = await createDevnetGenesis(small, BORN_MS)
    const second = await createDevnetGenesis(small, BORN_MS)
    expect(genesisToJson(first.genesis)).toEqual(genesisToJson(second.genesis))
  })

  test('devnet: genesis: B.4: epochs are in it only if they were asked for', async () => {
    const plain = await createDevnetGenesis(small, BORN_MS)
    expect(plain.genesis.epochs).toBeUndefined()
    const { genesis } = await createDevnetGenesis({ ...small, epochBlocks: 16 }, BORN_MS)
    expect(genesis.epochs).toMatchObject({ blocks: 16, shardsPerValidator: 1 })
    const read = parseGenesisFile(JSON.parse(JSON.stringify(genesisToJson(genesis))))
    expect(read).toEqual({ ok: true, genesis })
    // B.13
    const strict = { ...small, epochBlocks: 16, inactivityEpochs: 2, readiness: true }
    const leaving = (await createDevnetGenesis(strict, BORN_MS)).genesis
    expect(leaving.inactivityEpochs).toBe(2)
    expect(leaving.readiness).toBe(true)
    const file = JSON.parse(JSON.stringify(genesisToJson(leaving))) as unknown
    expect(parseGenesisFile(file)).toEqual({ ok: true, genesis: leaving })
  })

  test('devnet: genesis: another birth is another network with the same validators', async () => {
    const first = await createDevnetGenesis(small, BORN_MS)
    const second = await createDevnetGenesis(small, BORN_MS + 1)
    expect(second.genesis.seed).not.toEqual(first.genesis.seed)
    expect(second.genesis.validators).toEqual(first.genesis.validators)
  })

  test('devnet: genesis: every validator proves that it holds its committee key', async () => {
    const { genesis, identities } = await createDevnetGenesis(small, BORN_MS)
    for (const [index, validator] of genesis.validators.entries()) {
      const secretKey = Buffer.from(identities[index]?.secrets.committeeKey ?? '', 'hex')
      expect(validator.publicKey).toEqual(committeePublicKey('by-size', secretKey))
      expect(verifyPossession('by-size', validator.publicKey, validator.possession)).toBe(true)
    }
  })

  test('devnet: genesis: load accounts are funded on their home shard only', async () => {
    const { genesis } = await createDevnetGenesis(small, BORN_MS)
    const { address } = loadAccount(2, 1)
    const shards = genesis.allocations
      .filter((allocation) => withPrefix(allocation.address) === withPrefix(address))
      .map((allocation) => allocation.shard)
    expect(shards).toEqual([2])
    expect(genesis.allocations).toHaveLength(10 + 2 * 3)
  })

  test('devnet: genesis: idle accounts are as many per shard as were asked for, each on one', async () => {
    const { genesis } = await createDevnetGenesis({ ...small, idleAccounts: 5 }, BORN_MS)
    expect(genesis.allocations).toHaveLength(10 + 2 * (3 + 5))
    const named = new Set(genesis.allocations.map(({ address }) => withPrefix(address)))
    expect(named.size).toBe(10 + 2 * (3 + 5))
    expect(checkGenesis(genesis).ok).toBe(true)
  })

  test('devnet: genesis: the file of a devnet passes the reader that nodes use', async () => {
    const { genesis } = await createDevnetGenesis(small, BORN_MS)
    const file: unknown = JSON.parse(JSON.stringify(genesisToJson(genesis)))
    expect(parseGenesisFile(file)).toEqual({ ok: true, genesis })
  })
})
