/**
 * Evidence: two signed votes of one seat in one view that an honest validator never makes both
 * (docs/protocol/consensus.md A.3): two NOTARIZE or two FINALIZE for different proposals, or NULLIFY with FINALIZE.
 *
 * Both signatures are checked one by one before anything is reported: in an aggregate, two bad signatures can cancel.
 */
import { contradict } from '../crosslink/accusation.ts'
import { proposalKey } from '../crosslink/certificate.ts'
import type { Seat } from '../primitives/identifiers.ts'
import { submit } from './checks.ts'
import { VOTE_KINDS, type PendingVote, type Round } from './round.ts'
import { emit, type EngineState } from './state.ts'
import type { UnsignedVote, Vote } from './vote.ts'

/** The map key of what a vote is for; every nullify vote of a view is for the same thing. */
export function voteKey(vote: UnsignedVote): string {
  return vote.proposal === undefined ? '' : proposalKey(vote.proposal)
}

/** Do these two votes prove that their seat is faulty? The caller has checked the signatures. */
export function conflicting(first: UnsignedVote, second: UnsignedVote): boolean {
  return first.seat === second.seat && first.view === second.view && contradict(first, second)
}

type KnownVote = PendingVote & { readonly isVerified: boolean }

/** Looks for a contradiction among the seat's votes of this round and has it proven, once per seat and round. */
export function accuse(state: EngineState, round: Round, seat: Seat): void {
  if (round.accused.has(seat)) return
  const pair = findConflict(votesOfSeat(round, seat))
  if (pair === undefined) return
  round.accused.add(seat)
  const [first, second] = pair
  if (first.isVerified && second.isVerified) reportEvidence(state, first.vote, second.vote)
  else submit(state, { kind: 'conflict', first, second })
}

export function reportEvidence(state: EngineState, first: Vote, second: Vote): void {
  const { domain } = state.config
  emit(state, { kind: 'evidence', evidence: { domain, seat: first.seat, first, second } })
}

/** All votes of a seat in a round, in the fixed order of kinds and of first arrival of each proposal. */
function votesOfSeat(round: Round, seat: Seat): readonly KnownVote[] {
  const votes: KnownVote[] = []
  for (const kind of VOTE_KINDS) {
    for (const pile of round.piles[kind].values()) {
      const verified = pile.verified.get(seat)
      if (verified !== undefined) votes.push({ vote: verified, peer: '', isVerified: true })
      const pending = pile.pending.get(seat)
      if (pending !== undefined) votes.push({ ...pending, isVerified: false })
    }
  }
  return votes
}

function findConflict(votes: readonly KnownVote[]): readonly [KnownVote, KnownVote] | undefined {
  for (const [index, first] of votes.entries()) {
    for (const second of votes.slice(index + 1)) {
      if (conflicting(first.vote, second.vote)) return [first, second]
    }
  }
  return undefined
}
