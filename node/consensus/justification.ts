/**
 * Justification: why a proposal may stand on its parent (docs/protocol/consensus.md R2, R4). The parent's view has a
 * NOTARIZATION or FINALIZATION, and every view skipped between has a NULLIFICATION. A proposal carries these certificates
 * itself, so that honest nodes which saw different ones do not refuse each other's parents for ever (A.12).
 */
import type { Certificate, Proposal } from '../crosslink/certificate.ts'
import { assert } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { JUSTIFICATION_MAX } from '../primitives/limits.ts'
import { isUnderInspection } from './certificates.ts'
import { blockCertificate } from './round.ts'
import { decidedHash, emit, type EngineState } from './state.ts'
import { retryDelay } from './timing.ts'

/**
 * Missing views that are looked for and asked for at once; the rest follows at the next try. Also bounds the walk: one
 * certificate can put the current view any distance away from the last finalized one.
 */
const VIEWS_MISSING_MAX = 16

export type Standing =
  | { readonly kind: 'sound'; readonly parentView: number; readonly parentHash: Hash }
  /** It can never become sound. */
  | { readonly kind: 'unsound' }
  /** Views whose certificates are not here yet; never a reason to refuse (R4). */
  | { readonly kind: 'missing'; readonly views: readonly number[] }

/** R2: the highest view with a block below `view`, all views between being nullified; a block is preferred to none. */
export function findParent(state: EngineState, view: number): Standing {
  const missing: number[] = []
  for (let below = view - 1; below >= state.lastFinalizedView; below--) {
    const hash = decidedHash(state, below)
    if (hash !== undefined && missing.length > 0) break
    if (missing.length === VIEWS_MISSING_MAX) break
    if (hash !== undefined) return { kind: 'sound', parentView: below, parentHash: hash }
    if (state.rounds.get(below)?.certificates.nullify === undefined) missing.push(below)
  }
  assert(missing.length > 0, 'the last finalized view has a block')
  return { kind: 'missing', views: missing }
}

/** R4: does this proposal stand on a parent that the certificates here allow? */
export function judgeStanding(state: EngineState, proposal: Proposal): Standing {
  const { view, parentView, parentHash } = proposal
  if (parentView >= view || parentView < state.lastFinalizedView) return { kind: 'unsound' }
  const hash = decidedHash(state, parentView)
  if (hash !== undefined && !equalBytes(hash, parentHash)) return { kind: 'unsound' }
  const missing = hash === undefined ? [parentView] : []
  for (let skipped = view - 1; skipped > parentView; skipped--) {
    if (missing.length === VIEWS_MISSING_MAX) break
    if (state.rounds.get(skipped)?.certificates.nullify === undefined) missing.push(skipped)
  }
  if (missing.length > 0) return { kind: 'missing', views: missing }
  return { kind: 'sound', parentView, parentHash }
}

/** The certificates that travel with a proposal (R2); if they are too many, the newest, and the rest is fetched. */
export function justificationOf(state: EngineState, proposal: Proposal): readonly Certificate[] {
  const certificates: Certificate[] = []
  for (let view = proposal.view - 1; view > proposal.parentView; view--) {
    if (certificates.length === JUSTIFICATION_MAX - 1) break
    const skipped = state.rounds.get(view)?.certificates.nullify
    if (skipped !== undefined) certificates.push(skipped)
  }
  const parent = state.rounds.get(proposal.parentView)
  const decided = parent === undefined ? undefined : blockCertificate(parent)
  // View 0, and the floor after a restart, are finalized without a certificate at hand.
  return decided === undefined ? certificates : [decided, ...certificates]
}

/** R2, R4: asks for missing certificates, all committee or the leader, not more often than the retry delay. */
export function askForCertificates(
  state: EngineState,
  views: readonly number[],
  leader: number | undefined,
): void {
  if (state.now < state.clock.certificatesAskableAt) return
  state.clock.certificatesAskableAt = state.now + retryDelay(state)
  for (const view of views) {
    if (isUnderInspection(state, view)) continue
    const message = { kind: 'get-certificate', view } as const
    if (leader === undefined) emit(state, { kind: 'broadcast', message })
    else emit(state, { kind: 'send', to: leader, message })
  }
}
