/**
 * Two keys of one validator, and which of them is for what (docs/protocol/consensus.md A.3). With the scheme `by-size` a
 * validator registers an Ed25519 key and a BLS key in one record; every other scheme has one key for all.
 *
 * A committee up to LIST_SEATS_MAX votes with Ed25519, and its certificates are lists of signatures; a larger one votes
 * with BLS and aggregates. Reveals of the beacon are always BLS: there may be only one valid signature of a message (B.2).
 * A committee's size is known to all before its first vote, so there is never a doubt which key a vote was signed with.
 */
import { assert } from './assert.ts'
import { concatBytes } from './bytes.ts'

/** `list`: votes of a small committee, and who a validator is when it connects; `aggregate`: all else. */
export type KeyUse = 'list' | 'aggregate'

/**
 * The largest committee that votes with lists. One certificate, made and checked (2 cores of a shared EPYC): 4 seats 0.23 ms
 * as a list of Ed25519 and 0.88 ms as BLS; 16 seats 0.88 and 1.45 ms. A list grows by 64 bytes for each signer, so 16 seats
 * have certificates of 704 bytes where BLS has 96, and 128 seats would have 5.5 KB: beyond 16 they would cost more to send,
 * to keep and to show to others than the time they save.
 */
export const LIST_SEATS_MAX = 16

const LIST_KEY_SIZE = 32
const AGGREGATE_KEY_SIZE = 48
/** Of the two keys in a row: no other scheme has keys of this size. */
export const KEY_PAIR_SIZE = LIST_KEY_SIZE + AGGREGATE_KEY_SIZE

export function keyUseOf(seatCount: number): KeyUse {
  return seatCount <= LIST_SEATS_MAX ? 'list' : 'aggregate'
}

/** The key that verifies this use, out of what the registry has of a validator. */
export function keyFor(registered: Uint8Array, use: KeyUse): Uint8Array {
  if (registered.length !== KEY_PAIR_SIZE) return registered
  return use === 'list' ? registered.subarray(0, LIST_KEY_SIZE) : registered.subarray(LIST_KEY_SIZE)
}

/** What the registry has of a validator with two keys. */
export function pairKeys(keys: Readonly<Record<KeyUse, Uint8Array>>): Uint8Array {
  const pair = concatBytes(keys.list, keys.aggregate)
  assert(pair.length === KEY_PAIR_SIZE, 'a pair is an Ed25519 key and a BLS key')
  return pair
}

/** The keys that a committee votes with, by seat. */
export function votingKeys(registered: readonly Uint8Array[]): readonly Uint8Array[] {
  const use = keyUseOf(registered.length)
  return registered.map((key) => keyFor(key, use))
}
