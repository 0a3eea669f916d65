/**
 * Time in the engine: entering views, the timeouts of a view, and the one deadline told to the host
 * (docs/protocol/consensus.md A.7, R1, R6). The clock is whatever the inputs say; there is no other.
 */
import type { Seat } from '../primitives/identifiers.ts'
import { blockCertificate, type Round } from './round.ts'
import { canVote, emit, leaderOf, roundAt, type EngineState, type ViewClock } from './state.ts'
import type { Vote } from './vote.ts'

/** Multiples of delta (A.7). */
const LEADER_TIMEOUT_DELTAS = 2.5
/** Votes that were lost are repeated twice, and the last of them arrive (R15). */
const ADVANCE_TIMEOUT_DELTAS = 5
const RETRY_DELTAS = 3
const FETCH_TIMEOUT_DELTAS = 2
/** Two messages: what is on time comes before that, so without loss nothing is repeated (R15). */
const REPEAT_DELTAS = 2
const SKIP_TIMEOUT_DELTAS = 20
/** A leader must also have been silent for this many views: on an idle chain everybody is silent for long times. */
const SKIP_VIEWS = 5
/** Where votes are collected (R16), a seat is sure to be heard only when it leads or when one collects: each once per round. */
const SKIP_ROUNDS_COLLECTED = 2

export function createClock(enteredAt: number, pacedFrom: number): ViewClock {
  return {
    enteredAt,
    proposedAt: undefined,
    spokenAt: undefined,
    pacedFrom,
    leaderAt: Infinity,
    advanceAt: Infinity,
    retryAt: Infinity,
    repeatAt: Infinity,
    building: undefined,
    certificatesAskableAt: -Infinity,
  }
}

export function retryDelay(state: EngineState): number {
  return RETRY_DELTAS * state.config.timing.deltaMs
}

export function repeatDelay(state: EngineState): number {
  return REPEAT_DELTAS * state.config.timing.deltaMs
}

export function fetchTimeout(state: EngineState): number {
  return FETCH_TIMEOUT_DELTAS * state.config.timing.deltaMs
}

/** R15: a vote went out; if it has had no effect by then, it is said again. */
export function expectEffect(state: EngineState, { kind, view }: Vote): void {
  if (!state.rules.repeats) return
  const at = state.now + repeatDelay(state)
  if (kind === 'notarize' && view === state.view) state.clock.repeatAt = at
  if (kind !== 'finalize' || view <= state.lastFinalizedView) return
  // The newest finalizes the others.
  if (view > (state.finalityRepeat?.view ?? 0)) state.finalityRepeat = { view, count: 0, at }
}

/** R1: a certificate of view - 1, or of any later view, opens `view`. Views only grow. */
export function enterView(state: EngineState, view: number): void {
  if (view <= state.view) return
  const from = pacedFrom(state, view)
  state.view = view
  state.clock = createClock(state.now, from)
  armLeaderTimeout(state)
  if (roundAt(state, view).proposal !== undefined) proposalArrived(state)
  if (isSilent(state, leaderOf(state, view))) {
    // R6, skipTimeout: do not wait for a leader that has long been silent. Local only: it never enters a block.
    state.clock.leaderAt = state.now
    state.clock.advanceAt = state.now
  }
  skipAbsentLeader(state)
  emit(state, { kind: 'report', fact: { kind: 'view-entered', view } })
}

/**
 * R1: the block interval counts from the block of the view before, which at the latest is here now. A view that was
 * skipped has none: what counted for it still counts.
 */
function pacedFrom(state: EngineState, view: number): number {
  const { proposedAt, pacedFrom } = state.clock
  const previous = state.rounds.get(view - 1)
  if (previous === undefined || blockCertificate(previous) === undefined) return pacedFrom
  return view - 1 === state.view && proposedAt !== undefined ? proposedAt : state.now
}

/** When the leader of the current view may build, as far as this node knows; timeouts count from here (R1, R2). */
export function buildableAt(state: EngineState): number {
  const { blockIntervalMs, idleIntervalMs } = state.config.timing
  const { enteredAt, pacedFrom } = state.clock
  const idleOver = enteredAt + idleIntervalMs
  const hasWork = state.workPending || state.sealing
  const since = state.sealing ? enteredAt : state.workSince
  // The minimum keeps a host whose work comes and goes from moving its timeouts for ever.
  const ready = hasWork ? Math.min(Math.max(enteredAt, since), idleOver) : idleOver
  return Math.max(ready, pacedFrom + blockIntervalMs)
}

