/**
 * Collecting: in a large committee votes go to one seat first, which tells everybody what they amount to
 * (docs/protocol/consensus.md R16, R17).
 *
 * Invariants: nothing is decided here, only who hears of a vote first and of a certificate without asking; whatever has
 * had no effect is said to everybody by R15, so a collector that is away or lies costs time and nothing else.
 */
import { seatsOf, type Certificate } from '../crosslink/certificate.ts'
import { present } from '../primitives/assert.ts'
import type { Seat } from '../primitives/identifiers.ts'
import type { Round } from './round.ts'
import { canVote, emit, leaderOf, liveRounds, roundAt, type EngineState } from './state.ts'
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
    !isOpen(roundAt(state, vote.view)) &&
    !isInactive(state, collector)
  if (!isCollected) emit(state, { kind: 'broadcast', message })
  else if (collector !== state.config.seat) emit(state, { kind: 'send', to: collector, message })
}

/** What is said in this view goes to everybody. */
function isOpen({ restored, uncollected }: Round): boolean {
  return restored || uncollected
}

/**
 * R17: what was said to a collector that is away now, and had no effect yet, is said to everybody. Once in a view, however
 * often the collector comes and goes.
 */
export function sayUncollected(state: EngineState, collector: Seat): void {
  if (!canVote(state) || !state.rules.collects(state.seatCount)) return
  for (const round of liveRounds(state)) {
    const { view, sent, signed } = round
    if (collectorOf(state, view) !== collector || isOpen(round)) continue
    round.uncollected = true
    const isLeader = leaderOf(state, view) === state.config.seat
    // A leader's NOTARIZE is its proposal, which all have; after NULLIFY, R11 goes on; of a past view nobody needs it.
    if (view === state.view && !isLeader && sent.nullify === undefined) say(state, signed.notarize)
    say(state, signed.finalize)
  }
}

function say(state: EngineState, vote: Vote | undefined): void {
  if (vote !== undefined) emit(state, { kind: 'broadcast', message: { kind: 'vote', vote } })
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
