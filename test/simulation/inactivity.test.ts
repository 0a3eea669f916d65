/** A whole network that asks its validators for signs of life (docs/protocol/beacon.md B.13). */
import { describe, expect, test } from 'vitest'
import { runSilentBout } from './planted/silent-bout.ts'

describe('inactivity', () => {
  test('inactivity: B.13: a node that is gone for good leaves, one that was away stays, and everything settles', () => {
    expect(runSilentBout(1).verdict).toBeUndefined()
  })
})
