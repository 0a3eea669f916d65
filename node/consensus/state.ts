/**
 * The state of one engine and the few questions that every rule asks it (docs/protocol/consensus.md A.4).
 *
 * One engine is one (chain, epoch). All functions of this folder that take an `EngineState` change it in place and append
 * to `effects`; `engine.ts` hands those out at the end of each input.
 */
import type { Certificate, Proposal, VoteKind } from '../crosslink/certificate.ts'
import { assert, present } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { Hash, Seat } from '../primitives/identifiers.ts'
import { ROUNDS_RETAINED, VIEW_WINDOW } from '../primitives/limits.ts'
import type { EngineConfig, EngineEffect } from './engine-contract.ts'
import type { ChainBlock, ConsensusMessage, FinalizedRange } from './message.ts'
import { blockCertificate, createRound, type PendingVote, type Round } from './round.ts'
import type { EngineRules } from './rules.ts'
import type { Vote } from './vote.ts'

/** A finalized block that has been delivered; view 0 is the block the engine started from. */
export type Floor = { readonly view: number; readonly height: number; readonly hash: Hash }

/** When a seat was last heard, by the clock and by our view at that time (R6). */
export type Activity = { readonly at: number; readonly view: number }

/** Times of the current view, in milliseconds of the host's clock (timing.ts). */
export type ViewClock = {
  enteredAt: number
  /** When the block of this view was asked for or arrived; undefined before that. */
  proposedAt: number | undefined
  /** When the leader was known to have proposed: its proposal, or votes for it, are here. */
  spokenAt: number | undefined
  /** Where the block interval counts from: the previous view's block, or its entry. -Infinity after a start. */
  pacedFrom: number
  /** Without a proposal, nullify now (tL). */
  leaderAt: number
  /** Without a certificate, nullify now (tA). Infinity until the leader has spoken. */
  advanceAt: number
  /** Repeat the own nullify vote (R11); Infinity before it was sent. */
  retryAt: number
  /** Say the own NOTARIZE again (R15); Infinity before it was said. */
  repeatAt: number
  /** The host was asked for a block on this parent. */
  building: { readonly parentView: number; readonly parentHash: Hash } | undefined
  /** When certificates missing in this view may be asked for again. */
  certificatesAskableAt: number
}

/**
 * What the local executor thinks of a block. `refused` was judged before the block had a certificate: it may only have
 * been untimely, so a certificate earns it a second look. `invalid` was judged with one: a divergence (R8).
 */
export type Validity = 'unknown' | 'valid' | 'refused' | 'invalid'

export type HeldBlock = {
  readonly block: ChainBlock
  validity: Validity
  /** The host is executing it, and was told whether it is certified. */
  asked: 'no' | 'uncertified' | 'certified'
  /** The host was told to make it durable (R5). */
  stored: boolean
}

/** Who brought something: an authenticated seat, or another peer. */
export type Source = { readonly from: Seat | undefined; readonly peer: string }

/** A certificate that somebody brought and nobody has checked. */
export type Candidate = { readonly certificate: Certificate; readonly source: Source }

/** One certificate per kind and view is checked at a time; others wait in case it is bad (certificates.ts). */
export type Inspection = { active: Candidate; readonly waiting: Candidate[] }

export type ProposalMessage = Extract<ConsensusMessage, { kind: 'proposal' }>

/** What the verdict on a job will be used for (checks.ts, verdicts.ts). */
export type CheckTask =
  | { readonly kind: 'certificates'; readonly candidates: readonly Candidate[] }
  | {
      readonly kind: 'proposal'
      readonly message: ProposalMessage
      readonly peer: string
      readonly candidates: readonly Candidate[]
    }
  | {
      readonly kind: 'aggregate'
      readonly view: number
      readonly voteKind: VoteKind
      readonly key: string
      readonly votes: readonly Vote[]
    }
  | { readonly kind: 'singles'; readonly votes: readonly PendingVote[] }
  | { readonly kind: 'suspect'; readonly vote: PendingVote }
  | { readonly kind: 'conflict'; readonly first: PendingVote; readonly second: PendingVote }
  | { readonly kind: 'range'; readonly range: FinalizedRange; readonly source: Source }
  | {
      readonly kind: 'fork'
      readonly known: Certificate
      readonly certificate: Certificate
      readonly source: Source
    }

/** A body that some rule needs now, and the seats that vouched for having it (catch-up.ts). */
export type WantedBlock = {
  readonly hash: Hash
  readonly holders: readonly Seat[]
  attempt: number
  askableAt: number
}

/** The newest own FINALIZE, and when it is said again unless the view is finalized (repeating.ts). */
export type FinalityRepeat = { readonly view: number; count: number; at: number }

