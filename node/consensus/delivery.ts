/**
 * Delivery: finalized blocks go to the host in height order without gaps (docs/protocol/consensus.md R10, R14), and what
 * is then useless is dropped.
 */
import type { Certificate } from '../crosslink/certificate.ts'
import { assert, present } from '../primitives/assert.ts'
import { equalBytes, toHex } from '../primitives/bytes.ts'
import { ROUNDS_RETAINED } from '../primitives/limits.ts'
import { ancestryOf, undelivered } from './ancestry.ts'
import { evictBlocks, heldBlock, pruneBlocks, storeBlock } from './blocks.ts'
import { adoptCertificate } from './certificates.ts'
import { diverge } from './execution.ts'
import type { ChainBlock } from './message.ts'
import { emit, isLiveView, type EngineState } from './state.ts'

/**
 * R10: delivers up to the best FINALIZATION whose ancestors are all here. On a chain that is faster than the way to its
 * bodies, the newest one never is.
 */
export function deliver(state: EngineState): void {
  for (const finalization of undelivered(state)) deliverUpTo(state, finalization)
  // A sealing block may have been delivered before a restart: its end of the epoch is announced again.
  if (state.sealing && state.finalization !== undefined) deliverUpTo(state, state.finalization)
}

/** Delivers everything up to the block that this FINALIZATION names. */
export function deliverUpTo(state: EngineState, finalization: Certificate): void {
  if (state.done || state.diverged || finalization.view < state.floor.view) return
  const { hash } = present(finalization.proposal, 'a FINALIZATION names a block')
  const { path, missing, forks } = ancestryOf(state, hash, 'floor')
  if (forks) diverge(state, hash) // Two finalized chains: more than f seats are faulty.
  if (forks || missing !== undefined) return
  for (const held of path) {
    const { block } = held
    assert(block.height === state.floor.height + 1, 'finalized heights have no gaps')
    const isNamed = equalBytes(block.hash, hash)
    storeBlock(state, held)
    emit(state, { kind: 'finalized', block, certificate: isNamed ? finalization : undefined })
    held.validity = 'valid'
    state.floor = { view: finalization.view, height: block.height, hash: block.hash }
  }
  if (path.length > 0) {
    emit(state, { kind: 'persist', record: { kind: 'floor', ...state.floor } })
    prune(state)
  }
  const tip = heldBlock(state, hash)?.block
  if (tip?.sealing === true) seal(state, tip, finalization)
}

/**
 * S.8: the chain goes on from a final block whose state the host got from elsewhere; what lies between the floor and it is
 * skipped. Views only grow and no vote is taken back, so this is as safe as having delivered it.
 */
export function adoptFloor(state: EngineState, block: ChainBlock, certificate: Certificate): void {
  const { proposal, kind, view } = certificate
  assert(kind === 'finalize' && proposal !== undefined, 'a floor is a finalized block')
  assert(equalBytes(proposal.hash, block.hash), 'the certificate names the block')
  if (state.done || state.diverged || block.height <= state.floor.height) return
  state.blocks.set(toHex(block.hash), { block, validity: 'valid', asked: 'no', stored: false })
  adoptCertificate(state, certificate)
  state.lastFinalizedView = Math.max(state.lastFinalizedView, view)
  emit(state, { kind: 'finalized', block, certificate })
  state.floor = { view, height: block.height, hash: block.hash }
  state.rangeQuest = undefined
  state.wanted.clear()
  emit(state, { kind: 'persist', record: { kind: 'floor', ...state.floor } })
  prune(state)
  if (block.sealing) seal(state, block, certificate)
}

/** R14: the epoch ends only by a FINALIZATION whose own payload is the sealing block. */
function seal(state: EngineState, block: ChainBlock, certificate: Certificate): void {
  assert(
    certificate.proposal !== undefined && equalBytes(certificate.proposal.hash, block.hash),
    'a sealing block is finalized directly',
  )
  state.done = true
  state.rangeQuest = undefined
  state.wanted.clear()
  emit(state, { kind: 'epoch-sealed', block, certificate })
}

function prune(state: EngineState): void {
  const lowest = state.lastFinalizedView - ROUNDS_RETAINED
  for (const view of state.rounds.keys()) {
    if (view <= lowest) state.rounds.delete(view)
  }
  pruneBlocks(state)
}

/** Keeps memory bounded while views pass without finality. */
export function bound(state: EngineState): void {
  evictBlocks(state)
  if (state.rounds.size <= 2 * ROUNDS_RETAINED) return
  for (const round of state.rounds.values()) {
    // Certificates and own decisions of such a view are still needed; its single votes are not.
    if (!isLiveView(state, round.view))
      for (const piles of Object.values(round.piles)) piles.clear()
  }
}
