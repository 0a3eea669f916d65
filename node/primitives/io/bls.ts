/**
 * BLS12-381 signatures of committees: min-pk (48-byte keys, 96-byte signatures), proof-of-possession suite
 * (docs/protocol/consensus.md A.3, A.9). Two backends with one verdict: native blst where its prebuilt binary loads, noble
 * elsewhere. Tests hold them against each other.
 *
 * Invariants: only compressed encodings; the identity is refused as key and as signature; every point is checked to be in
 * its subgroup. Same-message aggregation is sound only for keys whose possession was verified at registration
 * (schemes.ts, docs/decisions/0005).
 */
import { hkdfSync } from 'node:crypto'
import { assert, present } from '../assert.ts'
import { asciiBytes, bigIntToBytes, bytesToBigInt, concatBytes } from '../bytes.ts'
import { sha256 } from '../hash.ts'
import type { CertificateScheme } from '../signature.ts'
import { blstPublicKey, loadBlstScheme } from './bls-blst.ts'

/** Order of the groups: secret keys are scalars below it. */
const GROUP_ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n
/** draft-irtf-cfrg-bls-signature: L = ceil(1.5 * ceil(log2(r)) / 8). */
const KEY_MATERIAL_SIZE = 48
const SEED_SIZE_MIN = 32

const native = loadBlstScheme()
/** Loaded only where the native one is missing: every thread of every node would pay for loading it. */
const portable = native === undefined ? await import('./bls-noble.ts') : undefined

/** The scheme on the fastest backend that this machine loads. */
export function createBlsScheme(): CertificateScheme {
  return native ?? present(portable, 'one of the two is loaded').createNobleBlsScheme()
}

/** KeyGen of draft-irtf-cfrg-bls-signature-05 with empty key_info. `seed` has at least 32 secret bytes; 32 bytes out. */
export function blsSecretKeyFromSeed(seed: Uint8Array): Uint8Array {
  assert(seed.length >= SEED_SIZE_MIN, 'a key seed has at least 32 bytes')
  const material = concatBytes(seed, Uint8Array.of(0))
  const info = Uint8Array.of(0, KEY_MATERIAL_SIZE)
  let salt = sha256(asciiBytes('BLS-SIG-KEYGEN-SALT-'))
  for (;;) {
    const derived = new Uint8Array(hkdfSync('sha256', material, salt, info, KEY_MATERIAL_SIZE))
    const scalar = bytesToBigInt(derived) % GROUP_ORDER
    if (scalar !== 0n) return bigIntToBytes(scalar, 32)
    salt = sha256(salt)
  }
}

/** 48 bytes, compressed. */
export function blsPublicKey(secretKey: Uint8Array): Uint8Array {
  const key = blstPublicKey(secretKey) ?? portable?.nobleBlsPublicKey(secretKey)
  return present(key, 'one of the two is loaded')
}
