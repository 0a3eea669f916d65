/**
 * Collecting: in a large committee votes go to one seat first, which tells everybody what they amount to
 * (docs/protocol/consensus.md R16).
 *
 * Invariants: nothing is decided here, only who hears of a vote first and of a certificate without asking; whatever has
 * had no effect is said to everybody by R15, so a collector that is away or lies costs time and nothing else.
 */
import { seatsOf, type Certificate } from '../crosslink/certificate.ts'
import { present } from '../primitives/assert.ts'
import type { Seat } from '../primitives/identifiers.ts'
import { emit, leaderOf, roundAt, type EngineState } from './state.ts'
import { isInactive, noteActivity } from './timing.ts'
import type { Vote } from './vote.ts'

/** Who builds upon the view is the one who needs its certificate first. */
function collectorOf(state: EngineState, view: number): Seat {
  return leaderOf(state, view + 1)
}

/** R16: the collector, or everybody: where none is, where it has long been silent, and after a restart (A.10.2). */
export function sayVote(state: EngineState, vote: Vote): void {
  const message = { kind: 'vote', vote } as const
  const collector = collectorOf(state, vote.view)
  const isCollected =
    state.rules.collects(state.seatCount) &&
    vote.kind !== 'nullify' &&
    !roundAt(state, vote.view).restored &&
    !isInactive(state, collector)
  if (!isCollected) emit(state, { kind: 'broadcast', message })
  else if (collector !== state.config.seat) emit(state, { kind: 'send', to: collector, message })
}

/** R16: the collector made a certificate of votes that others do not have. */
export function tellCollected(state: EngineState, certificate: Certificate): void {
  const { kind, view } = certificate
  if (!state.rules.collects(state.seatCount) || kind === 'nullify') return
  if (collectorOf(state, view) !== state.config.seat) return
  emit(state, { kind: 'broadcast', message: { kind: 'certificate', certificate } })
}

/** R6: where votes are collected, most seats are heard of by what they have signed. */
export function noteSigners(state: EngineState, { signers }: Certificate): void {
  if (!state.rules.collects(state.seatCount)) return
  const seats = present(seatsOf(signers, state.seatCount), 'a certificate names seats that are')
  for (const seat of seats) noteActivity(state, seat)
}
