/**
 * Time in the engine: entering views, the timeouts of a view, and the one deadline told to the host
 * (docs/protocol/consensus.md A.7, R1, R6). The clock is whatever the inputs say; there is no other.
 */
import type { Seat } from '../primitives/identifiers.ts'
import { canVote, emit, leaderOf, roundAt, type EngineState, type ViewClock } from './state.ts'

/** Multiples of delta (A.7). */
const LEADER_TIMEOUT_DELTAS = 2.5
const ADVANCE_TIMEOUT_DELTAS = 4
const RETRY_DELTAS = 3
const FETCH_TIMEOUT_DELTAS = 2
const SKIP_TIMEOUT_DELTAS = 20
/** A leader must also have been silent for this many views: on an idle chain everybody is silent for long times. */
const SKIP_VIEWS = 5

export function createClock(enteredAt: number, pacedFrom: number): ViewClock {
  return {
    enteredAt,
    proposedAt: undefined,
    pacedFrom,
    leaderAt: Infinity,
    advanceAt: Infinity,
    retryAt: Infinity,
    building: undefined,
    certificatesAskableAt: -Infinity,
  }
}

export function retryDelay(state: EngineState): number {
  return RETRY_DELTAS * state.config.timing.deltaMs
}

export function fetchTimeout(state: EngineState): number {
  return FETCH_TIMEOUT_DELTAS * state.config.timing.deltaMs
}

/** R1: a certificate of view - 1, or of any later view, opens `view`. Views only grow. */
export function enterView(state: EngineState, view: number): void {
  if (view <= state.view) return
  state.view = view
  const { proposedAt, enteredAt } = state.clock
  state.clock = createClock(state.now, proposedAt ?? enteredAt)
  armTimeouts(state)
  if (roundAt(state, view).proposal !== undefined) proposalArrived(state)
  if (isInactive(state, leaderOf(state, view))) {
    // R6, skipTimeout: do not wait for a leader that has long been silent. Local only: it never enters a block.
    state.clock.leaderAt = state.now
    state.clock.advanceAt = state.now
  }
  emit(state, { kind: 'report', fact: { kind: 'view-entered', view } })
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

/** Sets tL and tA of the current view from what is known now (R1). */
export function armTimeouts(state: EngineState): void {
  const start = buildableAt(state)
  const unit = scaledDelta(state)
  state.clock.leaderAt = start + LEADER_TIMEOUT_DELTAS * unit
  state.clock.advanceAt = start + ADVANCE_TIMEOUT_DELTAS * unit
}

/** A.7: work came, so the leader is expected earlier; or it went, so an idle leader is not to be blamed. */
export function rearmTimeouts(state: EngineState): void {
  if (roundAt(state, state.view).proposal !== undefined) return
  const { leaderAt, advanceAt } = state.clock
  armTimeouts(state)
  if (!state.workPending && !state.sealing) return
  state.clock.leaderAt = Math.min(state.clock.leaderAt, leaderAt)
  state.clock.advanceAt = Math.min(state.clock.advanceAt, advanceAt)
}

/** The leader has spoken: from here on only tA runs, and not for longer than a leader with work would have had. */
export function proposalArrived(state: EngineState): void {
  state.clock.proposedAt ??= state.now
  const latest = state.now + ADVANCE_TIMEOUT_DELTAS * scaledDelta(state)
  state.clock.advanceAt = Math.min(state.clock.advanceAt, latest)
}

/** R1: backoff grows with the views that passed without finality and falls back by itself when one is finalized. */
function scaledDelta(state: EngineState): number {
  const { deltaMs, backoffMax } = state.config.timing
  return deltaMs * state.rules.backoff(state.view - state.lastFinalizedView, backoffMax)
}

export function noteActivity(state: EngineState, seat: Seat): void {
  state.activity.set(seat, { at: state.now, view: state.view })
}

/** R6: the seat has been silent for skipTimeout while a quorum was not. Never true of oneself. */
function isInactive(state: EngineState, leader: Seat): boolean {
  const { seat, timing } = state.config
  if (leader === seat) return false
  const quietSince = state.now - SKIP_TIMEOUT_DELTAS * timing.deltaMs
  const last = state.activity.get(leader)
  if (last === undefined || last.at >= quietSince) return false
  if (last.view > state.view - SKIP_VIEWS) return false
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
  const { leaderAt, advanceAt } = state.clock
  return round.proposal === undefined ? Math.min(leaderAt, advanceAt) : advanceAt
}
