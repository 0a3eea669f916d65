import { describe, expect, test } from 'vitest'
import { sha256, ZERO_HASH } from '../../../node/primitives/hash.ts'
import {
  type Account,
  decodeAccount,
  EMPTY_ACCOUNT,
  EMPTY_CODE_HASH,
  encodeAccount,
} from '../../../node/shards/account.ts'

const CODE = sha256(Uint8Array.of(1))

describe('shards: account', () => {
  const accounts: Record<string, Account> = {
    'a nonce alone': { ...EMPTY_ACCOUNT, nonce: 1 },
    'one wei': { ...EMPTY_ACCOUNT, balance: 1n },
    'the greatest nonce and balance': {
      ...EMPTY_ACCOUNT,
      nonce: Number.MAX_SAFE_INTEGER,
      balance: (1n << 256n) - 1n,
    },
    'words of the balance apart': { ...EMPTY_ACCOUNT, balance: (7n << 192n) | (5n << 64n) | 3n },
    'code alone': { ...EMPTY_ACCOUNT, codeHash: CODE },
    'storage alone': { ...EMPTY_ACCOUNT, storageRoot: CODE },
    everything: { nonce: 3, balance: 1n << 128n, codeHash: CODE, storageRoot: CODE },
  }

  for (const [name, account] of Object.entries(accounts)) {
    test(`shards: account: ${name} survives its bytes`, () => {
      const bytes = encodeAccount(account)
      expect(decodeAccount(bytes)).toEqual({ ok: true, value: account })
    })
  }

  test('shards: account: a plain account is 41 bytes and an account with code 105', () => {
    expect(encodeAccount({ ...EMPTY_ACCOUNT, balance: 1n }).length).toBe(41)
    expect(encodeAccount({ ...EMPTY_ACCOUNT, codeHash: CODE }).length).toBe(105)
  })

  test('shards: account: an empty account has no bytes', () => {
    expect(() => encodeAccount(EMPTY_ACCOUNT)).toThrow('an empty account has no record')
    expect(decodeAccount(new Uint8Array(41)).ok).toBe(false)
  })

  test('shards: account: a balance beyond 256 bits is never cut silently', () => {
    expect(() => encodeAccount({ ...EMPTY_ACCOUNT, balance: 1n << 256n })).toThrow('256-bit')
    expect(() => encodeAccount({ ...EMPTY_ACCOUNT, balance: -1n })).toThrow('256-bit')
  })

  test('shards: account: a plain account in the long form is refused', () => {
    const short = encodeAccount({ ...EMPTY_ACCOUNT, balance: 9n })
    const long = new Uint8Array(105)
    long.set(short)
    long[0] = 1
    long.set(EMPTY_CODE_HASH, 41)
    long.set(ZERO_HASH, 73)
    expect(decodeAccount(long).ok).toBe(false)
  })

  test('shards: account: bytes that are cut, stretched or of an unknown form are refused', () => {
    const bytes = encodeAccount({ ...EMPTY_ACCOUNT, balance: 9n })
    expect(decodeAccount(bytes.subarray(0, 40)).ok).toBe(false)
    expect(decodeAccount(Uint8Array.of(...bytes, 0)).ok).toBe(false)
    expect(decodeAccount(Uint8Array.of(2, ...bytes.subarray(1))).ok).toBe(false)
    expect(decodeAccount(new Uint8Array(0)).ok).toBe(false)
    const hugeNonce = bytes.slice()
    hugeNonce.fill(0xff, 1, 9)
    expect(decodeAccount(hugeNonce).ok).toBe(false)
  })
})
