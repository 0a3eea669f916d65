/**
 * Mock signatures for the simulator: some multiplications each, and no security at all (public and secret key are the same
 * bytes, and whoever wants can compute collisions). What it keeps of a real scheme: a signature is bound to key and message
 * as long as nobody works at it, an aggregate is bound to its exact signers, and anything malformed is refused. A network
 * that carries value never names this scheme in its genesis.
 */
import { assert } from './assert.ts'
import { equalBytes } from './bytes.ts'
import { HASH_SIZE, hashTagged } from './hash.ts'
import type { CertificateScheme } from './signature.ts'

const KEY_SIZE = 32

export function mockKeyFromSeed(seed: Uint8Array): {
  readonly secretKey: Uint8Array
  readonly publicKey: Uint8Array
} {
  const key = hashTagged('mock/key', seed)
  return { secretKey: key, publicKey: key }
}

export function createMockScheme(): CertificateScheme {
  return {
    name: 'mock',
    sign: (secretKey, message) => {
      assert(secretKey.length === KEY_SIZE, 'a mock key has 32 bytes')
      return mockSignature(secretKey, message)
    },
    verify: (publicKey, message, signature) =>
      publicKey.length === KEY_SIZE && equalBytes(mockSignature(publicKey, message), signature),
    aggregate: (signatures) => {
      if (signatures.length === 0) return undefined
      if (signatures.some((signature) => signature.length !== HASH_SIZE)) return undefined
      return exclusiveOr(signatures)
    },
    verifyAggregate: (publicKeys, message, aggregate) => {
      if (publicKeys.length === 0) return false
      if (publicKeys.some((publicKey) => publicKey.length !== KEY_SIZE)) return false
      const folded = new Uint8Array(HASH_SIZE)
      const digest = digestOf(message)
      for (const publicKey of publicKeys) mixInto(folded, publicKey, digest)
      return equalBytes(folded, aggregate)
    },
  }
}

function mockSignature(key: Uint8Array, message: Uint8Array): Uint8Array {
  const signature = new Uint8Array(HASH_SIZE)
  mixInto(signature, key, digestOf(message))
  return signature
}

type Digest = { readonly low: number; readonly high: number }

/** 64 bits over a message tell those of one run apart. */
function digestOf(message: Uint8Array): Digest {
  let low = Math.imul(message.length + 1, 0x9e3779b1)
  let high = 0x85a308d3
  for (const byte of message) {
    low = Math.imul(low ^ byte, 0x01000193)
    high = Math.imul((high << 5) ^ (high >>> 27) ^ byte, 0x85ebca77)
  }
  return { low: finished(low ^ (high >>> 7)), high: finished(high + low) }
}

/** Folds the signature over a message into `folded`, four bytes of the key at a time; the place of the bytes counts. */
function mixInto(folded: Uint8Array, key: Uint8Array, { low, high }: Digest): void {
  let carry = high
  for (let at = 0; at < KEY_SIZE; at += 4) {
    const word = byteAt(key, at) | (byteAt(key, at + 1) << 8) | (byteAt(key, at + 2) << 16)
    carry = finished(Math.imul(carry ^ word ^ (byteAt(key, at + 3) << 24), 0x9e3779b1) + low)
    for (let byte = 0; byte < 4; byte++) {
      folded[at + byte] = byteAt(folded, at + byte) ^ ((carry >>> (8 * byte)) & 0xff)
    }
  }
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}

/** Murmur's finalizer: every input bit reaches every output bit. */
function finished(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

/** Any set of signatures folds into one of fixed size, as BLS aggregates do. */
function exclusiveOr(signatures: readonly Uint8Array[]): Uint8Array {
  const folded = new Uint8Array(HASH_SIZE)
  for (const signature of signatures) {
    for (let index = 0; index < HASH_SIZE; index++) {
      folded[index] = (folded[index] ?? 0) ^ (signature[index] ?? 0)
    }
  }
  return folded
}
