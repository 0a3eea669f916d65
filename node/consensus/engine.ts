/**
 * The engine: Simplex consensus for one (chain, epoch) as a pure machine (docs/protocol/consensus.md).
 *
 * Everything enters through `handle` and leaves as effects; the same inputs give the same effects. After each input the
 * rules run once, in the order of `advance`, and the next deadline is told if it has changed. A vote that no rule can act
 * upon yet is only filed: of a committee's votes most are such.
 *
 * Invariants: views only grow; decisions are never contradicted (voting.ts); blocks are delivered in height order
 * without gaps (delivery.ts); the deadline always lies in the future (A.12).
 */
import { assert } from '../primitives/assert.ts'
import { toHex } from '../primitives/bytes.ts'
import type { Hash, Seat } from '../primitives/identifiers.ts'
import { answerGetBlock, answerGetCertificate, answerLaggard } from './answers.ts'
import { pursue, pursuitDeadline, receiveBlock, receiveRange } from './catch-up.ts'
import { admitCandidates } from './certificates.ts'
import { submit } from './checks.ts'
import { adoptFloor, bound, deliver } from './delivery.ts'
import type { EngineConfig, EngineEffect, EngineInput } from './engine-contract.ts'
import { receiveVerified, requestExecutions } from './execution.ts'
import { considerProposal, followingDeadline, receiveProposal } from './following.ts'
import type { ConsensusMessage } from './message.ts'
import { hearOf, receivePresence } from './presence.ts'
import { propose, proposingDeadline, receiveBuilt } from './proposing.ts'
import { repeat, repeatDeadline } from './repeating.ts'
import { restore } from './restart.ts'
import { blockCertificate, VOTE_KINDS } from './round.ts'
import { STANDARD_RULES, type EngineRules } from './rules.ts'
import { emit, type EngineState, type Source } from './state.ts'
import { considerQuorums, hasQuorumToCheck, isWellFormedVote, receiveVote } from './tally.ts'
import { createClock, noteActivity, rearmLeaderTimeout, viewDeadline } from './timing.ts'
import { receiveChecked } from './verdicts.ts'
import type { Vote } from './vote.ts'
import { castFinalizes, releaseVote, watchView } from './voting.ts'

export type EngineStatus = {
  readonly view: number
  /** Of the best FINALIZATION known; its block may not have been delivered yet. */
  readonly lastFinalizedView: number
  readonly deliveredHeight: number
  readonly deliveredHash: Hash
  /** Views from the last delivered block to the best FINALIZATION known: at most so many blocks are missing. */
  readonly viewsBehind: number
  /** The epoch is sealed: nothing is signed any more, questions are still answered (R14). */
  readonly done: boolean
  /** It disagrees with a certificate, or has seen two finalized chains: nothing is signed or delivered any more (R8). */
  readonly diverged: boolean
  /** The block of the highest view with a certificate whose body is held; the delivered block if there is none. */
  readonly notarizedTip: { readonly hash: Hash; readonly height: number; readonly view: number }
  readonly workPending: boolean
}

/** What is kept in memory; bounded while views are finalized (A.4). */
export type EngineMemory = {
  readonly rounds: number
  readonly votes: number
  readonly blocks: number
}

export type Engine = {
  readonly handle: (input: EngineInput) => readonly EngineEffect[]
  /** Asked for at every input, so it is cheap. */
  readonly status: () => EngineStatus
  /** Counts all of it. */
  readonly held: () => EngineMemory
}

export function createEngine(config: EngineConfig, rules: EngineRules = STANDARD_RULES): Engine {
  const state = createState(config, rules)
  /** Until the next input that changes anything: hosts ask after every one. */
  let known: EngineStatus | undefined
  return {
    handle: (input) => {
      const effects = handle(state, input)
      if (effects !== NOTHING) known = undefined
      return effects
    },
    status: () => (known ??= statusOf(state)),
    held: () => {
      return { rounds: state.rounds.size, votes: voteCount(state), blocks: state.blocks.size }
    },
  }
}

