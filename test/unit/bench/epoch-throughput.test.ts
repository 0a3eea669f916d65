import { describe, expect, test } from 'vitest'
import { readSeconds, throughputOf } from '../../../bench/epochs/epoch-throughput.ts'

/** Twenty a second, but for those in which the epoch changes: `during` then. */
function run(during: number) {
  let settled = 0
  return Array.from({ length: 60 }, (_, t) => {
    const isChange = t > 29 && t <= 35
    settled += isChange ? during : 20
    return JSON.stringify({ event: 'tick', t, settled, settledAt: t, epoch: t < 30 ? 1 : 2 })
  })
}

describe('bench: epochs', () => {
  test('bench: epochs: a change that costs nothing is as fast as the rest', () => {
    const { changes, steadyTps } = throughputOf(readSeconds(run(20)))
    expect(steadyTps).toBeCloseTo(20)
    expect(changes).toEqual([{ epoch: 2, t: 30, tps: 20 }])
  })

  test('bench: epochs: what is lost in a change is no part of the steady rate', () => {
    const { changes, steadyTps } = throughputOf(readSeconds(['{"event":"ready"}', '', ...run(5)]))
    expect(steadyTps).toBeCloseTo(20)
    expect(changes[0]?.tps).toBe(5)
  })

  test('bench: epochs: a burst that falls just outside of the window changes no rate', () => {
    const ticks = readSeconds(run(20)).map((second) => {
      // In the last second of the window nothing was settled yet: its burst comes a moment later.
      return second.t === 35 ? { ...second, settled: second.settled - 20, settledAt: 34 } : second
    })
    expect(throughputOf(ticks).changes[0]?.tps).toBe(20)
  })
})
