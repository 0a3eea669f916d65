/**
 * The signature port of committees. Implementations, one scheme per file, live under `io/` (native with a pure fallback);
 * `mock` exists for the simulator only. One wrapper per scheme, one verdict rule (docs/protocol A.9).
 */

export type CertificateSchemeName = 'bls' | 'ed25519' | 'mock'

export interface CertificateScheme {
  readonly name: CertificateSchemeName
  /** Deterministic: the same key and message give the same bytes. */
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array
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
