/**
 * A line: one direction of one link, as the receiver suffers it. Parcels pass at once, late, twice or never.
 *
 * Invariants: without jitter parcels keep their order; whatever waits when the state changes arrives at that moment, or is
 * lost if the line is cut; a line holds at most BYTES_WAITING_MAX. Time and dice are given, so a run can be repeated.
 */
import type { Prng } from '../../node/primitives/prng.ts'
import { PERFECT_LINK, type LinkQuality } from './fault.ts'
import { isPerfect, sameLinkState, type LinkState } from './link-state.ts'

/** What a slow line holds back; a sender's own queue is no longer than that either, and what comes on top is lost. */
const BYTES_WAITING_MAX = 8 * 1024 * 1024
const PER_MILLE = 1000

export type Clock = {
  readonly now: () => number
  /** Calls back after so many milliseconds, unless the returned function is called before. */
  readonly after: (waitMs: number, act: () => void) => () => void
}

export type Parcel = {
  /** Bytes. */
  readonly size: number
  /** Twice when the line duplicates. */
  readonly deliver: () => void
  readonly lose: () => void
}

export type Line = {
  readonly pass: (parcel: Parcel) => void
  readonly change: (state: LinkState) => void
}

type Waiting = { readonly at: number; readonly parcel: Parcel }

type Wire = {
  readonly clock: Clock
  readonly dice: Prng
  state: LinkState
  /** In the order of arrival. */
  waiting: Waiting[]
  bytesWaiting: number
  /** When a slow line has sent all it was given. */
  idleAt: number
  cancel: (() => void) | undefined
}

export function createLine(clock: Clock, dice: Prng): Line {
  const wire: Wire = {
    clock,
    dice,
    state: PERFECT_LINK,
    waiting: [],
    bytesWaiting: 0,
    idleAt: 0,
    cancel: undefined,
  }
  return { pass: (parcel) => pass(wire, parcel), change: (state) => change(wire, state) }
}

function pass(wire: Wire, parcel: Parcel): void {
  const { state } = wire
  if (state === 'cut') return parcel.lose()
  if (isPerfect(state)) return parcel.deliver()
  if (hits(wire, state.lossPerMille)) return parcel.lose()
  send(wire, state, parcel)
  if (hits(wire, state.duplicatePerMille)) send(wire, state, { ...parcel, lose: () => {} })
}

/** Draws nothing for a chance of zero. */
function hits({ dice }: Wire, perMille: number): boolean {
  return perMille > 0 && dice.chance(perMille, PER_MILLE)
}

function send(wire: Wire, quality: LinkQuality, parcel: Parcel): void {
  if (wire.bytesWaiting + parcel.size > BYTES_WAITING_MAX) return parcel.lose()
  const { delayMs, jitterMs, bytesPerSecond } = quality
  const now = wire.clock.now()
  let leftAt = now
  if (bytesPerSecond !== undefined) {
    leftAt = Math.max(now, wire.idleAt) + Math.ceil((parcel.size * 1000) / bytesPerSecond)
    wire.idleAt = leftAt
  }
  const at = leftAt + delayMs + (jitterMs > 0 ? wire.dice.below(jitterMs + 1) : 0)
  if (at <= now && wire.waiting.length === 0) return parcel.deliver()
  // Behind whatever arrives at the same time or before.
  const before = wire.waiting.findLastIndex((other) => other.at <= at)
  wire.waiting.splice(before + 1, 0, { at, parcel })
  wire.bytesWaiting += parcel.size
  arm(wire)
}

function arm(wire: Wire): void {
  wire.cancel?.()
  const next = wire.waiting[0]
  wire.cancel =
    next && wire.clock.after(Math.max(0, next.at - wire.clock.now()), () => release(wire))
}

function release(wire: Wire): void {
  const now = wire.clock.now()
  const due = wire.waiting.filter(({ at }) => at <= now)
  wire.waiting = wire.waiting.slice(due.length)
  for (const { parcel } of due) wire.bytesWaiting -= parcel.size
  arm(wire)
  for (const { parcel } of due) parcel.deliver()
}

function change(wire: Wire, next: LinkState): void {
  if (sameLinkState(wire.state, next)) return
  const rest = wire.waiting
  wire.state = next
  wire.waiting = []
  wire.bytesWaiting = 0
  wire.idleAt = 0
  arm(wire)
  for (const { parcel } of rest) {
    if (next === 'cut') parcel.lose()
    else parcel.deliver()
  }
}
