/**
 * Certificates: q votes of one committee for the same thing, aggregated. The shape is shared by consensus (which makes
 * them), the beacon (which includes them) and light clients (which check them); see docs/protocol/consensus.md A.3.
 *
 * Invariant: the bytes that are signed name genesis, chain, epoch, view and kind, so that one signature is good for
 * exactly one vote on one chain of one network.
 */
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'

export type VoteKind = 'notarize' | 'nullify' | 'finalize'

/** What a view is asked to agree on. Chain and epoch are implied by the engine that holds it. */
export type Proposal = {
  readonly view: number
  readonly parentView: number
  readonly parentHash: Hash
  readonly hash: Hash
}

/** The engine a signature belongs to. */
export type EngineDomain = {
  readonly genesisHash: Hash
  readonly chain: ChainNumber
  readonly epoch: number
}

export type Certificate = {
  readonly kind: VoteKind
  readonly view: number
  /** Absent exactly when kind is `nullify`. */
  readonly proposal: Proposal | undefined
  /** ceil(n/8) bytes; bit i of byte floor(i/8) (least significant first) is seat i; bits past n-1 are zero. */
  readonly signers: Uint8Array
  /** The scheme's aggregate over exactly these signers, in seat order where the scheme is a list. */
  readonly signature: Uint8Array
}
