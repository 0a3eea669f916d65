/**
 * Accounts: Ethereum's account record {nonce, balance, codeHash, storageRoot} and its canonical bytes.
 *
 * Invariants: an account with nothing in it has no record (EIP-161), so absent and empty are one thing; an account without
 * code and storage is written in the short form only, so that every account has exactly one encoding.
 */
import { assert } from '../primitives/assert.ts'
import { equalBytes, writeU256 } from '../primitives/bytes.ts'
import { HASH_SIZE, keccak256, ZERO_HASH } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'

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

/** Form, nonce, balance. Of an account with a balance and nothing else, all bytes before the balance are zero. */
export const PLAIN_SIZE = 1 + 8 + 32
export const PLAIN_BALANCE_OFFSET = 1 + 8
const CONTRACT_SIZE = PLAIN_SIZE + 2 * HASH_SIZE

/**
 * Value bytes of the record: u8 form, u64 nonce, u256 balance and, in the long form, code hash and storage root. An empty
 * account has none. Written by hand: it runs for every account of every block, three times as fast as through a Writer.
 */
export function encodeAccount(account: Account): Uint8Array {
  assert(!isEmptyAccount(account), 'an empty account has no record')
  const plain = isPlain(account)
  const bytes = new Uint8Array(plain ? PLAIN_SIZE : CONTRACT_SIZE)
  const view = new DataView(bytes.buffer)
  bytes[0] = plain ? PLAIN : CONTRACT
  view.setUint32(1, Math.floor(account.nonce / 0x100000000))
  view.setUint32(5, account.nonce % 0x100000000)
  writeU256(view, PLAIN_BALANCE_OFFSET, account.balance)
  if (!plain) {
    bytes.set(account.codeHash, PLAIN_SIZE)
    bytes.set(account.storageRoot, PLAIN_SIZE + HASH_SIZE)
  }
  return bytes
}

function readBalance(view: DataView): bigint {
  let balance = 0n
  for (let word = 0; word < 4; word++) {
    balance = (balance << 64n) | view.getBigUint64(PLAIN_BALANCE_OFFSET + 8 * word)
  }
  return balance
}

export function decodeAccount(bytes: Uint8Array): Result<Account, 'malformed'> {
  const form = bytes[0]
  const size = form === PLAIN ? PLAIN_SIZE : CONTRACT_SIZE
  if ((form !== PLAIN && form !== CONTRACT) || bytes.length !== size) {
    return rejected('malformed', 'the form or size of an account is unknown')
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const nonce = view.getUint32(1) * 0x100000000 + view.getUint32(5)
  if (!Number.isSafeInteger(nonce)) return rejected('malformed', 'a nonce is beyond 2^53')
  const balance = readBalance(view)
  if (form === PLAIN) {
    if (nonce === 0 && balance === 0n) {
      return rejected('malformed', 'an empty account has no record')
    }
    return accepted({ nonce, balance, codeHash: EMPTY_CODE_HASH, storageRoot: ZERO_HASH })
  }
  const codeHash = bytes.slice(PLAIN_SIZE, PLAIN_SIZE + HASH_SIZE)
  const account = { nonce, balance, codeHash, storageRoot: bytes.slice(PLAIN_SIZE + HASH_SIZE) }
  if (isPlain(account)) {
    return rejected('malformed', 'a plain account is written in the short form')
  }
  return accepted(account)
}

function isPlain({ codeHash, storageRoot }: Account): boolean {
  return isSameHash(codeHash, EMPTY_CODE_HASH) && isSameHash(storageRoot, ZERO_HASH)
}

/** Most accounts share the constants themselves. */
function isSameHash(left: Hash, right: Hash): boolean {
  return left === right || equalBytes(left, right)
}
