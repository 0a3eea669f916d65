/** A kill in a whole network, over epochs: that the connections of the dead close is heard by everybody (R17). */
import { describe, expect, test } from 'vitest'
import { runAwayBout } from './planted/away-bout.ts'

describe('away', () => {
  test('away: R17: no chain waits for a timeout when a validator is killed', () => {
    const run = runAwayBout({ seed: 1, shards: 2, validators: 8, kills: 1, isDeaf: false })
    expect(run.verdict).toBeUndefined()
    expect(run.nullified).toBeGreaterThan(0)
    // The beacon makes a block a second, and a leader's timeout is a second too: deaf, it is 2.6 seconds here.
    expect(Math.max(...run.gapsMs)).toBeLessThan(1_400)
  })
})
