import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeExactly } from '../../../node/primitives/codec.ts'
import { EMPTY_ACCOUNT, encodeAccount } from '../../../node/shards/account.ts'
import { packZeros, unpackZeros } from '../../../node/shards/zero-runs.ts'

const value = fc
  .array(fc.constantFrom(0, 0, 1, 255), { maxLength: 700 })
  .map((bytes) => Uint8Array.from(bytes))

function unpack(packed: readonly number[] | Uint8Array, size: number) {
  return decodeExactly(Uint8Array.from(packed), (reader) => unpackZeros(reader, size))
}

describe('shards: zero runs', () => {
  test('shards: zero runs: what was packed is unpacked, and is at most half as long again', () => {
    fc.assert(
      fc.property(value, (bytes) => {
        const packed = packZeros(bytes)
        expect(unpack(packed, bytes.length)).toEqual({ ok: true, value: bytes })
        expect(packed.length).toBeLessThanOrEqual(Math.ceil(1.5 * bytes.length))
      }),
    )
  })

  test('shards: zero runs: an account with a round balance takes ten bytes instead of forty-one', () => {
    const bytes = encodeAccount({ ...EMPTY_ACCOUNT, balance: 10n ** 18n })
    expect([bytes.length, packZeros(bytes).length]).toEqual([41, 10])
  })

  test.each<[string, readonly number[], number]>([
    ['a run of no zeros', [7, 0, 0], 1],
    ['a run beyond the value', [0, 3], 2],
    ['a run in two parts', [0, 1, 0, 1], 2],
    ['a value that ends too early', [7], 2],
    ['bytes left over', [7, 8], 1],
  ])('shards: zero runs: %s is refused', (_, packed, size) => {
    expect(unpack(packed, size).ok).toBe(false)
  })
})