function createState(config: EngineConfig, rules: EngineRules): EngineState {
  const { committee, seat, leaderOrder, genesis, timing } = config
  const seatCount = committee.length
  assert(
    seatCount >= 1 && seat < seatCount,
    'a committee has seats, and ours is one of them or none',
  )
  assert(timing.deltaMs > 0 && timing.backoffMax >= 1, 'timeouts are longer than nothing')
  assert(namesEverySeat(leaderOrder, seatCount), 'the leader order names every seat')
  return {
    config,
    rules,
    seatCount,
    quorum: rules.quorum(seatCount), // A.2
    started: false,
    now: -Infinity,
    view: 0,
    clock: createClock(-Infinity, -Infinity),
    lastFinalizedView: 0,
    finalization: undefined,
    floor: { view: 0, height: genesis.height, hash: genesis.hash },
    rounds: new Map(),
    blocks: new Map(),
    workPending: false,
    workSince: -Infinity,
    sealing: false,
    done: false,
    diverged: false,
    nextJob: 1,
    jobs: new Map(),
    inspections: new Map(),
    candidateCounts: new Map(),
    proposalCounts: new Map(),
    suspectCounts: new Map(),
    suspects: new Set(),
    activity: new Map(),
    away: new Set(),
    replies: new Map(),
    finalityRepeat: undefined,
    finalizedAt: -Infinity,
    wanted: new Map(),
    rangeQuest: undefined,
    deadline: Infinity,
    effects: [],
  }
}

/** Nobody but the committee leads, and nobody of it never. The beacon draws permutations (B.3). */
function namesEverySeat(order: readonly Seat[], seatCount: number): boolean {
  if (new Set(order).size !== seatCount) return false
  return order.every((seat) => Number.isInteger(seat) && seat >= 0 && seat < seatCount)
}

function handle(state: EngineState, input: EngineInput): readonly EngineEffect[] {
  assert(state.started === (input.kind !== 'start'), 'an engine is started once, before all else')
  // The host's clock does not run backwards within one process; if it does, time stands still here.
  state.now = Math.max(state.now, input.now)
  state.effects = []
  apply(state, input)
  if (isOnlyFiled(state, input)) return NOTHING
  advance(state)
  announceDeadline(state, input.kind === 'tick')
  const { effects } = state
  state.effects = []
  return effects
}

/** Changed nothing that can be seen from outside. */
const NOTHING: readonly EngineEffect[] = []

/**
 * A vote that completes nothing, while nothing is due: `advance` would not find anything to do. NULLIFY is looked at every
 * time (R6), and so is whatever tells that the leader has spoken (R1).
 */
function isOnlyFiled(state: EngineState, input: EngineInput): boolean {
  if (input.kind !== 'message' || input.message.kind !== 'vote') return false
  const { kind, view } = input.message.vote
  if (kind === 'nullify' || state.effects.length > 0 || state.now >= state.deadline) return false
  if (view === state.view && state.clock.spokenAt === undefined) return false
  return !hasQuorumToCheck(state, view, kind)
}

function apply(state: EngineState, input: EngineInput): void {
  switch (input.kind) {
    case 'start':
      state.started = true
      restore(state, input.journal, input.blocks)
      return
    case 'tick':
      return
    case 'work':
      receiveWork(state, input.pending)
      return
    case 'presence':
      receivePresence(state, input.seat, input.isAway)
      return
    case 'message':
      receiveMessage(state, input.message, { from: input.from, peer: input.peer })
      return
    case 'built':
      receiveBuilt(state, input.view, input.block)
      return
    case 'verified':
      receiveVerified(state, input.hash, input.valid)
      return
    case 'signed':
      releaseVote(state, input.vote)
      return
    case 'adopt':
      adoptFloor(state, input.block, input.certificate)
      return
    case 'checked':
      receiveChecked(state, input.job, input.verdicts)
  }
}

