/**
 * State keys: how every record of a shard's state is named, on disk (the key) and in the tree (the path, its tagged hash).
 *
 * Each family of records has its own first byte and a fixed width, so that no two records share a key.
 */
import { assert } from '../primitives/assert.ts'
import { createWriter } from '../primitives/codec.ts'
import { asciiBytes } from '../primitives/bytes.ts'
import { sha256 } from '../primitives/hash.ts'
import {
  ADDRESS_SIZE,
  type Address,
  type ChainNumber,
  type Hash,
} from '../primitives/identifiers.ts'

export type StateKey = Uint8Array

const ACCOUNT = 0x61
const OUTGOING = 0x6f
const INCOMING = 0x69
const BUFFER = 0x62
const BUFFERED_RECEIPT = 0x71
const TOTALS = 0x6d
const EVACUATION = 0x65

export const ACCOUNT_KEY_SIZE = 1 + ADDRESS_SIZE

export function accountKey(address: Address): StateKey {
  const key = new Uint8Array(ACCOUNT_KEY_SIZE)
  writeAccountKey(key, address)
  return key
}

/** Into ACCOUNT_KEY_SIZE bytes, for who makes many at once. */
export function writeAccountKey(into: Uint8Array, address: Address): void {
  assert(address.length === ADDRESS_SIZE, 'an address has 20 bytes')
  into[0] = ACCOUNT
  into.set(address, 1)
}

/** The account that the key is of; undefined if it is another record's. */
export function addressOfKey(key: StateKey): Address | undefined {
  return key[0] === ACCOUNT ? key.slice(1) : undefined
}

/** `out/<destination>`: the outgoing channel (C.4). */
export function outgoingKey(destination: ChainNumber): StateKey {
  return createWriter().u8(OUTGOING).u32(destination).finish()
}

/** `in/<source>`: how far the incoming channel is consumed (C.5). */
export function incomingKey(source: ChainNumber): StateKey {
  return createWriter().u8(INCOMING).u32(source).finish()
}

/** `buf/<destination>`: the end of the queue of receipts that wait for credit (C.6). */
export function bufferKey(destination: ChainNumber): StateKey {
  return createWriter().u8(BUFFER).u32(destination).finish()
}

/** `buf/<destination>/<sequence>`: one waiting receipt. */
export function bufferedReceiptKey(destination: ChainNumber, sequence: number): StateKey {
  return createWriter().u8(BUFFERED_RECEIPT).u32(destination).u64(sequence).finish()
}

/** The shard's sums: supply, burnt, buffered. */
export const TOTALS_KEY: StateKey = Uint8Array.of(TOTALS)

/** How far the evacuation of a retiring shard has come: the path to go on from (B.7). */
export const EVACUATION_KEY: StateKey = Uint8Array.of(EVACUATION)

/** hashTagged('state', key) with the constant part written once. */
const TAG = asciiBytes('state')
const PREFIX = Uint8Array.of(TAG.length, ...TAG)

/** Where the record stands in the state tree: H("state", key). */
export function statePath(key: StateKey): Hash {
  const bytes = new Uint8Array(PREFIX.length + key.length)
  bytes.set(PREFIX)
  bytes.set(key, PREFIX.length)
  return sha256(bytes)
}
