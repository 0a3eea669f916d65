/**
 * Accounts: Ethereum's account record {nonce, balance, codeHash, storageRoot} and its canonical bytes.
 *
 * Invariants: an account with nothing in it has no record (EIP-161), so absent and empty are one thing; an account without
 * code and storage is written in the short form only, so that every account has exactly one encoding.
 */
import { assert } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { createWriter, decodeExactly, DecodeError, type Reader } from '../primitives/codec.ts'
import { HASH_SIZE, keccak256, ZERO_HASH } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'
import type { Result } from '../primitives/result.ts'

export type Account = {
  readonly nonce: number
  /** Wei, u256. */
  readonly balance: bigint
  /** keccak-256 of the code; of nothing when there is none. */
  readonly codeHash: Hash
  /** Root of the account's storage tree; ZERO_HASH when empty. */
  readonly storageRoot: Hash
}

export const EMPTY_CODE_HASH: Hash = keccak256(new Uint8Array(0))

export const EMPTY_ACCOUNT: Account = {
  nonce: 0,
  balance: 0n,
  codeHash: EMPTY_CODE_HASH,
  storageRoot: ZERO_HASH,
}

/** Forms of the record: nonce and balance only, or with code and storage. */
const PLAIN = 0
const CONTRACT = 1

export function isEmptyAccount(account: Account): boolean {
  return account.nonce === 0 && account.balance === 0n && isPlain(account)
}

/** Value bytes of the record; an empty account has none. */
export function encodeAccount(account: Account): Uint8Array {
  assert(!isEmptyAccount(account), 'an empty account has no record')
  const plain = isPlain(account)
  const writer = createWriter()
    .u8(plain ? PLAIN : CONTRACT)
    .u64(account.nonce)
    .u256(account.balance)
  if (!plain) writer.fixed(account.codeHash, HASH_SIZE).fixed(account.storageRoot, HASH_SIZE)
  return writer.finish()
}

export function decodeAccount(bytes: Uint8Array): Result<Account, 'malformed'> {
  return decodeExactly(bytes, readAccount)
}

function readAccount(reader: Reader): Account {
  const form = reader.u8()
  const nonce = reader.u64()
  const balance = reader.u256()
  if (form === PLAIN) {
    const account = { ...EMPTY_ACCOUNT, nonce, balance }
    if (isEmptyAccount(account)) throw new DecodeError('an empty account has no record')
    return account
  }
  if (form !== CONTRACT) throw new DecodeError('the form of an account is unknown')
  const codeHash = reader.fixed(HASH_SIZE)
  const account = { nonce, balance, codeHash, storageRoot: reader.fixed(HASH_SIZE) }
  if (isPlain(account)) throw new DecodeError('a plain account is written in the short form')
  return account
}

function isPlain(account: Account): boolean {
  return equalBytes(account.codeHash, EMPTY_CODE_HASH) && equalBytes(account.storageRoot, ZERO_HASH)
}
