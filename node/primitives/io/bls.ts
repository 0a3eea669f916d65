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
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { assert } from '../assert.ts'
import { asciiBytes, bigIntToBytes, bytesToBigInt, concatBytes } from '../bytes.ts'
import { sha256 } from '../hash.ts'
import type { CertificateScheme } from '../signature.ts'
import { loadBlstScheme } from './bls-blst.ts'
import { createNobleBlsScheme } from './bls-noble.ts'

/** draft-irtf-cfrg-bls-signature: L = ceil(1.5 * ceil(log2(r)) / 8). */
const KEY_MATERIAL_SIZE = 48
const SEED_SIZE_MIN = 32

/** The scheme on the fastest backend that this machine loads. */
export function createBlsScheme(): CertificateScheme {
  return loadBlstScheme() ?? createNobleBlsScheme()
}

/** KeyGen of draft-irtf-cfrg-bls-signature-05 with empty key_info. `seed` has at least 32 secret bytes; 32 bytes out. */
export function blsSecretKeyFromSeed(seed: Uint8Array): Uint8Array {
  assert(seed.length >= SEED_SIZE_MIN, 'a key seed has at least 32 bytes')
  const material = concatBytes(seed, Uint8Array.of(0))
  const info = Uint8Array.of(0, KEY_MATERIAL_SIZE)
  let salt = sha256(asciiBytes('BLS-SIG-KEYGEN-SALT-'))
  for (;;) {
    const derived = new Uint8Array(hkdfSync('sha256', material, salt, info, KEY_MATERIAL_SIZE))
    const scalar = bytesToBigInt(derived) % bls12_381.fields.Fr.ORDER
    if (scalar !== 0n) return bigIntToBytes(scalar, 32)
    salt = sha256(salt)
  }
}

/** 48 bytes, compressed. */
export function blsPublicKey(secretKey: Uint8Array): Uint8Array {
  return bls12_381.longSignatures.getPublicKey(secretKey).toBytes()
}
