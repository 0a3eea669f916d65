/**
 * Repeating: a seat says again what had no effect yet, because a message may have been lost
 * (docs/protocol/consensus.md R15).
 *
 * Invariants: nothing is decided here, only signed votes are sent once more; without loss nothing is, because whatever is
 * on time comes before the delay is over; a chain that rests falls silent: a view is left or nullified, and a FINALIZE is
 * said FINALIZE_REPEATS_MAX times more at most. Nobody else can bring a seat to repeat more often.
 */
import type { Seat } from '../primitives/identifiers.ts'
import { canVote, emit, roundAt, type EngineState, type FinalityRepeat } from './state.ts'
import { repeatDelay } from './timing.ts'
import type { Vote } from './vote.ts'
import { proposalMessage } from './voting.ts'

/**
 * A view that f + 1 seats gave up is never finalized, so this has to end. The pauses double: 2, 4, 8, ... deltas, over two
 * minutes of deltas in all, which is longer than an idle chain waits for its next block.
 */
const FINALIZE_REPEATS_MAX = 6

/** R15: says again what is due. */
export function repeat(state: EngineState): void {
  if (!canVote(state)) return
  if (state.now >= state.clock.repeatAt) repeatNotarize(state)
  if (state.finalityRepeat !== undefined) repeatFinalize(state, state.finalityRepeat)
}

/** Whoever takes part in the view gets the vote; of the leader, those whose vote is not here get the whole proposal. */
function repeatNotarize(state: EngineState): void {
  const { signed, sent } = roundAt(state, state.view)
  const vote = signed.notarize
  if (vote === undefined || sent.nullify !== undefined) {
    state.clock.repeatAt = Infinity // R11 goes on from here.
    return
  }
  state.clock.repeatAt = state.now + repeatDelay(state)
  const proposal = proposalMessage(state, vote)
  for (let to = 0; to < state.seatCount; to++) {
    if (to === state.config.seat) continue
    const isProposed = proposal === undefined || hasNotarizeOf(state, vote, to)
    emit(state, { kind: 'send', to, message: isProposed ? { kind: 'vote', vote } : proposal })
  }
}

function hasNotarizeOf(state: EngineState, { view }: Vote, seat: Seat): boolean {
  for (const { verified, pending } of roundAt(state, view).piles.notarize.values()) {
    if (verified.has(seat) || pending.has(seat)) return true
  }
  return false
}

function repeatFinalize(state: EngineState, finality: FinalityRepeat): void {
  const { view, count, at } = finality
  if (view <= state.lastFinalizedView || count === FINALIZE_REPEATS_MAX) {
    state.finalityRepeat = undefined
    return
  }
  if (state.now < at) return
  finality.count++
  finality.at = state.now + repeatDelay(state) * 2 ** finality.count
  const vote = roundAt(state, view).signed.finalize
  if (vote !== undefined) emit(state, { kind: 'broadcast', message: { kind: 'vote', vote } })
}

export function repeatDeadline(state: EngineState): number {
  if (!canVote(state)) return Infinity
  return Math.min(state.clock.repeatAt, state.finalityRepeat?.at ?? Infinity)
}
