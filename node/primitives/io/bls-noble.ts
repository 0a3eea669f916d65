/**
 * BLS on @noble/curves: the fallback where no native binary exists, and the oracle in tests. Some 30 to 60 times slower
 * than blst.
 */
import { bls12_381 } from '@noble/curves/bls12-381.js'
import type { CertificateScheme } from '../signature.ts'
import { BLS_PUBLIC_KEY_SIZE, BLS_SIGNATURE_SIZE } from './bls-size.ts'
import { createKeyCache } from './key-cache.ts'

const BLS_DOMAIN = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

/** The compressed point at infinity: what cancelling signatures add up to, and what no check accepts. */
const IDENTITY_SIGNATURE = Uint8Array.of(0xc0, ...new Uint8Array(BLS_SIGNATURE_SIZE - 1))

const { G1, G2, longSignatures } = bls12_381
type PublicPoint = InstanceType<typeof G1.Point>
type SignaturePoint = InstanceType<typeof G2.Point>

const publicPoints = createKeyCache(decodePublicPoint)

export function createNobleBlsScheme(): CertificateScheme {
  return {
    name: 'bls',
    sign: (secretKey, message) =>
      longSignatures.sign(longSignatures.hash(message, BLS_DOMAIN), secretKey).toBytes(),
    verify: (publicKey, message, signature) => verdictOn([publicKey], message, signature),
    aggregate: (signatures) => {
      // Summed here: noble throws when signatures cancel, and nothing foreign may throw.
      let sum = G2.Point.ZERO
      for (const signature of signatures) {
        const point = decodeSignaturePoint(signature)
        if (point === undefined) return undefined
        sum = sum.add(point)
      }
      if (signatures.length === 0) return undefined
      return sum.is0() ? IDENTITY_SIGNATURE.slice() : sum.toBytes()
    },
    verifyAggregate: verdictOn,
  }
}

/** 48 bytes, compressed. */
export function nobleBlsPublicKey(secretKey: Uint8Array): Uint8Array {
  return longSignatures.getPublicKey(secretKey).toBytes()
}

/** The verdict on one signature by all of `publicKeys` over one message. */
function verdictOn(
  publicKeys: readonly Uint8Array[],
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const point = decodeSignaturePoint(signature)
  if (point === undefined || publicKeys.length === 0) return false
  let sum = G1.Point.ZERO
  for (const publicKey of publicKeys) {
    const key = publicPoints(publicKey)
    if (key === undefined) return false
    sum = sum.add(key)
  }
  if (sum.is0()) return false
  return longSignatures.verify(point, longSignatures.hash(message, BLS_DOMAIN), sum)
}

function decodePublicPoint(bytes: Uint8Array): PublicPoint | undefined {
  if (bytes.length !== BLS_PUBLIC_KEY_SIZE) return undefined
  try {
    const point = G1.Point.fromBytes(bytes)
    point.assertValidity()
    return point.is0() || !point.isTorsionFree() ? undefined : point
  } catch {
    return undefined
  }
}

function decodeSignaturePoint(bytes: Uint8Array): SignaturePoint | undefined {
  if (bytes.length !== BLS_SIGNATURE_SIZE) return undefined
  try {
    const point = G2.Point.fromBytes(bytes)
    point.assertValidity()
    return point.is0() || !point.isTorsionFree() ? undefined : point
  } catch {
    return undefined
  }
}
