/**
 * A line: one direction of one link, as the receiver suffers it. Parcels pass at once, late, twice or never.
 *
 * Invariants: without jitter parcels keep their order; whatever waits when the state changes arrives at that moment, or is
 * lost if the line is cut; a line holds at most BYTES_WAITING_MAX. Time and dice are given, so a run can be repeated.
 */
import type { Prng } from '../../node/primitives/prng.ts'
import { PERFECT_LINK } from './fault.ts'
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

export function createLine(clock: Clock, dice: Prng): Line {
  let state: LinkState = PERFECT_LINK
  /** In the order of arrival. */
  let waiting: Waiting[] = []
  let bytesWaiting = 0
  /** When a slow line has sent all it was given. */
  let idleAt = 0
  let cancel: (() => void) | undefined

  function pass(parcel: Parcel): void {
    if (state === 'cut') return parcel.lose()
    if (isPerfect(state)) return parcel.deliver()
    if (hits(state.lossPerMille)) return parcel.lose()
    send(parcel)
    if (hits(state.duplicatePerMille)) send({ ...parcel, lose: () => {} })
  }

  /** Draws nothing for a chance of zero. */
  function hits(perMille: number): boolean {
    return perMille > 0 && dice.chance(perMille, PER_MILLE)
  }

  function send(parcel: Parcel): void {
    if (state === 'cut') return parcel.lose()
    const { delayMs, jitterMs, bytesPerSecond } = state
    const now = clock.now()
    let leftAt = now
    if (bytesPerSecond !== undefined) {
      if (bytesWaiting + parcel.size > BYTES_WAITING_MAX) return parcel.lose()
      leftAt = Math.max(now, idleAt) + Math.ceil((parcel.size * 1000) / bytesPerSecond)
      idleAt = leftAt
    }
    const at = leftAt + delayMs + (jitterMs > 0 ? dice.below(jitterMs + 1) : 0)
    if (at <= now && waiting.length === 0) return parcel.deliver()
    wait({ at, parcel })
  }

  /** Behind whatever arrives at the same time or before. */
  function wait(entry: Waiting): void {
    if (bytesWaiting + entry.parcel.size > BYTES_WAITING_MAX) return entry.parcel.lose()
    const before = waiting.findLastIndex(({ at }) => at <= entry.at)
    waiting.splice(before + 1, 0, entry)
    bytesWaiting += entry.parcel.size
    arm()
  }

  function arm(): void {
    cancel?.()
    const next = waiting[0]
    cancel = next && clock.after(Math.max(0, next.at - clock.now()), release)
  }

  function release(): void {
    const now = clock.now()
    const due = waiting.filter(({ at }) => at <= now)
    waiting = waiting.slice(due.length)
    for (const { parcel } of due) bytesWaiting -= parcel.size
    arm()
    for (const { parcel } of due) parcel.deliver()
  }

  function change(next: LinkState): void {
    if (sameLinkState(state, next)) return
    state = next
    const rest = waiting
    waiting = []
    bytesWaiting = 0
    idleAt = 0
    arm()
    for (const { parcel } of rest) {
      if (next === 'cut') parcel.lose()
      else parcel.deliver()
    }
  }

  return { pass, change }
}
