/**
 * Answers: what an engine tells others from memory (docs/protocol/consensus.md R12, A.4). Blocks it no longer holds, and
 * ranges, are the host's to answer from its store.
 */
import type { Certificate } from '../crosslink/certificate.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { heldBlock } from './blocks.ts'
import type { ConsensusMessage } from './message.ts'
import { bestCertificate } from './round.ts'
import { emit, type EngineState, type Source } from './state.ts'
import { repeatDelay, retryDelay } from './timing.ts'
import type { Vote } from './vote.ts'

/** Both kinds of a view are sent: the asker may hold the one and need the other (A.12, certificate split). */
export function answerGetCertificate(state: EngineState, view: number, source: Source): void {
  if (view <= state.lastFinalizedView) {
    answerCertificate(state, state.finalization, source)
    return
  }
  const certificates = state.rounds.get(view)?.certificates
  answerCertificate(state, certificates?.finalize, source)
  answerCertificate(state, certificates?.notarize, source)
  answerCertificate(state, certificates?.nullify, source)
}

export function answerGetBlock(state: EngineState, hash: Hash, source: Source): void {
  const held = heldBlock(state, hash)
  if (held !== undefined) answer(state, { kind: 'block', block: held.block }, source)
}

/** R12: whoever wants out of a view that is over here gets the certificate that ended it, once per retry delay. */
export function answerLaggard(state: EngineState, vote: Vote, source: Source): void {
  if (!state.rules.laggardReply || source.from === undefined || !isLaggards(state, vote)) return
  const last = state.replies.get(source.from)
  if (last !== undefined && last.view === vote.view && state.now < last.at + retryDelay(state))
    return
  state.replies.set(source.from, { view: vote.view, at: state.now })
  answerCertificate(state, bestFor(state, vote.view), source)
}

/** Says this vote that its seat does not know what is known here? */
function isLaggards(state: EngineState, { kind, view }: Vote): boolean {
  const { clock, now } = state
  // A sealed epoch has no later view: its FINALIZATION answers everything.
  if (kind === 'nullify') return state.done || view < state.view
  // R15: the others' votes on what a quorum has decided come late also without loss, but not as late as a repeated one.
  const decidedAt = kind === 'finalize' ? state.finalizedAt : clock.enteredAt
  const isDecided = kind === 'finalize' ? view <= state.lastFinalizedView : view < state.view
  return isDecided && now >= decidedAt + repeatDelay(state)
}

/** The best certificate for somebody in `view`: the finalized one, the view's own, or how we came to where we are. */
function bestFor(state: EngineState, view: number): Certificate | undefined {
  if (state.done || view <= state.lastFinalizedView) return state.finalization
  const own = state.rounds.get(view)
  const best = own === undefined ? undefined : bestCertificate(own)
  if (best !== undefined) return best
  const previous = state.rounds.get(state.view - 1)
  return previous === undefined ? undefined : bestCertificate(previous)
}

function answerCertificate(
  state: EngineState,
  certificate: Certificate | undefined,
  source: Source,
): void {
  if (certificate !== undefined) answer(state, { kind: 'certificate', certificate }, source)
}

function answer(state: EngineState, message: ConsensusMessage, { from, peer }: Source): void {
  if (from === undefined) emit(state, { kind: 'reply', peer, message })
  else emit(state, { kind: 'send', to: from, message })
}
