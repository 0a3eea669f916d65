/**
 * Proposing: what the leader of the current view does (docs/protocol/consensus.md R2).
 */
import type { Proposal } from '../crosslink/certificate.ts'
import { assert } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { admitBlock, heldBlock, isExtendable } from './blocks.ts'
import { askForCertificates, findParent } from './justification.ts'
import type { ChainBlock } from './message.ts'
import { canVote, emit, leaderOf, roundAt, type EngineState } from './state.ts'
import { buildableAt, proposalArrived } from './timing.ts'
import { castNotarize, castNullify } from './voting.ts'

/** What keeps the leader from proposing, or what it stands on. */
type Turn =
  | { readonly kind: 'none' }
  | { readonly kind: 'missing'; readonly views: readonly number[] }
  /** The parent's body is not here, or is not executed. */
  | { readonly kind: 'unready' }
  | { readonly kind: 'ready'; readonly parentView: number; readonly parentHash: Hash }

function turnOf(state: EngineState): Turn {
  if (!canVote(state) || leaderOf(state, state.view) !== state.config.seat) return { kind: 'none' }
  const { sent, proposal } = roundAt(state, state.view)
  // A restarted leader whose NOTARIZE is in the journal never builds another block (A.10.2).
  if (sent.notarize !== undefined || sent.nullify !== undefined) return { kind: 'none' }
  if (state.clock.building !== undefined || proposal !== undefined) return { kind: 'none' }
  const parent = findParent(state, state.view)
  if (parent.kind === 'unsound') return { kind: 'none' }
  if (parent.kind === 'missing') return parent
  const { parentView, parentHash } = parent
  if (!isExtendable(state, parentHash)) return { kind: 'unready' }
  return { kind: 'ready', parentView, parentHash }
}

/** R2: build once, when the time has come and the parent has been executed here. */
export function propose(state: EngineState): void {
  const turn = turnOf(state)
  if (turn.kind === 'missing') askForCertificates(state, turn.views, undefined)
  // A leader far behind cannot build in time; it says so at once (R2).
  if (turn.kind === 'unready' && state.rangeQuest !== undefined) castNullify(state)
  if (turn.kind !== 'ready') return
  const { parentView, parentHash } = turn
  const parent = heldBlock(state, parentHash)?.block
  if (parent?.sealing === true) {
    // R2: after a sealing block nothing may follow but itself, until it is finalized directly (R14).
    proposeBlock(state, { view: state.view, parentView, parentHash, hash: parentHash })
    return
  }
  if (state.now < buildableAt(state)) return
  state.clock.building = { parentView, parentHash }
  state.clock.proposedAt = state.now
  emit(state, { kind: 'build', view: state.view, parent, parentHash })
}

/** The host's answer to `build`. */
export function receiveBuilt(
  state: EngineState,
  view: number,
  block: ChainBlock | undefined,
): void {
  const { building } = state.clock
  if (view !== state.view || building === undefined) return
  const round = roundAt(state, view)
  if (round.sent.nullify !== undefined || round.proposal !== undefined) return
  if (block === undefined) {
    castNullify(state) // R2: a leader that cannot build says so at once.
    return
  }
  const { parentView, parentHash } = building
  assert(equalBytes(block.parentHash, parentHash), 'the host builds on the parent it was given')
  assert(block.view === view, 'the host builds for the view it was given')
  const held = admitBlock(state, block)
  if (held === undefined) return
  held.validity = 'valid'
  proposeBlock(state, { view, parentView, parentHash, hash: block.hash })
}

function proposeBlock(state: EngineState, proposal: Proposal): void {
  proposalArrived(state)
  roundAt(state, state.view).proposal = proposal
  castNotarize(state, proposal)
}

/** When the leader wants a tick in order to build, or to ask again for certificates. */
export function proposingDeadline(state: EngineState): number {
  const turn = turnOf(state)
  if (turn.kind === 'ready') return buildableAt(state)
  if (turn.kind === 'missing') return state.clock.certificatesAskableAt
  return Infinity
}
