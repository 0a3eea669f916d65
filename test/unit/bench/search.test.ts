import { describe, expect, test } from 'vitest'
import {
  decide,
  isHopeless,
  isSustained,
  type SearchStart,
  type Step,
} from '../../../bench/run/search.ts'

function step(offeredTps: number, settledTps = offeredTps, backlogGrowthTps = 0): Step {
  return { offeredTps, settledTps, backlogGrowthTps }
}

/** A network that settles whatever is offered up to its capacity. */
function searchWith(
  capacity: number,
  startTps: number,
  known: SearchStart['known'] = 'nothing',
): { rate: number; steps: readonly Step[] } {
  const steps: Step[] = []
  for (;;) {
    const decision = decide({ rateTps: startTps, known }, steps)
    if (decision.kind === 'done') return { rate: decision.rateTps, steps }
    const offered = decision.rateTps
    steps.push(step(offered, Math.min(offered, capacity), Math.max(0, offered - capacity)))
  }
}

describe('bench: search', () => {
  test.each([
    [100, 10],
    [100, 400],
    [733, 100],
    [12, 5],
    [3, 80],
  ])('bench: search: a capacity of %i is found from %i within a sixteenth', (capacity, start) => {
    const { rate, steps } = searchWith(capacity, start)
    expect(rate).toBeLessThanOrEqual(capacity * 1.06)
    expect(rate).toBeGreaterThanOrEqual(capacity / 1.2)
    expect(steps.length).toBeLessThanOrEqual(16)
  })

  test.each([
    [100, 100],
    [100, 108],
    [100, 93],
    [100, 60],
    [100, 170],
  ])('bench: search: near a capacity of %i, from %i, few steps find it', (capacity, start) => {
    const { rate, steps } = searchWith(capacity, start, 'similar')
    expect(rate).toBeLessThanOrEqual(capacity * 1.06)
    expect(rate).toBeGreaterThanOrEqual(capacity / 1.1)
    expect(steps.length).toBeLessThanOrEqual(9)
  })

  test('bench: search: what the same point has sustained is tried once from above and then kept', () => {
    const { rate, steps } = searchWith(95, 100, 'same')
    expect(rate).toBe(100)
    expect(steps.map(({ offeredTps }) => offeredTps)).toEqual([106.25])
  })

  test('bench: search: what the same point has sustained by misfortune is left behind', () => {
    const { rate } = searchWith(150, 100, 'same')
    expect(rate).toBeLessThanOrEqual(150 * 1.06)
    expect(rate).toBeGreaterThanOrEqual(150 / 1.1)
  })

  test('bench: search: a rate that is missed narrowly is tried once more, one that is far off is not', () => {
    const start: SearchStart = { rateTps: 100, known: 'nothing' }
    const missed = step(150, 140)
    expect(decide(start, [step(100), missed])).toEqual({ kind: 'try', rateTps: 150 })
    expect(decide(start, [step(100), missed, step(150)])).toEqual({ kind: 'try', rateTps: 225 })
    expect(decide(start, [step(100), missed, missed])).toEqual({ kind: 'try', rateTps: 125 })
    expect(decide(start, [step(100), step(150, 130)])).toEqual({ kind: 'try', rateTps: 125 })
  })

  test('bench: search: a window is given up when its backlog cannot be gone at its end', () => {
    expect(isHopeless(step(100, 80, 20), 0.25)).toBe(false)
    expect(isHopeless(step(100, 80, 20), 0.75)).toBe(true)
    expect(isHopeless(step(100, 95, 5), 1)).toBe(false)
  })

  test('bench: search: a network that settles nothing ends at zero', () => {
    expect(searchWith(0, 50).rate).toBe(0)
  })

  test('bench: search: a network without limit ends after a bounded number of steps', () => {
    const { steps } = searchWith(Number.POSITIVE_INFINITY, 10)
    expect(steps).toHaveLength(16)
  })

  test('bench: search: 94 % settled is not sustained, nor is a growing backlog', () => {
    expect(isSustained(step(100, 95))).toBe(true)
    expect(isSustained(step(100, 94))).toBe(false)
    expect(isSustained(step(100, 100, 6))).toBe(false)
  })

  test('bench: search: a failure below a rate that held does not lower the answer', () => {
    const decision = decide({ rateTps: 10, known: 'nothing' }, [
      step(100),
      step(90, 10),
      step(106, 50),
    ])
    expect(decision).toEqual({ kind: 'done', rateTps: 100 })
  })
})
