/**
 * Certificates: received ones are checked once and then used wherever they come from; adopting one is the only way the
 * engine learns that a view is over (docs/protocol/consensus.md R1, R7, R9, R10).
 *
 * Bounds: of one kind and view, one certificate is in check and at most one per peer waits; a peer has at most
 * CANDIDATES_PER_PEER_MAX in both together. Any future view is accepted: certificates prove themselves.
 */
import { proposalKey, seatsOf, type Certificate } from '../crosslink/certificate.ts'
import { present } from '../primitives/assert.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { OBSERVER_SEAT } from '../primitives/identifiers.ts'
import { JUSTIFICATION_MAX } from '../primitives/limits.ts'
import { heldBlock } from './blocks.ts'
import { proveFork, suspectFork } from './forks.ts'
import { reportInvalidSignature, submit } from './checks.ts'
import { noteSigners } from './collecting.ts'
import {
  emit,
  roundAt,
  type Candidate,
  type EngineState,
  type Inspection,
  type Source,
} from './state.ts'
import { enterView } from './timing.ts'

/** A full justification and a handful of replies. */
const CANDIDATES_PER_PEER_MAX = JUSTIFICATION_MAX + 8

/**
 * Chooses what to check of certificates that somebody brought: nothing that is known, malformed or beyond the peer's
 * share. Duplicates are skipped before the pairing (A.9). The caller submits what is returned.
 */
export function admitCandidates(
  state: EngineState,
  certificates: readonly Certificate[],
  source: Source,
): readonly Candidate[] {
  const admitted: Candidate[] = []
  for (const certificate of certificates) {
    if (!isWellFormedCertificate(state, certificate)) continue
    if (!isNews(state, certificate)) {
      suspectFork(state, certificate, source)
      continue
    }
    if ((state.candidateCounts.get(source.peer) ?? 0) >= CANDIDATES_PER_PEER_MAX) break
    const candidate = { certificate, source }
    const slot = slotOf(certificate)
    const inspection = state.inspections.get(slot)
    if (inspection === undefined) {
      state.inspections.set(slot, { active: candidate, waiting: [] })
      admitted.push(candidate)
    } else if (!joinInspection(inspection, candidate)) continue
    countCandidate(state, candidate, 1)
  }
  return admitted
}

/** The verdict on one candidate: adopt it, or try the next that waits for the same kind and view. */
export function settleCandidate(state: EngineState, candidate: Candidate, ok: boolean): void {
  const { certificate, source } = candidate
  const slot = slotOf(certificate)
  const inspection = present(state.inspections.get(slot), 'a candidate in check has a slot')
  countCandidate(state, candidate, -1)
  if (ok) {
    for (const waiting of inspection.waiting) countCandidate(state, waiting, -1)
    state.inspections.delete(slot)
    adoptCertificate(state, certificate)
    return
  }
  reportInvalidSignature(state, source.from ?? OBSERVER_SEAT, source.peer)
  const next = inspection.waiting.shift()
  if (next === undefined) {
    state.inspections.delete(slot)
    return
  }
  inspection.active = next
  submit(state, { kind: 'certificates', candidates: [next] })
}

/** Uses a certificate that is known to be good: our own tally made it, or the host checked it. Tells if it was news. */
export function adoptCertificate(state: EngineState, certificate: Certificate): boolean {
  if (!isNews(state, certificate)) return false
  const { kind, view } = certificate
  proveFork(state, certificate)
  roundAt(state, view).certificates[kind] = certificate
  emit(state, { kind: 'persist', record: { kind: 'certificate', certificate } })
  learn(state, certificate)
  noteSigners(state, certificate)
  reportCertificate(state, certificate)
  // R1, R7, R9: at once, without waiting for the body or for its execution.
  enterView(state, view + 1)
  return true
}

/** What a certificate says, apart from opening the next view. Also run on the journal at a restart. */
export function learn(state: EngineState, certificate: Certificate): void {
  const { kind, view, proposal } = certificate
  if (kind === 'finalize') {
    // R10. Delivery follows when all bodies are here (delivery.ts).
    state.lastFinalizedView = view
    state.finalization = certificate
    state.finalizedAt = state.now
  }
  // R7: the certified block counts, whatever proposal of that view is at hand.
  const held = proposal === undefined ? undefined : heldBlock(state, proposal.hash)
  if (held?.block.sealing === true) state.sealing = true
}

function reportCertificate(state: EngineState, { kind, view, proposal }: Certificate): void {
  if (kind === 'nullify') emit(state, { kind: 'report', fact: { kind: 'nullified', view } })
  if (kind !== 'notarize' || proposal === undefined) return
  const { hash } = proposal
  const height = heldBlock(state, hash)?.block.height
  emit(state, { kind: 'report', fact: { kind: 'notarized', view, hash, height } })
}

/** Is a certificate of this view being checked? Then it is not asked for meanwhile. */
export function isUnderInspection(state: EngineState, view: number): boolean {
  return (
    state.inspections.has(`notarize:${view}`) ||
    state.inspections.has(`finalize:${view}`) ||
    state.inspections.has(`nullify:${view}`)
  )
}

/** Could this certificate be one of this committee? Its signature is another matter. */
export function isWellFormedCertificate(state: EngineState, certificate: Certificate): boolean {
  const { kind, view, proposal, signers } = certificate
  if (view < 1) return false
  if ((proposal === undefined) !== (kind === 'nullify')) return false
  if (proposal !== undefined && (proposal.view !== view || proposal.parentView >= view))
    return false
  const seats = seatsOf(signers, state.seatCount)
  return seats !== undefined && seats.length >= state.quorum
}

function isNews(state: EngineState, { kind, view }: Certificate): boolean {
  if (view <= state.lastFinalizedView) return false
  return state.rounds.get(view)?.certificates[kind] === undefined
}

function slotOf({ kind, view }: Certificate): string {
  return `${kind}:${view}`
}

function joinInspection(inspection: Inspection, candidate: Candidate): boolean {
  const { active, waiting } = inspection
  const { peer } = candidate.source
  if (active.source.peer === peer || waiting.some((other) => other.source.peer === peer)) {
    return false
  }
  if ([active, ...waiting].some((other) => isSame(other.certificate, candidate.certificate))) {
    return false
  }
  waiting.push(candidate)
  return true
}

function isSame(left: Certificate, right: Certificate): boolean {
  if (!equalBytes(left.signers, right.signers)) return false
  if (!equalBytes(left.signature, right.signature)) return false
  if (left.proposal === undefined || right.proposal === undefined) return true
  return proposalKey(left.proposal) === proposalKey(right.proposal)
}

function countCandidate(state: EngineState, candidate: Candidate, change: 1 | -1): void {
  const { peer } = candidate.source
  const count = (state.candidateCounts.get(peer) ?? 0) + change
  if (count > 0) state.candidateCounts.set(peer, count)
  else state.candidateCounts.delete(peer)
}