/** Sets tL of the current view from what is known now (R1). */
export function armLeaderTimeout(state: EngineState): void {
  state.clock.leaderAt = buildableAt(state) + LEADER_TIMEOUT_DELTAS * scaledDelta(state)
}

/** A.7: work came, so the leader is expected earlier; or it went, so an idle leader is not to be blamed. */
export function rearmLeaderTimeout(state: EngineState): void {
  if (state.clock.spokenAt !== undefined) return
  const { leaderAt } = state.clock
  armLeaderTimeout(state)
  if (!state.workPending && !state.sealing) return
  state.clock.leaderAt = Math.min(state.clock.leaderAt, leaderAt)
}

/** R1: the leader has spoken, so only tA runs from here on. */
export function proposalArrived(state: EngineState): void {
  const { clock } = state
  clock.proposedAt ??= state.now
  if (clock.spokenAt !== undefined) return
  clock.spokenAt = state.now
  clock.advanceAt = state.now + ADVANCE_TIMEOUT_DELTAS * scaledDelta(state)
}

/** R1: a proposal that f + 1 seats have voted for was made, for one of them is honest. It will be repeated (R15). */
export function noteProposal(state: EngineState): void {
  if (state.clock.spokenAt !== undefined) return
  const round = roundAt(state, state.view)
  if (round.proposal !== undefined || voterCount(round) > state.seatCount - state.quorum) {
    proposalArrived(state)
  }
}

/** Seats whose NOTARIZE or FINALIZE is here, checked or not. */
function voterCount({ piles }: Round): number {
  const voters = new Set<Seat>()
  for (const kind of ['notarize', 'finalize'] as const) {
    for (const { verified, pending } of piles[kind].values()) {
      for (const seat of verified.keys()) voters.add(seat)
      for (const seat of pending.keys()) voters.add(seat)
    }
  }
  return voters.size
}

/** R1: backoff grows with the views that passed without finality and falls back by itself when one is finalized. */
function scaledDelta(state: EngineState): number {
  const { deltaMs, backoffMax } = state.config.timing
  return deltaMs * state.rules.backoff(state.view - state.lastFinalizedView, backoffMax)
}

export function noteActivity(state: EngineState, seat: Seat): void {
  state.activity.set(seat, { at: state.now, view: state.view })
}

/** Nothing is to be expected of the seat for now: it is away (R17), or has been silent for long (R6). */
export function isInactive(state: EngineState, seat: Seat): boolean {
  return isAway(state, seat) || isSilent(state, seat)
}

/**
 * R17: its connections were lost. Where those of more seats are than a quorum can do without, it is our own network that
 * failed, or nothing would come of leaving them out: then nobody counts as away.
 */
export function isAway({ away, seatCount, quorum }: EngineState, seat: Seat): boolean {
  return away.has(seat) && seatCount - away.size >= quorum
}

/** R17: as for a silent one (R6), unless it has spoken: then everything may be here that the view needs of it. */
export function skipAbsentLeader(state: EngineState): void {
  if (state.clock.spokenAt !== undefined || !isAway(state, leaderOf(state, state.view))) return
  state.clock.leaderAt = state.now
}

/** R6: the seat has been silent for skipTimeout while a quorum was not. Never true of oneself. */
function isSilent(state: EngineState, leader: Seat): boolean {
  const { seat, timing } = state.config
  if (leader === seat) return false
  const quietSince = state.now - SKIP_TIMEOUT_DELTAS * timing.deltaMs
  const last = state.activity.get(leader)
  if (last === undefined || last.at >= quietSince) return false
  const isCollected = state.rules.collects(state.seatCount)
  const skipViews = isCollected ? SKIP_ROUNDS_COLLECTED * state.seatCount : SKIP_VIEWS
  if (last.view > state.view - skipViews) return false
  let activeCount = seat >= 0 ? 1 : 0
  for (const [other, activity] of state.activity) {
    if (other !== seat && activity.at >= quietSince) activeCount++
  }
  return activeCount >= state.quorum
}

/** When the current view's timers next want a tick; Infinity for one who may not vote. */
export function viewDeadline(state: EngineState): number {
  if (!canVote(state)) return Infinity
  const round = roundAt(state, state.view)
  if (round.sent.nullify !== undefined) return state.clock.retryAt
  if (round.sent.finalize !== undefined) return Infinity
  const { spokenAt, leaderAt, advanceAt } = state.clock
  return spokenAt === undefined ? leaderAt : advanceAt
}