/** An open request for a stretch of the finalized chain (catch-up.ts). */
export type RangeQuest = {
  /** Seats asked since the last progress, in order. */
  readonly asked: Seat[]
  attempt: number
  askableAt: number
  /** An answer is having its certificate checked. */
  checking: boolean
}

export type EngineState = {
  readonly config: EngineConfig
  readonly rules: EngineRules
  readonly seatCount: number
  readonly quorum: number
  started: boolean
  now: number
  view: number
  clock: ViewClock
  /** Of the best FINALIZATION known, delivered or not. */
  lastFinalizedView: number
  /** That FINALIZATION; undefined in view 0, and after a restart whose journal no longer held it. */
  finalization: Certificate | undefined
  /** The last delivered block. */
  floor: Floor
  readonly rounds: Map<number, Round>
  /** Blocks above the floor, the delivered one and a few before it, by hash. */
  readonly blocks: Map<string, HeldBlock>
  workPending: boolean
  workSince: number
  /** A certified block seals the epoch: views follow each other without idling until it is finalized (R2, R14). */
  sealing: boolean
  done: boolean
  /** Local execution disagreed with a certificate, or two finalized chains disagree: never sign again (R8). */
  diverged: boolean
  nextJob: number
  readonly jobs: Map<number, CheckTask>
  /** Certificates being checked, by kind and view. */
  readonly inspections: Map<string, Inspection>
  /** Certificates in check or waiting for it, by the peer that brought them. */
  readonly candidateCounts: Map<string, number>
  /** Proposals in check by seat, and single votes of suspects in check by seat. */
  readonly proposalCounts: Map<Seat, number>
  readonly suspectCounts: Map<Seat, number>
  /** Seats that sent an invalid signature: their votes are checked one by one before they count (A.9). */
  readonly suspects: Set<Seat>
  readonly activity: Map<Seat, Activity>
  /** Seats whose connections were lost, and of which nothing has been heard since (R17). Never the own one. */
  readonly away: Set<Seat>
  /** Last laggard reply per seat (R12). */
  readonly replies: Map<Seat, { readonly view: number; readonly at: number }>
  /** The own FINALIZE that is said again until it has its effect (R15). */
  finalityRepeat: FinalityRepeat | undefined
  /** When the last FINALIZATION was learnt. */
  finalizedAt: number
  readonly wanted: Map<string, WantedBlock>
  rangeQuest: RangeQuest | undefined
  deadline: number
  effects: EngineEffect[]
}

export function emit(state: EngineState, effect: EngineEffect): void {
  state.effects.push(effect)
}

export function leaderOf(state: EngineState, view: number): Seat {
  assert(view >= 1, 'view 0 is over before it begins')
  const { leaderOrder } = state.config
  return present(leaderOrder[(view - 1) % leaderOrder.length], 'the order names a seat per index')
}

/** May this engine sign anything: it has a seat, its epoch is open, and it agrees with its committee. */
export function canVote(state: EngineState): boolean {
  return state.config.seat >= 0 && !state.done && !state.diverged
}

/** The round of a view, made if absent. Callers have bounded the view. */
export function roundAt(state: EngineState, view: number): Round {
  const known = state.rounds.get(view)
  if (known !== undefined) return known
  const round = createRound(view)
  state.rounds.set(view, round)
  return round
}

/** Votes and proposals of other views are not looked at (A.4): bounds memory against votes for far views. */
export function isLiveView(state: EngineState, view: number): boolean {
  return view >= lowestLiveView(state) && view <= state.view + VIEW_WINDOW
}

function lowestLiveView(state: EngineState): number {
  return Math.max(state.lastFinalizedView, state.view - ROUNDS_RETAINED) + 1
}

/** Rounds that may still change something, by ascending view. */
export function liveRounds(state: EngineState): readonly Round[] {
  const rounds: Round[] = []
  for (let view = lowestLiveView(state); view <= state.view + VIEW_WINDOW; view++) {
    const round = state.rounds.get(view)
    if (round !== undefined) rounds.push(round)
  }
  return rounds
}

/** The hash that a view decided for, if that is known. Safety: no view ever decides for two. */
export function decidedHash(state: EngineState, view: number): Hash | undefined {
  if (view === state.floor.view) return state.floor.hash
  const round = state.rounds.get(view)
  return round === undefined ? undefined : blockCertificate(round)?.proposal?.hash
}

export function isReproposal(proposal: Proposal): boolean {
  // A block's hash covers its parent's, so the two are equal only where a sealing block is proposed again (R2).
  return equalBytes(proposal.hash, proposal.parentHash)
}
