/**
 * Certificate schemes by the name that stands in the genesis, with their keys and proofs of possession.
 * One instance per scheme and process, so that decoded keys are shared.
 */
import { assert, unreachable } from '../assert.ts'
import { asciiBytes, concatBytes } from '../bytes.ts'
import { hashTagged } from '../hash.ts'
import { createMockScheme, mockKeyFromSeed } from '../mock-signature.ts'
import type { CertificateScheme, CertificateSchemeName } from '../signature.ts'
import { blsPublicKey, blsSecretKeyFromSeed, createBlsScheme } from './bls.ts'
import { bySizePublicKey, createBySizeScheme, isPossessionOfPair } from './by-size.ts'
import { createEd25519Scheme, ed25519PublicKey } from './ed25519.ts'
import { createVerifiedSignatures } from './verified-signatures.ts'

export type CommitteeKey = { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array }

/** Fewer bytes cannot hold the secret that a 128-bit scheme deserves. */
const SEED_SIZE_MIN = 32

const instances = new Map<CertificateSchemeName, CertificateScheme>()

export function schemeByName(name: CertificateSchemeName): CertificateScheme {
  const known = instances.get(name)
  if (known !== undefined) return known
  const scheme = createScheme(name)
  instances.set(name, scheme)
  return scheme
}

/** Deterministic; `seed` has at least 32 secret bytes. Secret keys have 32 bytes in every scheme. */
export function committeeKeyFromSeed(name: CertificateSchemeName, seed: Uint8Array): CommitteeKey {
  assert(seed.length >= SEED_SIZE_MIN, 'a key seed has at least 32 bytes')
  switch (name) {
    case 'by-size':
      return withPublicKey(name, hashTagged('by-size/key', seed))
    case 'bls':
      return withPublicKey(name, blsSecretKeyFromSeed(seed))
    case 'ed25519':
      return withPublicKey(name, hashTagged('ed25519/key', seed))
    case 'mock':
      return mockKeyFromSeed(seed)
    default:
      return unreachable(name)
  }
}

export function committeePublicKey(name: CertificateSchemeName, secretKey: Uint8Array): Uint8Array {
  assert(secretKey.length === 32, 'a committee secret key has 32 bytes')
  switch (name) {
    case 'by-size':
      return bySizePublicKey(secretKey)
    case 'bls':
      return blsPublicKey(secretKey)
    case 'ed25519':
      return ed25519PublicKey(secretKey)
    case 'mock':
      return secretKey
    default:
      return unreachable(name)
  }
}

/** Shows at registration that the key's owner knows its secret; without it BLS aggregates can be forged (rogue keys). */
export function provePossession(name: CertificateSchemeName, secretKey: Uint8Array): Uint8Array {
  const root = possessionRoot(name, committeePublicKey(name, secretKey))
  const scheme = schemeByName(name)
  if (name !== 'by-size') return scheme.sign(secretKey, root)
  return concatBytes(
    scheme.sign(secretKey, root, 'list'),
    scheme.sign(secretKey, root, 'aggregate'),
  )
}

/** False for anything malformed. */
export function verifyPossession(
  name: CertificateSchemeName,
  publicKey: Uint8Array,
  possession: Uint8Array,
): boolean {
  const scheme = schemeByName(name)
  const root = possessionRoot(name, publicKey)
  return name === 'by-size'
    ? isPossessionOfPair(scheme, publicKey, root, possession)
    : scheme.verify(publicKey, root, possession)
}

function createScheme(name: CertificateSchemeName): CertificateScheme {
  switch (name) {
    case 'by-size':
      return createBySizeScheme({
        list: schemeByName('ed25519'),
        aggregate: schemeByName('bls'),
      })
    case 'bls':
      return createBlsScheme()
    case 'ed25519':
      return createEd25519Scheme(createVerifiedSignatures())
    case 'mock':
      return createMockScheme()
    default:
      return unreachable(name)
  }
}

function withPublicKey(name: CertificateSchemeName, secretKey: Uint8Array): CommitteeKey {
  return { secretKey, publicKey: committeePublicKey(name, secretKey) }
}

/**
 * What a key signs to show itself: never a vote's root, since the tag differs. Not the separate BLS domain (POP_ DST) of
 * draft-irtf-cfrg-bls-signature: the native library has none, the portable one needs 36 ms per key where this takes 1,
 * and a hash domain kept apart by a tag is as good (docs/decisions/0005).
 */
function possessionRoot(name: CertificateSchemeName, publicKey: Uint8Array): Uint8Array {
  return hashTagged('possession', Uint8Array.of(name.length), asciiBytes(name), publicKey)
}