function receiveWork(state: EngineState, pending: boolean): void {
  if (pending === state.workPending) return
  state.workPending = pending
  state.workSince = state.now
  rearmLeaderTimeout(state) // A.7
}

function receiveMessage(state: EngineState, message: ConsensusMessage, source: Source): void {
  // Nobody else may speak with our seat; a host that hears its own key elsewhere stops signing (A.10.4).
  if (source.from === state.config.seat) return
  switch (message.kind) {
    case 'proposal':
      noteSpeaker(state, source)
      receiveProposal(state, message, source)
      return
    case 'vote':
      receiveForeignVote(state, message.vote, source)
      return
    case 'certificate': {
      const candidates = admitCandidates(state, [message.certificate], source)
      if (candidates.length > 0) submit(state, { kind: 'certificates', candidates })
      return
    }
    case 'get-certificate':
      answerGetCertificate(state, message.view, source)
      return
    case 'get-block':
      answerGetBlock(state, message.hash, source)
      return
    case 'block':
      receiveBlock(state, message.block)
      return
    case 'get-range':
      return // The host answers from its block store (A.11).
    case 'range':
      receiveRange(state, message.range, source)
  }
}

/** Votes come from their own seat and from nobody else; certificates and blocks from anybody (A.8). */
function receiveForeignVote(state: EngineState, vote: Vote, source: Source): void {
  if (source.from !== vote.seat) return
  if (!isWellFormedVote(state, vote)) return
  noteSpeaker(state, source)
  answerLaggard(state, vote, source)
  receiveVote(state, vote, source.peer)
}

function noteSpeaker(state: EngineState, { from }: Source): void {
  if (from === undefined || from < 0 || from >= state.seatCount) return
  noteActivity(state, from)
  hearOf(state, from)
}

/** Runs every rule once. The order lets what an earlier rule found out be used by a later one. */
function advance(state: EngineState): void {
  considerQuorums(state)
  deliver(state)
  pursue(state)
  requestExecutions(state)
  castFinalizes(state)
  considerProposal(state)
  propose(state)
  watchView(state)
  repeat(state)
  bound(state)
}

function announceDeadline(state: EngineState, isTick: boolean): void {
  const deadline = state.done
    ? Infinity
    : Math.min(
        viewDeadline(state),
        repeatDeadline(state),
        proposingDeadline(state),
        followingDeadline(state),
        pursuitDeadline(state),
      )
  // A.12: a deadline that has passed without anything having been done about it would be a busy loop.
  assert(deadline > state.now, 'the next deadline lies in the future')
  // A tick uses up the host's timer, also one that came too early.
  if (deadline === state.deadline && !isTick) return
  state.deadline = deadline
  emit(state, { kind: 'deadline', at: deadline })
}

function statusOf(state: EngineState): EngineStatus {
  const { view, lastFinalizedView, floor, done, diverged, workPending } = state
  return {
    view,
    lastFinalizedView,
    deliveredHeight: floor.height,
    deliveredHash: floor.hash,
    viewsBehind: Math.max(0, lastFinalizedView - floor.view),
    done,
    diverged,
    notarizedTip: notarizedTip(state),
    workPending,
  }
}

function voteCount({ rounds }: EngineState): number {
  let count = 0
  for (const { piles } of rounds.values()) {
    for (const kind of VOTE_KINDS) {
      for (const { verified, pending } of piles[kind].values())
        count += verified.size + pending.size
    }
  }
  return count
}

function notarizedTip({ floor, rounds, blocks }: EngineState): EngineStatus['notarizedTip'] {
  let tip: EngineStatus['notarizedTip'] = floor
  for (const round of rounds.values()) {
    const hash = round.view > tip.view ? blockCertificate(round)?.proposal?.hash : undefined
    const block = hash === undefined ? undefined : blocks.get(toHex(hash))?.block
    if (block !== undefined) tip = { view: round.view, height: block.height, hash: block.hash }
  }
  return tip
}
