/**
 * Mock signatures for the simulator: one SHA-256 each, and no security at all (public and secret key are the same bytes).
 * What it keeps of a real scheme: a signature is bound to key and message, an aggregate is bound to its exact signers, and
 * anything malformed is refused. A network that carries value never names this scheme in its genesis.
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
      return equalBytes(
        exclusiveOr(publicKeys.map((publicKey) => mockSignature(publicKey, message))),
        aggregate,
      )
    },
  }
}

function mockSignature(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hashTagged('mock/sign', key, message)
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
