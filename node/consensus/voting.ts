/**
 * Voting: the one choke point through which every decision goes, and the rules R5, R6 and R8 that lead to it
 * (docs/protocol/consensus.md R5 to R8).
 *
 * Invariants: at most one vote of each kind per view; never both NULLIFY and FINALIZE in one view; nothing below the
 * finalized view; a decision is marked and journaled before it is signed, and is never contradicted afterwards.
 */
import type { Proposal, VoteKind } from '../crosslink/certificate.ts'
import { assert } from '../primitives/assert.ts'
import { heldBlock, storeBlock } from './blocks.ts'
import { sayVote } from './collecting.ts'
import { voteKey } from './evidence.ts'
import { justificationOf } from './justification.ts'
import {
  canVote,
  emit,
  leaderOf,
  liveRounds,
  roundAt,
  type EngineState,
  type HeldBlock,
  type ProposalMessage,
} from './state.ts'
import { fileVerifiedVote, hasNullifyOf } from './tally.ts'
import { expectEffect, noteProposal, retryDelay } from './timing.ts'
import type { UnsignedVote, Vote } from './vote.ts'

/** What is decided upon; a body that is voted for becomes durable first (R5). */
type Decision = {
  readonly kind: VoteKind
  readonly view: number
  readonly proposal: Proposal | undefined
  readonly body: HeldBlock | undefined
}

/**
 * Decides on a vote: marks it, journals it and asks for its signature. Idempotent; does nothing where a rule forbids
 * the vote, whatever the caller thought. Tells whether the vote was cast now.
 */
function cast(state: EngineState, { kind, view, proposal, body }: Decision): boolean {
  assert((proposal === undefined) === (kind === 'nullify'), 'only a nullify has no proposal')
  if (!canVote(state) || view <= state.lastFinalizedView) return false
  const { sent } = roundAt(state, view)
  if (sent[kind] !== undefined) return false
  if (kind === 'notarize' && sent.nullify !== undefined) return false // R5
  if (kind === 'nullify' && sent.finalize !== undefined) return false // R6
  if (kind === 'finalize' && sent.nullify !== undefined && !state.rules.finalizeAfterNullify) {
    return false // R8: the guard that keeps X(v) and F(v) from existing both.
  }
  const vote: UnsignedVote = { kind, view, proposal, seat: state.config.seat }
  sent[kind] = vote
  if (body !== undefined) storeBlock(state, body)
  emit(state, { kind: 'persist', record: { kind: 'vote', vote } })
  emit(state, { kind: 'sign', vote })
  return true
}

/** R5: the block was executed here and is durable before the vote for it. */
export function castNotarize(state: EngineState, proposal: Proposal): void {
  const { view } = proposal
  assert(view === state.view, 'a proposal is voted for in its own view only')
  const body = heldBlock(state, proposal.hash)
  assert(body?.validity === 'valid', 'a block is executed before it is voted for')
  if (roundAt(state, view).equivocated) return
  cast(state, { kind: 'notarize', view, proposal, body })
}

/** R6: only for the current view. */
export function castNullify(state: EngineState): void {
  const { view } = state
  const isNew = cast(state, { kind: 'nullify', view, proposal: undefined, body: undefined })
  if (isNew) state.clock.retryAt = state.now + retryDelay(state)
}

/** R8: every notarized view whose block was executed here, even if we voted for another or have left the view. */
export function castFinalizes(state: EngineState): void {
  for (const { view, certificates } of liveRounds(state)) {
    const proposal = certificates.notarize?.proposal
    const body = proposal === undefined ? undefined : heldBlock(state, proposal.hash)
    if (body?.validity === 'valid') cast(state, { kind: 'finalize', view, proposal, body })
  }
}

/** R6 and R11: the timers of the current view, and a leader that gave up. */
export function watchView(state: EngineState): void {
  if (!canVote(state)) return
  noteProposal(state)
  const { view, now, clock } = state
  const round = roundAt(state, view)
  if (round.sent.nullify !== undefined) {
    if (now >= clock.retryAt) retryNullify(state)
    return
  }
  const leader = leaderOf(state, view)
  const leaderGaveUp = leader !== state.config.seat && hasNullifyOf(round, leader)
  const leaderIsLate = clock.spokenAt === undefined && now >= clock.leaderAt
  if (leaderGaveUp || leaderIsLate || now >= clock.advanceAt) castNullify(state)
}

/** R11: say again that we want out of this view, and by which certificate we came in. */
function retryNullify(state: EngineState): void {
  state.clock.retryAt = state.now + retryDelay(state)
  const vote = roundAt(state, state.view).signed.nullify
  if (vote !== undefined) emit(state, { kind: 'broadcast', message: { kind: 'vote', vote } })
  if (!state.rules.entryCertificateOnRetry) return
  const previous = state.rounds.get(state.view - 1)?.certificates
  const certificate = previous?.finalize ?? previous?.nullify ?? previous?.notarize
  if (certificate === undefined) return
  emit(state, { kind: 'broadcast', message: { kind: 'certificate', certificate } })
}

/** A decision came back signed: it counts now, and the others hear of it. */
export function releaseVote(state: EngineState, vote: Vote): void {
  if (vote.view < state.lastFinalizedView || state.diverged) return
  const round = state.rounds.get(vote.view)
  const decided = round?.sent[vote.kind]
  if (round === undefined || decided === undefined || voteKey(decided) !== voteKey(vote)) return
  round.signed[vote.kind] = vote
  fileVerifiedVote(state, vote)
  const message = vote.kind === 'notarize' ? proposalMessage(state, vote) : undefined
  if (message === undefined) sayVote(state, vote)
  else emit(state, { kind: 'broadcast', message })
  expectEffect(state, vote)
}

/** R2: the leader's NOTARIZE is the signature of its proposal and travels with block and justification. */
export function proposalMessage(state: EngineState, vote: Vote): ProposalMessage | undefined {
  const { proposal } = vote
  if (proposal === undefined || leaderOf(state, vote.view) !== state.config.seat) return undefined
  const block = heldBlock(state, proposal.hash)?.block
  if (block === undefined) return undefined
  const justification = justificationOf(state, proposal)
  return { kind: 'proposal', proposal, block, vote, justification }
}
