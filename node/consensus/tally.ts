/**
 * The tally: votes become certificates (docs/protocol/consensus.md A.9).
 *
 * Votes arrive unverified and wait in piles. When a pile reaches the quorum, exactly q of its votes are aggregated and
 * checked at once; only if that fails are they checked one by one, the offenders reported and dropped.
 *
 * Bounds: a seat has at most VOTES_PER_SEAT_MAX votes of one kind in one view, which is as many as prove it faulty; a
 * host admits votes from their own seat only, so nobody can spend another's share.
 */
import { bitmapOf, type Certificate, type VoteKind } from '../crosslink/certificate.ts'
import { assert, present } from '../primitives/assert.ts'
import type { Seat } from '../primitives/identifiers.ts'
import { adoptCertificate, isUnderInspection } from './certificates.ts'
import { reportInvalidSignature, submit } from './checks.ts'
import { tellCollected } from './collecting.ts'
import { accuse, voteKey } from './evidence.ts'
import { VOTE_KINDS, type PendingVote, type Pile, type Round } from './round.ts'
import { emit, isLiveView, liveRounds, roundAt, type CheckTask, type EngineState } from './state.ts'
import type { Vote } from './vote.ts'

/** Different proposals that one seat may vote for, per kind and view. */
const VOTES_PER_SEAT_MAX = 2
/** Single checks under way for one suspect. */
const SUSPECT_CHECKS_MAX = 4

/** Is this something its seat could have signed? */
export function isWellFormedVote(state: EngineState, vote: Vote): boolean {
  const { kind, view, proposal, seat } = vote
  if (seat < 0 || seat >= state.seatCount || view < 1) return false
  if (proposal === undefined) return kind === 'nullify'
  return kind !== 'nullify' && proposal.view === view && proposal.parentView < view
}

/** A vote whose signature nobody has checked. The caller has seen that it came from its own seat. */
export function receiveVote(state: EngineState, vote: Vote, peer: string): void {
  if (!isLiveView(state, vote.view)) return
  const round = roundAt(state, vote.view)
  const pile = pileFor(round, vote)
  if (pile === undefined || pile.verified.has(vote.seat) || pile.pending.has(vote.seat)) return
  if (state.suspects.has(vote.seat)) {
    checkSuspect(state, { vote, peer })
    return
  }
  pile.pending.set(vote.seat, { vote, peer })
  accuse(state, round, vote.seat)
  if (vote.kind === 'finalize') askVoters(state, round, pile)
}

/**
 * R7: f + 1 seats finalize what its leader never showed us. One of them is honest and holds NOTARIZATION(v): they are
 * asked for it, once, because whoever leads the next view without it costs that view.
 */
function askVoters(state: EngineState, { view, proposal, certificates }: Round, pile: Pile): void {
  if (view < state.view || proposal !== undefined) return
  if (certificates.notarize !== undefined || isUnderInspection(state, view)) return
  const voters = [...pile.verified.keys(), ...pile.pending.keys()]
  if (voters.length !== state.seatCount - state.quorum + 1) return
  for (const to of voters)
    emit(state, { kind: 'send', to, message: { kind: 'get-certificate', view } })
}

/** A vote of our own, or one whose signature is known to be good. False if its seat has used up its share. */
export function fileVerifiedVote(state: EngineState, vote: Vote): boolean {
  if (!isLiveView(state, vote.view)) return false
  const round = roundAt(state, vote.view)
  const pile = pileFor(round, vote)
  if (pile === undefined) return false
  pile.pending.delete(vote.seat)
  pile.verified.set(vote.seat, vote)
  accuse(state, round, vote.seat)
  return true
}

/** Has this seat's vote of this kind arrived, checked or not? */
export function hasNullifyOf(round: Round, seat: Seat): boolean {
  const pile = round.piles.nullify.get('')
  return pile !== undefined && (pile.verified.has(seat) || pile.pending.has(seat))
}

/** Asks for the aggregate of every pile that has reached the quorum and has no certificate yet. */
export function considerQuorums(state: EngineState): void {
  if (state.done) return
  for (const round of liveRounds(state)) {
    for (const kind of VOTE_KINDS) {
      if (round.certificates[kind] !== undefined) continue
      for (const pile of round.piles[kind].values()) {
        if (pile.checking) continue
        if (pile.verified.size + pile.pending.size < state.quorum) continue
        pile.checking = true
        const votes = chooseVotes(pile, state.quorum)
        submit(state, { kind: 'aggregate', view: round.view, voteKind: kind, key: pile.key, votes })
      }
    }
  }
}

