/**
 * Presence: who is away, as far as this node's own connections tell (docs/protocol/consensus.md R17).
 *
 * Invariants: local, and never more than a timeout that is over sooner (R6): who is away is not left out of anything, and
 * everything it says is heard. One word of the seat itself, or a new connection, ends it.
 */
import type { Seat } from '../primitives/identifiers.ts'
import { sayUncollected } from './collecting.ts'
import type { EngineState } from './state.ts'
import { isAway, skipAbsentLeader } from './timing.ts'

/** The connection to a seat was lost, or there is one again. */
export function receivePresence(state: EngineState, seat: Seat, isGone: boolean): void {
  if (seat === state.config.seat || isGone === state.away.has(seat)) return
  if (isGone) state.away.add(seat)
  else state.away.delete(seat)
  // Where more were away than a quorum can spare, the others count from now on.
  skipAbsentLeader(state)
  if (isAway(state, seat)) sayUncollected(state, seat)
}

/** The seat itself has said something. That others vouch for what it once signed tells nothing. */
export function hearOf(state: EngineState, seat: Seat): void {
  state.away.delete(seat)
}
