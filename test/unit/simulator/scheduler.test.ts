/** The clock and the order of simulated events. */
import { describe, expect, test } from 'vitest'
import { createEventHeap } from '../../../devnet/simulator/event-heap.ts'
import { createScheduler, type Scheduler } from '../../../devnet/simulator/scheduler.ts'
import { createPrng } from '../../../node/primitives/prng.ts'

const FOREVER = { untilMs: 1_000_000, stepsMax: 1_000_000, stopped: (): boolean => false }

function schedulerWithoutDice(): Scheduler {
  return createScheduler({ diceCursor: () => 0 })
}

function note(scheduler: Scheduler, at: number, log: string[], label: string): void {
  scheduler.schedule(at, {
    node: 0,
    kind: 'note',
    payload: 0,
    act: () => log.push(`${scheduler.now()} ${label}`),
  })
}

describe('simulator: event heap', () => {
  test('simulator: event heap: entries come out by time, then by sequence', () => {
    const dice = createPrng('heap')
    const heap = createEventHeap<{ time: number; sequence: number }>()
    const entries = Array.from({ length: 1000 }, (_, sequence) => ({
      time: dice.below(50),
      sequence,
    }))
    for (const entry of entries) heap.push(entry)
    const popped = entries.map(() => heap.pop())
    const sorted = entries.toSorted(
      (left, right) => left.time - right.time || left.sequence - right.sequence,
    )
    expect(popped).toEqual(sorted)
    expect(heap.size()).toBe(0)
    expect(heap.pop()).toBeUndefined()
  })

  test('simulator: event heap: order holds when pushes and pops alternate', () => {
    const dice = createPrng('mixed')
    const heap = createEventHeap<{ time: number; sequence: number }>()
    let now = 0
    for (let sequence = 0; sequence < 2000; sequence++) {
      heap.push({ time: now + dice.below(20), sequence })
      if (!dice.chance(1, 2)) continue
      const popped = heap.pop()
      expect(popped?.time).toBeGreaterThanOrEqual(now)
      now = popped?.time ?? now
    }
  })
})

describe('simulator: scheduler', () => {
  test('simulator: scheduler: events of one time happen in the order of scheduling', () => {
    const scheduler = schedulerWithoutDice()
    const log: string[] = []
    note(scheduler, 5, log, 'b')
    note(scheduler, 3, log, 'a')
    note(scheduler, 5, log, 'c')
    expect(scheduler.run(FOREVER)).toBe('no-events')
    expect(log).toEqual(['3 a', '5 b', '5 c'])
  })

  test('simulator: scheduler: a time in the past means now', () => {
    const scheduler = schedulerWithoutDice()
    const log: string[] = []
    scheduler.schedule(10, {
      node: 0,
      kind: 'late',
      payload: 0,
      act: () => note(scheduler, 2, log, 'asked for 2'),
    })
    scheduler.run(FOREVER)
    expect(log).toEqual(['10 asked for 2'])
  })

  test('simulator: scheduler: a run ends at its time, its steps, or when it is told to', () => {
    const scheduler = schedulerWithoutDice()
    const log: string[] = []
    for (let at = 0; at < 10; at++) note(scheduler, at, log, '')
    expect(scheduler.run({ ...FOREVER, stopped: () => log.length === 2 })).toBe('stopped')
    expect(scheduler.run({ ...FOREVER, stepsMax: 4 })).toBe('steps')
    expect(scheduler.run({ ...FOREVER, untilMs: 6 })).toBe('time')
    expect(log.length).toBe(7)
    expect(scheduler.now()).toBe(6)
    expect(scheduler.run(FOREVER)).toBe('no-events')
    expect(log.length).toBe(10)
  })

  test('simulator: scheduler: a fraction of a millisecond is refused', () => {
    const scheduler = schedulerWithoutDice()
    expect(() => note(scheduler, 0.5, [], '')).toThrow('whole milliseconds')
  })
})

describe('simulator: event hash', () => {
  type Change = { node?: number; kind?: string; payload?: number; at?: number; dice?: number }

  function hashOf(change: Change): string {
    const scheduler = createScheduler({ diceCursor: () => change.dice ?? 7 })
    const event = { node: change.node ?? 1, kind: change.kind ?? 'x', payload: change.payload ?? 9 }
    scheduler.schedule(change.at ?? 4, { ...event, act: () => undefined })
    scheduler.run(FOREVER)
    return scheduler.hash()
  }

  test('simulator: event hash: equal runs have equal hashes', () => {
    expect(hashOf({})).toBe(hashOf({}))
    expect(hashOf({})).toMatch(/^[0-9a-f]{16}$/)
  })

  test('simulator: event hash: time, node, kind, payload and dice cursor each change it', () => {
    const changes: Change[] = [
      {},
      { at: 5 },
      { node: 2 },
      { kind: 'y' },
      { payload: 10 },
      { dice: 8 },
    ]
    const hashes = new Set(changes.map((change) => hashOf(change)))
    expect(hashes.size).toBe(changes.length)
  })
})
