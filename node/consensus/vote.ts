/**
 * Votes: one seat's signed word in one view (docs/protocol/consensus.md A.3).
 */
import type { Proposal, VoteKind } from '../crosslink/certificate.ts'
import type { Seat } from '../primitives/identifiers.ts'

/** What is decided before it is signed. The journal and the vote guard keep this form: signatures are deterministic. */
export type UnsignedVote = {
  readonly kind: VoteKind
  readonly view: number
  /** Absent exactly when kind is `nullify`. */
  readonly proposal: Proposal | undefined
  readonly seat: Seat
}

export type Vote = UnsignedVote & { readonly signature: Uint8Array }
