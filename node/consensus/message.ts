/**
 * Messages between the engines of one (chain, epoch), decoded. Bytes on the wire are `wire.ts` (canonical codec).
 */
import type { Certificate, Proposal } from '../crosslink/certificate.ts'
import type { Hash } from '../primitives/identifiers.ts'
import type { Vote } from './vote.ts'

/** A block as the engine sees it: links, and bytes it never looks into. */
export type ChainBlock = {
  readonly hash: Hash
  readonly parentHash: Hash
  readonly height: number
  /** View and epoch in which it was first proposed (a sealing block is re-proposed unchanged). */
  readonly view: number
  readonly epoch: number
  readonly timestampMs: number
  readonly sealing: boolean
  /** Encoded header and body, at most BLOCK_BYTES_MAX. */
  readonly bytes: Uint8Array
}

/** A finalized stretch of a chain, heights ascending without gaps; the certificate finalizes the last block. */
export type FinalizedRange = {
  readonly blocks: readonly ChainBlock[]
  readonly certificate: Certificate
}

export type ConsensusMessage =
  | {
      readonly kind: 'proposal'
      readonly proposal: Proposal
      readonly block: ChainBlock
      /** The leader's own NOTARIZE vote, which is the proposal's signature (R2). */
      readonly vote: Vote
      /** Certificate of the parent and NULLIFICATIONs of all skipped views (R2); at most JUSTIFICATION_MAX. */
      readonly justification: readonly Certificate[]
    }
  | { readonly kind: 'vote'; readonly vote: Vote }
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  | { readonly kind: 'get-certificate'; readonly view: number }
  | { readonly kind: 'get-block'; readonly hash: Hash }
  | { readonly kind: 'block'; readonly block: ChainBlock }
  /** Asks for finalized blocks from this height upwards; answered by the host from its block store. */
  | { readonly kind: 'get-range'; readonly fromHeight: number; readonly countMax: number }
  | { readonly kind: 'range'; readonly range: FinalizedRange }
