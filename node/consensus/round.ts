/**
 * Rounds: what an engine knows of one view (docs/protocol/consensus.md A.4).
 *
 * Invariants: `sent` only grows, and it grows in `cast` only (voting.ts) or from the journal (restart.ts); there is at
 * most one certificate of each kind; a pile holds at most one vote of each seat.
 */
import type { Certificate, Proposal, VoteKind } from '../crosslink/certificate.ts'
import type { Seat } from '../primitives/identifiers.ts'
import type { UnsignedVote, Vote } from './vote.ts'

/** A vote whose signature has not been checked, and the peer that brought it. */
export type PendingVote = { readonly vote: Vote; readonly peer: string }

/** Votes for the same thing (A.9). */
export type Pile = {
  readonly key: string
  readonly proposal: Proposal | undefined
  /** Own votes, and votes whose signature is known to be good. */
  readonly verified: Map<Seat, Vote>
  readonly pending: Map<Seat, PendingVote>
  /** Some of its votes are being checked; nothing further is asked meanwhile. */
  checking: boolean
}

export type Round = {
  readonly view: number
  /** The first proposal that the leader signed (R3). What a certificate names goes before it (R7). */
  proposal: Proposal | undefined
  /** The leader signed two different proposals (R3, R5). */
  equivocated: boolean
  readonly certificates: Partial<Record<VoteKind, Certificate>>
  /** By proposal key; nullify votes lie in one pile under the empty key. */
  readonly piles: Readonly<Record<VoteKind, Map<string, Pile>>>
  /** Own decisions, kept until the view is below the floor, so that none is ever contradicted (A.12). */
  readonly sent: Partial<Record<VoteKind, UnsignedVote>>
  /** Own decisions that came back signed. */
  readonly signed: Partial<Record<VoteKind, Vote>>
  /** An own decision of this view comes from the journal: an earlier life made it, and it goes to everybody (R16). */
  restored: boolean
  /** Its collector went away: what is said in this view goes to everybody (R17). */
  uncollected: boolean
  /** Seats whose contradiction in this view was proven and reported, or is being checked. */
  readonly accused: Set<Seat>
  /** Certificates checked because they may prove a fork, and whether one did (forks.ts). */
  forkChecks: number
  forkTold: boolean
}

export const VOTE_KINDS: readonly VoteKind[] = ['notarize', 'nullify', 'finalize']

export function createRound(view: number): Round {
  return {
    view,
    proposal: undefined,
    equivocated: false,
    certificates: {},
    piles: { notarize: new Map(), nullify: new Map(), finalize: new Map() },
    sent: {},
    signed: {},
    restored: false,
    uncollected: false,
    accused: new Set(),
    forkChecks: 0,
    forkTold: false,
  }
}

/** The certificate that says which block this view decided for. */
export function blockCertificate(round: Round): Certificate | undefined {
  return round.certificates.finalize ?? round.certificates.notarize
}

export function bestCertificate(round: Round): Certificate | undefined {
  return blockCertificate(round) ?? round.certificates.nullify
}
