/** Shards whose newcomers come late, with and without leaders that wait for them (docs/protocol/beacon.md B.14). */
import { describe, expect, test } from 'vitest'
import { runLateBout } from './planted/late-bout.ts'

/** Two seconds behind the end of the epoch; two of five seats change. */
const LATE = { seed: 1, lateMs: 14_000, epochs: 3 } as const

describe('readiness', () => {
  test('readiness: B.14: no shard stands still for newcomers that come a little late, where leaders wait for them', () => {
    const asked = runLateBout({ ...LATE, isAsked: true })
    expect(asked).toMatchObject({ verdict: undefined, stillMs: 0, forced: 0 })
    const unasked = runLateBout({ ...LATE, isAsked: false })
    expect(unasked.verdict).toBeUndefined()
    expect(unasked.stillMs).toBeGreaterThan(2_000)
  })

  test('readiness: B.14: a shard seals all the same when nobody comes', () => {
    const figures = runLateBout({ seed: 1, lateMs: 30_000, epochs: 2, isAsked: true })
    expect(figures.verdict).toBeUndefined()
  })
})