/** Would `considerQuorums` ask for the aggregate of votes of this kind and view? */
export function hasQuorumToCheck(state: EngineState, view: number, kind: VoteKind): boolean {
  const round = state.rounds.get(view)
  if (round === undefined || round.certificates[kind] !== undefined) return false
  for (const { checking, verified, pending } of round.piles[kind].values()) {
    if (!checking && verified.size + pending.size >= state.quorum) return true
  }
  return false
}

/** Exactly q votes, those already verified first, in seat order. */
function chooseVotes(pile: Pile, quorum: number): readonly Vote[] {
  const bySeat = (left: Vote, right: Vote): number => left.seat - right.seat
  const verified = [...pile.verified.values()].sort(bySeat)
  const pending = [...pile.pending.values()].map(({ vote }) => vote).sort(bySeat)
  return [...verified, ...pending].slice(0, quorum).sort(bySeat)
}

/** The verdict on an aggregate: a certificate, or a search for the offenders. */
export function settleAggregate(
  state: EngineState,
  task: Extract<CheckTask, { kind: 'aggregate' }>,
  aggregate: Uint8Array | undefined,
): void {
  const pile = state.rounds.get(task.view)?.piles[task.voteKind].get(task.key)
  if (pile === undefined) return
  if (aggregate === undefined) {
    searchOffenders(state, pile, task.votes)
    return
  }
  pile.checking = false
  for (const vote of task.votes) {
    pile.pending.delete(vote.seat)
    pile.verified.set(vote.seat, vote)
  }
  const seats = task.votes.map((vote) => vote.seat)
  const certificate: Certificate = {
    kind: task.voteKind,
    view: task.view,
    proposal: pile.proposal,
    signers: bitmapOf(seats, state.seatCount),
    signature: aggregate,
  }
  if (adoptCertificate(state, certificate)) tellCollected(state, certificate)
}

function searchOffenders(state: EngineState, pile: Pile, votes: readonly Vote[]): void {
  const suspected: PendingVote[] = []
  for (const vote of votes) {
    const pending = pile.pending.get(vote.seat)
    // By identity: meanwhile the seat may have been found out and have sent another vote.
    if (pending !== undefined && pending.vote === vote) suspected.push(pending)
  }
  if (suspected.length > 0) {
    submit(state, { kind: 'singles', votes: suspected })
    return
  }
  pile.checking = false
  const allVerified = votes.every((vote) => pile.verified.get(vote.seat) === vote)
  assert(!allVerified, 'signatures that verify one by one verify together')
}

/** The verdict on one vote: it counts from now on, or its seat is suspect. */
export function settleSingle(state: EngineState, { vote, peer }: PendingVote, ok: boolean): void {
  const pile = state.rounds.get(vote.view)?.piles[vote.kind].get(voteKey(vote))
  if (pile !== undefined) {
    pile.checking = false
    pile.pending.delete(vote.seat)
  }
  if (ok) {
    fileVerifiedVote(state, vote)
    return
  }
  state.suspects.add(vote.seat)
  reportInvalidSignature(state, vote.seat, peer)
}

function checkSuspect(state: EngineState, pending: PendingVote): void {
  const { seat } = pending.vote
  const count = state.suspectCounts.get(seat) ?? 0
  if (count >= SUSPECT_CHECKS_MAX) return
  state.suspectCounts.set(seat, count + 1)
  submit(state, { kind: 'suspect', vote: pending })
}

/** The verdict on a suspect's vote, which was in no pile meanwhile. */
export function settleSuspect(state: EngineState, pending: PendingVote, ok: boolean): void {
  const { seat } = pending.vote
  const count = present(state.suspectCounts.get(seat), 'a suspect in check is counted')
  state.suspectCounts.set(seat, count - 1)
  if (ok) fileVerifiedVote(state, pending.vote)
  else reportInvalidSignature(state, seat, pending.peer)
}

/** The pile this vote belongs to, or undefined if its seat already voted for enough other things. */
function pileFor(round: Round, vote: Vote): Pile | undefined {
  const piles = round.piles[vote.kind]
  const key = voteKey(vote)
  let otherCount = 0
  for (const pile of piles.values()) {
    if (!pile.verified.has(vote.seat) && !pile.pending.has(vote.seat)) continue
    if (pile.key === key) return pile
    otherCount++
  }
  if (otherCount >= VOTES_PER_SEAT_MAX) return undefined
  const known = piles.get(key)
  if (known !== undefined) return known
  const pile: Pile = {
    key,
    proposal: vote.proposal,
    verified: new Map(),
    pending: new Map(),
    checking: false,
  }
  piles.set(key, pile)
  return pile
}
