/**
 * Hashes. SHA-256 for our own trees and objects, always behind a domain tag; keccak-256 where Ethereum demands it.
 *
 * Both are WebAssembly: pure functions of bytes, no input or output, the same everywhere. Native batch hashing of tree
 * levels is a port (`hashPairs` of the state tree) and lives under `io/`.
 */
import { digest, digest2Bytes32Into, digest64Into } from '@chainsafe/as-sha256'
import { createKeccak } from 'hash-wasm'
import { assert } from './assert.ts'
import { asciiBytes } from './bytes.ts'

export const HASH_SIZE = 32
export const ZERO_HASH: Uint8Array = new Uint8Array(HASH_SIZE)

const keccak = await createKeccak(256)

/*
 * The library cuts its digests out of Node's 64 KiB buffer pool. A hash that is kept would keep its whole pool alive, and
 * structuredClone would copy it; a slice has 32 bytes of its own.
 */

/** SHA-256 of bytes, 32 bytes. Prefer `hashTagged` for anything with a meaning. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return digest(bytes).slice()
}

/** SHA-256 of exactly 64 bytes: the inner node of every binary Merkle tree (docs/protocol, tree rules). */
export function hashPair(pair: Uint8Array): Uint8Array {
  assert(pair.length === 64, 'an inner node hashes exactly two hashes')
  const hash = new Uint8Array(HASH_SIZE)
  digest64Into(pair, hash)
  return hash
}

/** The same of two hashes that do not lie next to each other. */
export function hashTwo(left: Uint8Array, right: Uint8Array): Uint8Array {
  const hash = new Uint8Array(HASH_SIZE)
  digest2Bytes32Into(left, right, hash)
  return hash
}

/** Tag size and tag, as they stand before the parts. Tags are a small fixed vocabulary. */
const labels = new Map<string, Uint8Array>()
/** Where short inputs are put together. */
const sheet = new Uint8Array(1024)

function labelOf(tag: string): Uint8Array {
  const known = labels.get(tag)
  if (known !== undefined) return known
  const label = asciiBytes(tag)
  assert(label.length > 0 && label.length < 64, 'a domain tag is short and not empty')
  const bytes = Uint8Array.of(label.length, ...label)
  labels.set(tag, bytes)
  return bytes
}

/**
 * SHA-256(u8 tag size, tag, parts...). The tag separates meanings; the parts must be of fixed size or carry their own
 * lengths, so that two different lists of parts never give the same bytes.
 */
export function hashTagged(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const label = labelOf(tag)
  let size = label.length
  for (const part of parts) size += part.length
  const input = size <= sheet.length ? sheet : new Uint8Array(size)
  input.set(label)
  let offset = label.length
  for (const part of parts) {
    input.set(part, offset)
    offset += part.length
  }
  return sha256(input.subarray(0, size))
}

/** keccak-256 (the pre-standard padding that Ethereum uses), 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return keccak.init().update(bytes).digest('binary')
}
