/**
 * Execution: asking the host to execute blocks, parents first, and what follows from its verdicts
 * (docs/protocol/consensus.md R4, R8).
 */
import type { Proposal } from '../crosslink/certificate.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { ancestryOf, tipsToExecute } from './ancestry.ts'
import { heldBlock } from './blocks.ts'
import { hashToVerify } from './following.ts'
import { emit, type EngineState, type HeldBlock } from './state.ts'

/** Asks for the next block on the way to everything whose validity matters now. */
export function requestExecutions(state: EngineState): void {
  if (state.diverged) return
  for (const { proposal } of tipsToExecute(state)) {
    if (proposal !== undefined) requestNext(state, proposal.hash, true)
  }
  const proposed = hashToVerify(state)
  if (proposed !== undefined) requestNext(state, proposed, false)
}

/** Only the oldest unexecuted ancestor is asked for: parents come before children. */
function requestNext(state: EngineState, tip: Hash, isTipCertified: boolean): void {
  const { path, missing } = ancestryOf(state, tip, 'extendable')
  const next = path[0]
  if (next === undefined || missing !== undefined || next.asked !== 'no') return
  // Whatever a certified block stands on is certified too: honest voters executed it (R5).
  const certified = isTipCertified || path.length > 1
  const isOpen = next.validity === 'unknown' || (next.validity === 'refused' && certified)
  if (!isOpen) return
  next.asked = certified ? 'certified' : 'uncertified'
  emit(state, { kind: 'verify', block: next.block, proposal: proposalOf(state, next), certified })
}

/** The host's verdict on a block. */
export function receiveVerified(state: EngineState, hash: Hash, valid: boolean): void {
  const held = heldBlock(state, hash)
  if (held === undefined || held.asked === 'no') return
  const wasCertified = held.asked === 'certified'
  held.asked = 'no'
  if (valid) held.validity = 'valid'
  else if (wasCertified) {
    held.validity = 'invalid'
    diverge(state, hash)
  } else if (held.validity === 'unknown') held.validity = 'refused'
}

/** R8: this node and its committee disagree about a certified block. It signs nothing from here on. */
export function diverge(state: EngineState, hash: Hash): void {
  if (state.diverged) return
  state.diverged = true
  emit(state, { kind: 'report', fact: { kind: 'divergence', hash } })
}

/** The proposal by which this block first came, known or derived: a child's parent was proposed in the parent's view. */
function proposalOf(state: EngineState, { block }: HeldBlock): Proposal {
  const round = state.rounds.get(block.view)
  for (const known of [round?.certificates.notarize?.proposal, round?.proposal]) {
    if (known !== undefined && equalBytes(known.hash, block.hash)) return known
  }
  const { hash, parentHash, view } = block
  const parentView = equalBytes(parentHash, state.config.genesis.hash)
    ? 0
    : (heldBlock(state, parentHash)?.block.view ?? state.floor.view)
  return { view, parentView, parentHash, hash }
}
