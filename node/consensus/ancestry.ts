/**
 * Ancestry: which blocks the engine has to have and to execute, found by walking back from certificates
 * (docs/protocol/consensus.md R7, R8, R9, R10).
 */
import { seatsOf, type Certificate } from '../crosslink/certificate.ts'
import { present } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { Hash, Seat } from '../primitives/identifiers.ts'
import { heldBlock, isExtendable } from './blocks.ts'
import { findParent } from './justification.ts'
import { blockCertificate } from './round.ts'
import { liveRounds, type EngineState, type HeldBlock } from './state.ts'

export type Ancestry = {
  /** Blocks held, oldest first, ending with the one asked about unless that is missing. */
  readonly path: readonly HeldBlock[]
  /** The youngest ancestor that is not held. `depth`: how many heights may be missing, undefined if nothing is known. */
  readonly missing: { readonly hash: Hash; readonly depth: number | undefined } | undefined
  /** The walk passed the floor beside it: this block belongs to another branch. */
  readonly forks: boolean
}

/** Walks back from a block to the first that may be built upon; for delivery, to the floor itself. */
export function ancestryOf(state: EngineState, hash: Hash, goal: 'extendable' | 'floor'): Ancestry {
  const path: HeldBlock[] = []
  const end = (missing: Ancestry['missing'], forks: boolean): Ancestry => {
    return { path: path.reverse(), missing, forks }
  }
  let cursor = hash
  /** Height of the block that stands on the cursor. */
  let childHeight: number | undefined
  // A chain of hashes has no cycle, so the walk ends with the blocks held.
  while (!isGoal(state, cursor, goal)) {
    const depth = childHeight === undefined ? undefined : childHeight - 1 - state.floor.height
    // At the floor's height nothing can be missing but a block of another branch.
    if (depth !== undefined && depth <= 0) return end(undefined, true)
    const held = heldBlock(state, cursor)
    if (held === undefined) return end({ hash: cursor, depth }, false)
    const { height } = held.block
    // No quorum with an honest majority certified a block whose height does not follow its parent's (R4).
    if (childHeight !== undefined && height !== childHeight - 1) return end(undefined, true)
    childHeight = height
    path.push(held)
    cursor = held.block.parentHash
  }
  const reachesFloor = equalBytes(cursor, state.floor.hash)
  const isGapless = childHeight === undefined || childHeight === state.floor.height + 1
  return end(undefined, reachesFloor && !isGapless)
}

function isGoal(state: EngineState, hash: Hash, goal: 'extendable' | 'floor'): boolean {
  return goal === 'floor' ? equalBytes(hash, state.floor.hash) : isExtendable(state, hash)
}

/** FINALIZATIONs above the floor, newest first. */
export function undelivered(state: EngineState): readonly Certificate[] {
  const certificates: Certificate[] = []
  if (state.lastFinalizedView <= state.floor.view) return certificates
  for (const { view, certificates: known } of state.rounds.values()) {
    if (view > state.floor.view && known.finalize !== undefined) certificates.push(known.finalize)
  }
  return certificates.sort((left, right) => right.view - left.view)
}

/** Certificates whose blocks this seat has to execute: for R8, and to build or to judge the current view. */
export function tipsToExecute(state: EngineState): readonly Certificate[] {
  if (state.config.seat < 0 || state.done) return []
  const tips: Certificate[] = []
  for (const round of liveRounds(state)) {
    const certificate = blockCertificate(round)
    if (certificate !== undefined) tips.push(certificate)
  }
  // The parent may lie further back than the live rounds, behind a long row of nullified views.
  const parent = findParent(state, state.view)
  const parentRound = parent.kind === 'sound' ? state.rounds.get(parent.parentView) : undefined
  const certificate = parentRound === undefined ? undefined : blockCertificate(parentRound)
  if (certificate !== undefined && !tips.includes(certificate)) tips.unshift(certificate)
  return tips
}

/** Who can be asked for a certified block: at least f + 1 honest signers have it durably (R5, R7). */
export function holdersOf(state: EngineState, certificate: Certificate): readonly Seat[] {
  const seats = seatsOf(certificate.signers, state.seatCount)
  return present(seats, 'an adopted certificate has a bitmap of this committee').filter(
    (seat) => seat !== state.config.seat,
  )
}
