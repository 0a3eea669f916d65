/**
 * Accounts of a shard's genesis as bytes: 20 of address and 32 of balance for each, ascending by address, none without money.
 * The state is made from them without an object per account in between: a hundred thousand of those cost more than the state.
 *
 * Invariant: one list of accounts has one form, and only that form is read.
 */
import { assert } from '../primitives/assert.ts'
import { bytesToBigInt, writeU256 } from '../primitives/bytes.ts'
import { ADDRESS_SIZE, type Address } from '../primitives/identifiers.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import { PLAIN_BALANCE_OFFSET, PLAIN_SIZE } from './account.ts'
import { SHARD_SUPPLY_LIMIT, type StateRecord, totalsRecord } from './genesis-state.ts'
import { ACCOUNT_KEY_SIZE, writeAccountKey } from './state-key.ts'

const BALANCE_SIZE = 32
export const ACCOUNT_ENTRY_SIZE = ADDRESS_SIZE + BALANCE_SIZE

type Account = { readonly address: Address; readonly balance: bigint }

/** Into memory of ACCOUNT_ENTRY_SIZE per account. */
export function writeAccounts(into: Uint8Array, accounts: readonly Account[]): void {
  assert(into.length === accounts.length * ACCOUNT_ENTRY_SIZE, 'the memory has room for them')
  const view = new DataView(into.buffer, into.byteOffset)
  for (const [index, { address, balance }] of accounts.entries()) {
    assert(address.length === ADDRESS_SIZE, 'an address has 20 bytes')
    into.set(address, index * ACCOUNT_ENTRY_SIZE)
    writeU256(view, index * ACCOUNT_ENTRY_SIZE + ADDRESS_SIZE, balance)
  }
}

/** As `writeAccounts` left them, unchecked. */
export function listAccounts(bytes: Uint8Array): readonly Account[] {
  return Array.from({ length: bytes.length / ACCOUNT_ENTRY_SIZE }, (_, index) => {
    const from = index * ACCOUNT_ENTRY_SIZE
    const middle = from + ADDRESS_SIZE
    const address = new Uint8Array(bytes.subarray(from, middle))
    return { address, balance: bytesToBigInt(bytes, middle, from + ACCOUNT_ENTRY_SIZE) }
  })
}

export type AccountRecords = {
  /** As `genesisRecords` gives them. */
  readonly records: readonly StateRecord[]
  readonly supply: bigint
}

/** The flat records of the state that begins with these accounts. */
export function recordsOfAccounts(bytes: Uint8Array): Result<AccountRecords, 'malformed'> {
  const count = bytes.length / ACCOUNT_ENTRY_SIZE
  if (!Number.isInteger(count)) return rejected('malformed', 'it ends within an account')
  // Two buffers for all of them: an array of its own for each key and value takes longer than all that is hashed.
  const keys = new Uint8Array(count * ACCOUNT_KEY_SIZE)
  const values = new Uint8Array(count * PLAIN_SIZE)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: StateRecord[] = []
  let supply = 0n
  for (let index = 0; index < count; index++) {
    const entry = index * ACCOUNT_ENTRY_SIZE
    if (index > 0 && compareAddresses(bytes, entry - ACCOUNT_ENTRY_SIZE, entry) >= 0)
      return rejected('malformed', `account ${index} is out of order or repeated`)
    const balance = balanceAt(view, entry + ADDRESS_SIZE)
    if (balance === undefined)
      return rejected('malformed', `account ${index} has no money, or 2^128 wei and more`)
    supply += balance
    const key = keys.subarray(index * ACCOUNT_KEY_SIZE, (index + 1) * ACCOUNT_KEY_SIZE)
    const value = values.subarray(index * PLAIN_SIZE, (index + 1) * PLAIN_SIZE)
    writeAccountKey(key, bytes.subarray(entry, entry + ADDRESS_SIZE))
    value.set(
      bytes.subarray(entry + ADDRESS_SIZE, entry + ACCOUNT_ENTRY_SIZE),
      PLAIN_BALANCE_OFFSET,
    )
    records.push({ key, value })
  }
  if (supply >= SHARD_SUPPLY_LIMIT)
    return rejected('malformed', 'they have 2^128 wei and more together')
  records.push(totalsRecord(supply))
  return accepted({ records, supply })
}

function compareAddresses(bytes: Uint8Array, left: number, right: number): number {
  for (let offset = 0; offset < ADDRESS_SIZE; offset++) {
    const difference = (bytes[left + offset] ?? 0) - (bytes[right + offset] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** undefined: none, or more than a shard ever has. */
function balanceAt(view: DataView, offset: number): bigint | undefined {
  const isTooMuch = view.getBigUint64(offset) !== 0n || view.getBigUint64(offset + 8) !== 0n
  const balance = (view.getBigUint64(offset + 16) << 64n) | view.getBigUint64(offset + 24)
  return isTooMuch || balance === 0n ? undefined : balance
}
