/**
 * Restart: the state of an engine from its journal (docs/protocol/consensus.md A.10).
 *
 * Invariants: no vote of the journal is ever contradicted; own votes go back into the tally, because if everybody
 * crashes after voting, nobody else has them; a leader whose NOTARIZE is in the journal proposes the same block again.
 */
import { unreachable } from '../primitives/assert.ts'
import { toHex } from '../primitives/bytes.ts'
import { ROUNDS_RETAINED } from '../primitives/limits.ts'
import { learn } from './certificates.ts'
import type { JournalRecord } from './engine-contract.ts'
import type { ChainBlock } from './message.ts'
import { VOTE_KINDS } from './round.ts'
import { emit, liveRounds, roundAt, type EngineState } from './state.ts'
import { armLeaderTimeout, createClock, retryDelay } from './timing.ts'

/** Puts the engine where its journal left it, or into view 1. */
export function restore(
  state: EngineState,
  journal: readonly JournalRecord[],
  blocks: readonly ChainBlock[],
): void {
  restoreFloor(state, journal)
  restoreBlocks(state, blocks)
  let view = state.floor.view + 1
  for (const record of journal) view = Math.max(view, restoreRecord(state, record))
  state.view = view
  state.clock = createClock(state.now, -Infinity)
  armLeaderTimeout(state)
  for (let seat = 0; seat < state.seatCount; seat++)
    state.activity.set(seat, { at: state.now, view })
  if (roundAt(state, view).sent.nullify !== undefined) {
    state.clock.retryAt = state.now + retryDelay(state)
  }
  emit(state, { kind: 'report', fact: { kind: 'view-entered', view } })
  if (state.rules.ownVotesRestored) signAgain(state)
}

/** A.10.3: the floor only rises; of several records the highest counts. */
function restoreFloor(state: EngineState, journal: readonly JournalRecord[]): void {
  for (const record of journal) {
    if (record.kind !== 'floor' || record.height < state.floor.height) continue
    state.floor = { view: record.view, height: record.height, hash: record.hash }
  }
  state.lastFinalizedView = state.floor.view
}

/** Execution results did not survive, so every block above the floor is executed again before it counts. */
function restoreBlocks(state: EngineState, blocks: readonly ChainBlock[]): void {
  for (const block of blocks) {
    const isFloor = toHex(block.hash) === toHex(state.floor.hash)
    if (!isFloor && block.height <= state.floor.height) continue
    const validity = isFloor ? 'valid' : 'unknown'
    state.blocks.set(toHex(block.hash), { block, validity, asked: 'no', stored: true })
  }
}

/** Takes in one record; answers the view that it proves this engine had reached. */
function restoreRecord(state: EngineState, record: JournalRecord): number {
  switch (record.kind) {
    case 'floor':
      return record.view + 1
    case 'certificate': {
      const { certificate } = record
      if (certificate.view < state.floor.view) return 0
      roundAt(state, certificate.view).certificates[certificate.kind] = certificate
      if (certificate.kind !== 'finalize' || certificate.view >= state.lastFinalizedView) {
        learn(state, certificate)
      }
      return certificate.view + 1
    }
    case 'vote': {
      const { vote } = record
      if (vote.view < state.floor.view) return 0
      const round = roundAt(state, vote.view)
      round.sent[vote.kind] = vote
      round.restored = true
      if (vote.kind === 'notarize') round.proposal ??= vote.proposal
      // FINALIZE may be cast for a view long left (R8); the other two only from within their view.
      return vote.kind === 'finalize' ? 0 : vote.view
    }
    default:
      return unreachable(record)
  }
}

/** A.10.2: asks for the own signatures again; coming back, they enter the tally and go out once more. */
function signAgain(state: EngineState): void {
  if (state.config.seat < 0) return
  for (const round of liveRounds(state).slice(-ROUNDS_RETAINED)) {
    for (const kind of VOTE_KINDS) {
      const vote = round.sent[kind]
      if (vote !== undefined) emit(state, { kind: 'sign', vote })
    }
  }
}
