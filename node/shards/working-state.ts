/**
 * Working state: the state of one block while it is being executed, a layer of changes over an immutable tree.
 *
 * Invariants: every change of a balance goes through `credit` and `debit`, which keep the sum of balances in step; nothing
 * below this layer changes until `sealState` makes the next tree. Plain mutable data, owned by one execution.
 */
import { assert } from '../primitives/assert.ts'
import { compareBytes, toHex } from '../primitives/bytes.ts'
import type { Address, Hash } from '../primitives/identifiers.ts'
import {
  type Account,
  decodeAccount,
  EMPTY_ACCOUNT,
  encodeAccount,
  isEmptyAccount,
} from './account.ts'
import type { AccountView } from './executor.ts'
import { accountKey, type StateKey, statePath, TOTALS_KEY } from './state-key.ts'
import { applyBatch, type HashPairs, readState, sortChanges, type StateTree } from './state-tree.ts'
import { decodeTotals, encodeTotals, type Totals } from './system-record.ts'

/** One flat record to store, or with an undefined value to remove; `path` is `statePath(key)`, already known. */
export type StateWrite = {
  readonly key: StateKey
  readonly path: Hash
  readonly value: Uint8Array | undefined
}

type WorkingAccount = {
  readonly address: Address
  readonly path: Hash
  readonly before: Account
  nonce: number
  balance: bigint
}

export type WorkingState = {
  readonly tree: StateTree
  readonly accounts: Map<string, WorkingAccount>
  readonly records: Map<string, StateWrite>
  readonly totals: { -readonly [Sum in keyof Totals]: Totals[Sum] }
}

const TOTALS_PATH = statePath(TOTALS_KEY)

/** Amounts are unsigned 256-bit integers. */
const AMOUNT_LIMIT = 1n << 256n

export function openState(tree: StateTree): WorkingState {
  const totals = readState(tree, TOTALS_PATH)
  assert(totals !== undefined, 'every state has its sums')
  return { tree, accounts: new Map(), records: new Map(), totals: { ...decodeTotals(totals) } }
}

export function accountAt(state: WorkingState, address: Address): Readonly<WorkingAccount> {
  return loadAccount(state, address)
}

/** Adds to a balance; false, and nothing happens, when it would pass 2^256 (only invented money can). */
export function credit(state: WorkingState, address: Address, amount: bigint): boolean {
  const account = loadAccount(state, address)
  if (account.balance + amount >= AMOUNT_LIMIT) return false
  account.balance += amount
  state.totals.balances += amount
  return true
}

/** Takes from a balance that the caller has checked. */
export function debit(state: WorkingState, address: Address, amount: bigint): void {
  const account = loadAccount(state, address)
  assert(account.balance >= amount, 'nobody spends more than they have')
  account.balance -= amount
  state.totals.balances -= amount
}

export function advanceNonce(state: WorkingState, address: Address): void {
  loadAccount(state, address).nonce++
}

/** Adds the given differences to the sums. */
export function addTotals(
  state: WorkingState,
  differences: Partial<Omit<Totals, 'genesis'>>,
): void {
  const { totals } = state
  totals.balances += differences.balances ?? 0n
  totals.burnt += differences.burnt ?? 0n
  totals.buffered += differences.buffered ?? 0n
  totals.outBytes += differences.outBytes ?? 0
}

export function readRecord(state: WorkingState, key: StateKey): Uint8Array | undefined {
  const written = state.records.get(toHex(key))
  return written === undefined ? readState(state.tree, statePath(key)) : written.value
}

export function writeRecord(
  state: WorkingState,
  key: StateKey,
  value: Uint8Array | undefined,
): void {
  state.records.set(toHex(key), { key, path: statePath(key), value })
}

export type SealedState = {
  readonly tree: StateTree
  readonly writes: readonly StateWrite[]
  /** Sorted by address. */
  readonly changed: readonly AccountView[]
}

/** The next tree, the flat records that lead to it, and the accounts that changed. */
export function sealState(state: WorkingState, hashPairs: HashPairs): SealedState {
  const writes: StateWrite[] = [...state.records.values()]
  const changed: AccountView[] = []
  for (const account of state.accounts.values()) {
    const { before, path, address, nonce, balance } = account
    if (before.nonce === nonce && before.balance === balance) continue
    changed.push({ address, nonce, balance })
    const after = { ...before, nonce, balance }
    const value = isEmptyAccount(after) ? undefined : encodeAccount(after)
    writes.push({ key: accountKey(address), path, value })
  }
  writes.push({ key: TOTALS_KEY, path: TOTALS_PATH, value: encodeTotals(state.totals) })
  const tree = applyBatch(state.tree, sortChanges(writes), hashPairs)
  changed.sort((left, right) => compareBytes(left.address, right.address))
  return { tree, writes, changed }
}

/** A state as the disk has it and as a tree. */
export type RecordedState = {
  readonly records: readonly { readonly key: StateKey; readonly value: Uint8Array }[]
  readonly tree: StateTree
}

/** A tree of nothing but these flat records; no key twice. */
export function treeOfRecords(records: RecordedState['records'], hashPairs: HashPairs): StateTree {
  const changes = records.map(({ key, value }) => ({ path: statePath(key), key, value }))
  return applyBatch(undefined, sortChanges(changes), hashPairs)
}

/** An account as it stands in a sealed tree. */
export function readAccount(tree: StateTree, address: Address): Account {
  return readAccountAt(tree, statePath(accountKey(address)))
}

function readAccountAt(tree: StateTree, path: Hash): Account {
  const bytes = readState(tree, path)
  if (bytes === undefined) return EMPTY_ACCOUNT
  const decoded = decodeAccount(bytes)
  assert(decoded.ok, 'an account of our own state decodes')
  return decoded.value
}

/** The sums of a sealed tree. */
export function readTotals(tree: StateTree): Totals {
  return openState(tree).totals
}

function loadAccount(state: WorkingState, address: Address): WorkingAccount {
  const id = toHex(address)
  const known = state.accounts.get(id)
  if (known !== undefined) return known
  const own = address.slice()
  const path = statePath(accountKey(own))
  const before = readAccountAt(state.tree, path)
  const { nonce, balance } = before
  const account = { address: own, path, before, nonce, balance }
  state.accounts.set(id, account)
  return account
}
