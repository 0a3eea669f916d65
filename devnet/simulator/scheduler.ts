/**
 * The simulator's clock and its only source of order. Time is an integer number of milliseconds and jumps from event to
 * event; nothing in a simulated network sees another clock.
 *
 * Invariants: time never goes back; events of one time happen in the order of scheduling; every event that happens is
 * mixed into the event hash (time, node, kind, payload digest, dice cursor) before it acts.
 */
import { assert } from '../../node/primitives/assert.ts'
import { createEventHash, labelWord } from './event-hash.ts'
import { createEventHeap } from './event-heap.ts'

/** Node number of events that belong to no node: partitions, phase changes. */
export const WORLD = -1

type SimulatedEvent = {
  readonly node: number
  /** Out of a small vocabulary: `message`, `tick`, `restart`. */
  readonly kind: string
  /** 32-bit digest of what the event carries when it happens; part of the event hash only. */
  readonly payload: number
  readonly act: () => void
}

type RunLimits = {
  readonly untilMs: number
  /** A run that needs more events than this has lost itself in a loop. */
  readonly stepsMax: number
  /** Asked after every event. */
  readonly stopped: () => boolean
}

/** Why `run` returned. */
type RunEnd = 'stopped' | 'no-events' | 'time' | 'steps'

export type Scheduler = {
  readonly now: () => number
  /** A time in the past means now. */
  readonly schedule: (at: number, event: SimulatedEvent) => void
  readonly run: (limits: RunLimits) => RunEnd
  readonly steps: () => number
  readonly hash: () => string
}

export type SchedulerOptions = {
  /** Sum of the cursors of all dice in use: a draw more or less shows in the hash at the next event. */
  readonly diceCursor: () => number
  /** For traces. */
  readonly onEvent?: ((now: number, event: SimulatedEvent) => void) | undefined
}

type Entry = {
  readonly time: number
  readonly sequence: number
  readonly event: SimulatedEvent
}

/** Time stands still: somebody asks and is answered in a circle. Large networks do some thousands of things at once. */
const STEPS_AT_ONCE_MAX = 200_000

export function createScheduler(options: SchedulerOptions): Scheduler {
  const heap = createEventHeap<Entry>()
  const hash = createEventHash()
  let now = 0
  let sequence = 0
  let steps = 0
  /** Events of this millisecond. */
  let stepsNow = 0

  function perform(entry: Entry): void {
    stepsNow = entry.time === now ? stepsNow + 1 : 0
    now = entry.time
    steps++
    hash.absorb(now)
    const { event } = entry
    hash.absorb(event.node)
    hash.absorb(labelWord(event.kind))
    hash.absorb(event.payload)
    hash.absorb(options.diceCursor())
    options.onEvent?.(now, event)
    event.act()
  }

  function run(limits: RunLimits): RunEnd {
    for (;;) {
      if (limits.stopped()) return 'stopped'
      if (steps >= limits.stepsMax || stepsNow >= STEPS_AT_ONCE_MAX) return 'steps'
      const entry = heap.pop()
      if (entry === undefined) return 'no-events'
      if (entry.time > limits.untilMs) {
        heap.push(entry)
        now = limits.untilMs
        return 'time'
      }
      perform(entry)
    }
  }

  return {
    now: () => now,
    schedule: (at, event) => {
      assert(Number.isSafeInteger(at), 'simulated time is whole milliseconds')
      heap.push({ time: Math.max(at, now), sequence: sequence++, event })
    },
    run,
    steps: () => steps,
    hash: () => hash.digest(),
  }
}
