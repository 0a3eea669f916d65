import { describe, expect, test } from 'vitest'
import { bigIntToBytes } from '../../../node/primitives/bytes.ts'
import { createAdmissions } from '../../../node/runtime/admissions.ts'

const ADMISSIONS_MAX = 16_384

function hashOf(index: number): Uint8Array {
  return bigIntToBytes(BigInt(index), 32)
}

describe('runtime: admissions', () => {
  test('runtime: admissions: the first time counts, and the oldest are forgotten one by one', () => {
    let now = 0
    const admissions = createAdmissions(() => now)
    for (let index = 0; index < ADMISSIONS_MAX; index++) {
      now = index
      admissions.note(1, hashOf(index))
    }
    now = 99_999
    admissions.note(1, hashOf(3))
    expect(admissions.of(1, hashOf(3))).toBe(3)
    admissions.note(1, hashOf(ADMISSIONS_MAX))
    expect(admissions.of(1, hashOf(0))).toBeUndefined()
    expect(admissions.of(1, hashOf(1))).toBe(1)
    expect(admissions.of(2, hashOf(1))).toBeUndefined()
  })
})
