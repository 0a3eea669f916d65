/**
 * Ed25519 signatures of committees: node:crypto for speed, with one verdict rule that does not depend on the library
 * (RFC 8032 leaves room, and libraries differ in it): a key is canonical, of the prime-order subgroup and not the
 * identity; S < L; and encode(S*B - k*A) equals R byte for byte (no cofactor). `createNobleEd25519Scheme` computes the
 * same rule with @noble/curves and serves as oracle.
 *
 * An aggregate is the list of 64-byte signatures in seat order.
 */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { assert } from '../assert.ts'
import { bytesToBigInt, concatBytes, equalBytes, fromHex } from '../bytes.ts'
import type { CertificateScheme } from '../signature.ts'
import { createKeyCache } from './key-cache.ts'
import type { VerifiedSignatures } from './verified-signatures.ts'

const KEY_SIZE = 32
const SIGNATURE_SIZE = 64
/** DER of an Ed25519 key up to its 32 bytes (RFC 8410). */
const PRIVATE_KEY_PREFIX = fromHex('302e020100300506032b657004220420') ?? new Uint8Array(0)
const PUBLIC_KEY_PREFIX = fromHex('302a300506032b6570032100') ?? new Uint8Array(0)
assert(
  PRIVATE_KEY_PREFIX.length === 16 && PUBLIC_KEY_PREFIX.length === 12,
  'the DER prefixes parse',
)

type Verdict = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean
type EdwardsPoint = InstanceType<typeof ed25519.Point>

const GROUP_ORDER = ed25519.Point.Fn.ORDER

/** 32 bytes: a secret key is its own seed (RFC 8032). */
export function ed25519PublicKey(secretKey: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(secretKey)
}

/** `verified`: where to remember which signatures are good; absent, each is checked whenever it comes. */
export function createEd25519Scheme(verified?: VerifiedSignatures): CertificateScheme {
  const secretKeyOf = createKeyCache(importSecretKey)
  const publicKeyOf = createKeyCache(importPublicKey)
  return listScheme({
    sign: (secretKey, message) => {
      const own = secretKeyOf(secretKey)
      assert(own !== undefined, 'an Ed25519 secret key has 32 bytes')
      const signature = new Uint8Array(sign(null, message, own.key))
      verified?.add(own.publicKey, message, signature)
      return signature
    },
    verify: (publicKey, message, signature) => {
      const key = publicKeyOf(publicKey)
      if (key === undefined) return false
      if (verified?.has(publicKey, message, signature) === true) return true
      if (!verify(null, message, key, signature)) return false
      verified?.add(publicKey, message, signature)
      return true
    },
  })
}

export function createNobleEd25519Scheme(): CertificateScheme {
  return listScheme({
    sign: (secretKey, message) => ed25519.sign(message, secretKey),
    verify: nobleVerdict,
  })
}

function listScheme(backend: {
  readonly sign: CertificateScheme['sign']
  readonly verify: Verdict
}): CertificateScheme {
  const verifyOne: Verdict = (publicKey, message, signature) =>
    signature.length === SIGNATURE_SIZE && backend.verify(publicKey, message, signature)
  return {
    name: 'ed25519',
    sign: backend.sign,
    verify: verifyOne,
    aggregate: (signatures) => {
      if (signatures.length === 0) return undefined
      if (signatures.some((signature) => signature.length !== SIGNATURE_SIZE)) return undefined
      return concatBytes(...signatures)
    },
    verifyAggregate: (publicKeys, message, aggregate) =>
      publicKeys.length > 0 &&
      aggregate.length === publicKeys.length * SIGNATURE_SIZE &&
      publicKeys.every((publicKey, index) =>
        verifyOne(publicKey, message, signatureAt(aggregate, index)),
      ),
  }
}

function signatureAt(aggregate: Uint8Array, index: number): Uint8Array {
  return aggregate.subarray(index * SIGNATURE_SIZE, (index + 1) * SIGNATURE_SIZE)
}

function importSecretKey(
  secretKey: Uint8Array,
): { readonly key: KeyObject; readonly publicKey: Uint8Array } | undefined {
  if (secretKey.length !== KEY_SIZE) return undefined
  const der = Buffer.from(concatBytes(PRIVATE_KEY_PREFIX, secretKey))
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return { key, publicKey: ed25519PublicKey(secretKey) }
}

/** Whether a small-order or non-canonical key passes depends on the version of OpenSSL; with us it never does. */
function importPublicKey(publicKey: Uint8Array): KeyObject | undefined {
  if (decodeKeyPoint(publicKey) === undefined) return undefined
  const der = Buffer.from(concatBytes(PUBLIC_KEY_PREFIX, publicKey))
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

/** Costs some milliseconds (the subgroup check is a multiplication), once per key. */
function decodeKeyPoint(publicKey: Uint8Array): EdwardsPoint | undefined {
  if (publicKey.length !== KEY_SIZE) return undefined
  try {
    const point = ed25519.Point.fromBytes(publicKey, false)
    return point.isSmallOrder() || !point.isTorsionFree() ? undefined : point
  } catch {
    return undefined
  }
}

function nobleVerdict(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = decodeKeyPoint(publicKey)
  if (key === undefined) return false
  const commitment = signature.subarray(0, 32)
  const scalar = littleEndian(signature.subarray(32))
  if (scalar >= GROUP_ORDER) return false
  const challenge = littleEndian(sha512(concatBytes(commitment, publicKey, message))) % GROUP_ORDER
  const expected = multiply(ed25519.Point.BASE, scalar).subtract(multiply(key, challenge))
  return equalBytes(expected.toBytes(), commitment)
}

function multiply(point: EdwardsPoint, scalar: bigint): EdwardsPoint {
  return scalar === 0n ? ed25519.Point.ZERO : point.multiplyUnsafe(scalar)
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytesToBigInt(bytes.toReversed())
}
