/**
 * Signatures that a beacon block rests on (docs/protocol/beacon.md B.1). The beacon names them, the host checks them: in
 * batches, off the main thread.
 */
import type { Hash } from '../primitives/identifiers.ts'

/** One signature the host must check before the block counts. */
export type SignatureDemand = {
  /** In seat order. */
  readonly publicKeys: readonly Uint8Array[]
  readonly message: Hash
  /** Exactly one. */
  readonly signatures: readonly Uint8Array[]
  /** The signature of the one key, or one aggregate of all keys. */
  readonly mode: 'single' | 'aggregate'
}
