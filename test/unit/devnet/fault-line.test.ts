/** A line in virtual time: what comes late, twice or never, and in which order. */
import { describe, expect, test } from 'vitest'
import { PERFECT_LINK, type LinkQuality } from '../../../devnet/faults/fault.ts'
import { createLine, type Clock } from '../../../devnet/faults/line.ts'
import { createPrng } from '../../../node/primitives/prng.ts'

type Bench = {
  readonly pass: (name: string, size?: number) => void
  readonly change: ReturnType<typeof createLine>['change']
  readonly until: (ms: number) => void
  /** `name@ms`, and `-name@ms` for what is lost. */
  readonly seen: string[]
}

function benchOf(state: Partial<LinkQuality> | 'cut', seed = 1): Bench {
  let now = 0
  let timers: { readonly at: number; readonly act: () => void }[] = []
  const clock: Clock = {
    now: () => now,
    after: (waitMs, act) => {
      const timer = { at: now + waitMs, act }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
  }
  const line = createLine(clock, createPrng(seed))
  line.change(state === 'cut' ? state : { ...PERFECT_LINK, ...state })
  const seen: string[] = []
  return {
    seen,
    change: line.change,
    pass: (name, size = 1) =>
      line.pass({
        size,
        deliver: () => seen.push(`${name}@${now}`),
        lose: () => seen.push(`-${name}@${now}`),
      }),
    until: (ms) => {
      for (;;) {
        const next = timers.toSorted((left, right) => left.at - right.at)[0]
        if (next === undefined || next.at > ms) break
        timers = timers.filter((other) => other !== next)
        now = next.at
        next.act()
      }
      now = ms
    },
  }
}

const letters = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `m${index}`)

describe('devnet: fault line', () => {
  test('devnet: fault line: a perfect line delivers in the same turn, without a timer', () => {
    const bench = benchOf({})
    bench.pass('a')
    bench.pass('b')
    expect(bench.seen).toEqual(['a@0', 'b@0'])
  })

  test('devnet: fault line: a cut line loses all, and delivers again when it is healed', () => {
    const bench = benchOf('cut')
    bench.pass('a')
    bench.change(PERFECT_LINK)
    bench.pass('b')
    expect(bench.seen).toEqual(['-a@0', 'b@0'])
  })

  test('devnet: fault line: a delay keeps the order', () => {
    const bench = benchOf({ delayMs: 100 })
    bench.pass('a')
    bench.pass('b')
    bench.until(40)
    bench.pass('c')
    bench.until(1000)
    expect(bench.seen).toEqual(['a@100', 'b@100', 'c@140'])
  })

  test('devnet: fault line: jitter stays within its bound and lets messages overtake each other', () => {
    const bench = benchOf({ delayMs: 50, jitterMs: 20 })
    for (const name of letters(50)) bench.pass(name)
    bench.until(49)
    expect(bench.seen).toEqual([])
    bench.until(70)
    expect(bench.seen).toHaveLength(50)
    const arrived = bench.seen.map((entry) => entry.split('@')[0])
    expect(arrived).not.toEqual(letters(50))
    expect(new Set(arrived)).toEqual(new Set(letters(50)))
  })

  test('devnet: fault line: a share of the messages is lost, another comes twice', () => {
    const bench = benchOf({ lossPerMille: 200, duplicatePerMille: 100 })
    for (const name of letters(2000)) bench.pass(name)
    const lost = bench.seen.filter((entry) => entry.startsWith('-')).length
    const twice = bench.seen.length - 2000
    expect(lost).toBeGreaterThan(320)
    expect(lost).toBeLessThan(480)
    expect(twice).toBeGreaterThan(100)
    expect(twice).toBeLessThan(230)
  })

  test('devnet: fault line: total loss loses everything', () => {
    const bench = benchOf({ lossPerMille: 1000 })
    for (const name of letters(100)) bench.pass(name)
    expect(bench.seen.every((entry) => entry.startsWith('-'))).toBe(true)
  })

  test('devnet: fault line: a slow line takes the time that the bytes need, one message after the other', () => {
    const bench = benchOf({ bytesPerSecond: 1000, delayMs: 5 })
    bench.pass('a', 100)
    bench.pass('b', 50)
    bench.until(1000)
    bench.pass('c', 10)
    bench.until(2000)
    expect(bench.seen).toEqual(['a@105', 'b@155', 'c@1015'])
  })

  test('devnet: fault line: a slow line holds eight mebibytes and loses what comes on top', () => {
    const bench = benchOf({ bytesPerSecond: 1000 })
    for (const name of letters(9)) bench.pass(name, 1024 * 1024)
    expect(bench.seen).toEqual(['-m8@0'])
  })

  test('devnet: fault line: what waits arrives when the quality changes, and is lost when the line is cut', () => {
    const healed = benchOf({ delayMs: 5000 })
    healed.pass('a')
    healed.pass('b')
    healed.until(10)
    healed.change(PERFECT_LINK)
    healed.pass('c')
    healed.until(10_000)
    expect(healed.seen).toEqual(['a@10', 'b@10', 'c@10'])
    const cut = benchOf({ delayMs: 5000 })
    cut.pass('a')
    cut.change('cut')
    cut.until(10_000)
    expect(cut.seen).toEqual(['-a@0'])
  })

  test('devnet: fault line: an order that repeats the state changes nothing', () => {
    const bench = benchOf({ delayMs: 100 })
    bench.pass('a')
    bench.change({ ...PERFECT_LINK, delayMs: 100 })
    expect(bench.seen).toEqual([])
    bench.until(100)
    expect(bench.seen).toEqual(['a@100'])
  })

  test('devnet: fault line: equal dice give equal losses', () => {
    const run = (seed: number): readonly string[] => {
      const bench = benchOf({ lossPerMille: 500, jitterMs: 10 }, seed)
      for (const name of letters(50)) bench.pass(name)
      bench.until(100)
      return bench.seen
    }
    expect(run(7)).toEqual(run(7))
    expect(run(7)).not.toEqual(run(8))
  })
})
