/**
 * ECDSA over secp256k1 for accounts: who signed this digest? Native libsecp256k1 where its prebuilt binary loads (recover
 * 0.1 ms), noble elsewhere (3 to 4 ms). Tests hold the two against each other.
 *
 * Invariants: s is in the lower half of the group (EIP-2), so a signature has one form; the recovery bit is 0 or 1;
 * signing is deterministic (RFC 6979).
 */
import { createRequire } from 'node:module'
import { secp256k1 as noble } from '@noble/curves/secp256k1.js'
import { assert } from '../assert.ts'
import { compareBytes, bigIntToBytes } from '../bytes.ts'
import { keccak256 } from '../hash.ts'
import { ADDRESS_SIZE, type Address } from '../identifiers.ts'

export type RecoverableSignature = {
  /** r then s, 32 bytes each, big-endian. */
  readonly signature: Uint8Array
  readonly yParity: 0 | 1
}

/** The curve operations that both libraries give; public keys are uncompressed, 65 bytes. */
export interface Secp256k1Backend {
  /** Undefined when no key can have made this signature. `signature` has 64 bytes. The answer is good until the next call. */
  recover(digest: Uint8Array, signature: Uint8Array, yParity: 0 | 1): Uint8Array | undefined
  sign(digest: Uint8Array, secretKey: Uint8Array): RecoverableSignature
  publicKey(secretKey: Uint8Array): Uint8Array
}

/** The part of the `secp256k1` package that is used; it ships no types. */
type NativeLibrary = {
  ecdsaRecover(
    signature: Uint8Array,
    recovery: number,
    digest: Uint8Array,
    compressed: boolean,
    output: Uint8Array,
  ): Uint8Array
  ecdsaSign(
    digest: Uint8Array,
    secretKey: Uint8Array,
  ): { readonly signature: Uint8Array; readonly recid: number }
  publicKeyCreate(secretKey: Uint8Array, compressed: boolean): Uint8Array
}

const DIGEST_SIZE = 32
const SIGNATURE_SIZE = 64
const PUBLIC_KEY_SIZE = 65
const HALF_ORDER = bigIntToBytes(noble.Point.Fn.ORDER >> 1n, 32)

const backend = loadNativeSecp256k1() ?? createNobleSecp256k1()

/** The signer's address, or undefined for a signature that nobody made or whose s is high (EIP-2). Never throws on it. */
export function recoverAddress(
  digest: Uint8Array,
  signature: Uint8Array,
  yParity: 0 | 1,
): Address | undefined {
  return recoverAddressWith(backend, { digest, signature, yParity })
}

/** The one verdict rule, around any backend. */
export function recoverAddressWith(
  curve: Secp256k1Backend,
  signed: RecoverableSignature & { readonly digest: Uint8Array },
): Address | undefined {
  const { digest, signature, yParity } = signed
  assert(digest.length === DIGEST_SIZE, 'a digest has 32 bytes')
  if (signature.length !== SIGNATURE_SIZE) return undefined
  if (compareBytes(signature.subarray(32), HALF_ORDER) > 0) return undefined
  const publicKey = curve.recover(digest, signature, yParity)
  return publicKey === undefined ? undefined : addressOfPublicKey(publicKey)
}

export function signDigest(digest: Uint8Array, secretKey: Uint8Array): RecoverableSignature {
  assert(digest.length === DIGEST_SIZE, 'a digest has 32 bytes')
  return backend.sign(digest, secretKey)
}

export function addressOf(secretKey: Uint8Array): Address {
  return addressOfPublicKey(backend.publicKey(secretKey))
}

/** Last 20 bytes of keccak-256 over the 64 coordinate bytes of an uncompressed public key (65 bytes, 0x04 first). */
export function addressOfPublicKey(publicKey: Uint8Array): Address {
  assert(
    publicKey.length === PUBLIC_KEY_SIZE && publicKey[0] === 4,
    'the public key is uncompressed',
  )
  return keccak256(publicKey.subarray(1)).slice(-ADDRESS_SIZE)
}

/**
 * Undefined where no native binary loads. Only the bindings are asked for: the package's own fallback is `elliptic`,
 * which has had signature bugs.
 */
export function loadNativeSecp256k1(): Secp256k1Backend | undefined {
  try {
    const native = createRequire(import.meta.url)('secp256k1/bindings.js') as NativeLibrary
    return createNativeSecp256k1(native)
  } catch {
    return undefined
  }
}

export function createNobleSecp256k1(): Secp256k1Backend {
  return {
    recover: (digest, signature, yParity) => {
      try {
        return noble.Signature.fromBytes(signature, 'compact')
          .addRecoveryBit(yParity)
          .recoverPublicKey(digest)
          .toBytes(false)
      } catch {
        return undefined
      }
    },
    sign: (digest, secretKey) => {
      const recovered = noble.sign(digest, secretKey, { prehash: false, format: 'recovered' })
      return { signature: recovered.slice(1), yParity: parityOf(recovered[0]) }
    },
    publicKey: (secretKey) => noble.getPublicKey(secretKey, false),
  }
}

function createNativeSecp256k1(native: NativeLibrary): Secp256k1Backend {
  // Of every recovered key, which is hashed and forgotten: 65 bytes of their own would be allocated outside of the heap.
  const recovered = new Uint8Array(PUBLIC_KEY_SIZE)
  return {
    recover: (digest, signature, yParity) => {
      try {
        return native.ecdsaRecover(signature, yParity, digest, false, recovered)
      } catch {
        return undefined
      }
    },
    sign: (digest, secretKey) => {
      const { signature, recid } = native.ecdsaSign(digest, secretKey)
      return { signature, yParity: parityOf(recid) }
    },
    publicKey: (secretKey) => native.publicKeyCreate(secretKey, false),
  }
}

/** 2 and 3 stand for r beyond the group order, which a signer meets once in 2^127 tries. */
function parityOf(recovery: number | undefined): 0 | 1 {
  assert(recovery === 0 || recovery === 1, 'the recovery bit of a fresh signature is 0 or 1')
  return recovery
}
