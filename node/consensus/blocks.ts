/**
 * Blocks that the engine holds: bodies above the floor, and what the local executor thinks of them
 * (docs/protocol/consensus.md R4, R7, R8). The engine never looks into a body.
 */
import { equalBytes, toHex } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'
import type { ChainBlock } from './message.ts'
import { emit, type EngineState, type HeldBlock } from './state.ts'

/** Delivered blocks kept in memory for peers that are a step behind; older ones come from the host's store. */
export const DELIVERED_BLOCKS_RETAINED = 4
/** Bodies held at once. Beyond it, blocks of past views that never got a certificate go first. */
export const BLOCKS_HELD_MAX = 64

export function heldBlock(state: EngineState, hash: Hash): HeldBlock | undefined {
  return state.blocks.get(toHex(hash))
}

/** Takes a body whose hash somebody signed for; the caller has checked that. Below the floor nothing is taken. */
export function admitBlock(state: EngineState, block: ChainBlock): HeldBlock | undefined {
  const key = toHex(block.hash)
  const held = state.blocks.get(key)
  if (held !== undefined) return held
  if (block.height <= state.floor.height) return undefined
  if (block.epoch !== state.config.domain.epoch) return undefined // R13
  const admitted: HeldBlock = { block, validity: 'unknown', asked: 'no', stored: false }
  state.blocks.set(key, admitted)
  if (block.sealing && isCertified(state, block.hash)) state.sealing = true
  return admitted
}

/** R5: the body is durable before any vote for it. */
export function storeBlock(state: EngineState, held: HeldBlock): void {
  if (held.stored) return
  held.stored = true
  emit(state, { kind: 'store-block', block: held.block })
}

/** May another block be executed on top of this one: it is the delivered tip, or it was found valid here. */
export function isExtendable(state: EngineState, hash: Hash): boolean {
  return equalBytes(hash, state.floor.hash) || heldBlock(state, hash)?.validity === 'valid'
}

/** Is there a NOTARIZATION or FINALIZATION of exactly this block among the rounds kept? */
function isCertified(state: EngineState, hash: Hash): boolean {
  for (const round of state.rounds.values()) {
    const { notarize, finalize } = round.certificates
    const proposal = finalize?.proposal ?? notarize?.proposal
    if (proposal !== undefined && equalBytes(proposal.hash, hash)) return true
  }
  return false
}

/** Drops what delivery has made useless: old bodies, and branches that can no longer be finalized. */
export function pruneBlocks(state: EngineState): void {
  const floorKey = toHex(state.floor.hash)
  const lowest = state.floor.height - DELIVERED_BLOCKS_RETAINED
  for (const [key, { block, validity }] of state.blocks) {
    if (key === floorKey || block.height > state.floor.height) continue
    if (block.height < lowest || validity !== 'valid') state.blocks.delete(key)
  }
}

/** Keeps the number of bodies bounded while nothing is finalized. */
export function evictBlocks(state: EngineState): void {
  if (state.blocks.size <= BLOCKS_HELD_MAX) return
  for (const [key, { block }] of state.blocks) {
    if (state.blocks.size <= BLOCKS_HELD_MAX) return
    // Certified bodies are needed for R8 and for building; their number is bounded by the views that a quorum closed.
    const isPast = block.view < state.view && block.height > state.floor.height
    if (isPast && !isCertified(state, block.hash)) state.blocks.delete(key)
  }
}
