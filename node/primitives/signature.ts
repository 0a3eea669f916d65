/**
 * The signature port of committees. Implementations, one scheme per file, live under `io/` (native with a pure fallback);
 * `mock` exists for the simulator only. One wrapper per scheme, one verdict rule (docs/protocol A.9).
 */

import type { KeyUse } from './key-use.ts'

/** `by-size`: lists of Ed25519 signatures in small committees, BLS in large ones; the validators have both keys. */
export type CertificateSchemeName = 'by-size' | 'bls' | 'ed25519' | 'mock'

export interface CertificateScheme {
  readonly name: CertificateSchemeName
  /** Deterministic: the same key and message give the same bytes. Schemes with one key per validator ignore `use`. */
  sign(secretKey: Uint8Array, message: Uint8Array, use?: KeyUse): Uint8Array
  /** False for anything malformed: wrong length, not in the subgroup, identity. Never throws on foreign bytes. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** Signatures of distinct signers over one message, in seat order; undefined if one of them is malformed. */
  aggregate(signatures: readonly Uint8Array[]): Uint8Array | undefined
  verifyAggregate(
    publicKeys: readonly Uint8Array[],
    message: Uint8Array,
    aggregate: Uint8Array,
  ): boolean
}
