/** The strict wire profile: the one encoding of each value, and everything that is refused. */
import { Unpackr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { concatBytes, toHex, fromHex } from '../../../node/primitives/bytes.ts'
import { present } from '../../../node/primitives/assert.ts'
import {
  decodeStrict,
  encodeStrict,
  MESSAGE_PACK_DEPTH_MAX,
  type StrictValue,
} from '../../../node/primitives/message-pack.ts'

const hex = (text: string) => present(fromHex(text), 'the vector is hexadecimal')
const decode = (text: string, itemsMax = 100) => decodeStrict(hex(text), { itemsMax })
const nested = (depth: number): StrictValue => (depth === 0 ? 0 : [nested(depth - 1)])

const VECTORS: readonly (readonly [string, StrictValue])[] = [
  ['c0', null],
  ['c2', false],
  ['c3', true],
  ['00', 0],
  ['7f', 127],
  ['cc80', 128],
  ['ccff', 255],
  ['cd0100', 256],
  ['cdffff', 65535],
  ['ce00010000', 65536],
  ['ceffffffff', 0xffffffff],
  ['cf0000000100000000', 0x100000000],
  ['cf001fffffffffffff', Number.MAX_SAFE_INTEGER],
  ['c400', new Uint8Array(0)],
  ['c402abcd', Uint8Array.of(0xab, 0xcd)],
  ['90', []],
  ['9301c09190', [1, null, [[]]]],
]

const REFUSED: readonly (readonly [string, string])[] = [
  ['', 'no bytes'],
  ['c1', 'the unused token'],
  ['80', 'a map'],
  ['81a16101', 'a map with a key'],
  ['a161', 'a string'],
  ['ff', 'a negative integer'],
  ['d001', 'a signed integer'],
  ['d10001', 'a signed integer'],
  ['d30000000100000000', 'a signed integer'],
  ['ca3f800000', 'a float'],
  ['cb3ff0000000000000', 'a double'],
  ['d4724092a161a1620102', 'a record definition of msgpackr'],
  ['c70069', 'an extension'],
  ['cc01', 'an 8-bit header for a fixed integer'],
  ['cc7f', 'an 8-bit header for a fixed integer'],
  ['cd00ff', 'a 16-bit header for an 8-bit integer'],
  ['ce0000ffff', 'a 32-bit header for a 16-bit integer'],
  ['cf00000000ffffffff', 'a 64-bit header for a 32-bit integer'],
  ['cf0020000000000000', 'two to the 53rd'],
  ['cfffffffffffffffff', 'two to the 64th less one'],
  ['c50001ab', 'a 16-bit length for a short byte string'],
  ['c600000001ab', 'a 32-bit length for a short byte string'],
  ['c403abcd', 'a byte string longer than the bytes'],
  ['c6ffffffff', 'four gigabytes announced'],
  ['c5', 'a cut header'],
  ['dc000101', 'a 16-bit count for a short array'],
  ['dd0000000101', 'a 32-bit count for a short array'],
  ['ddffffffff', 'four billion items announced'],
  ['dd01ffffff', 'the allocation attack on msgpackr 1'],
  ['9201', 'a missing item'],
  ['91', 'a missing item'],
  ['0000', 'a second value'],
  ['9000', 'a byte left over'],
]

describe('primitives: message-pack', () => {
  it.each(VECTORS)(
    'primitives: message-pack: %s has one value and the value this encoding',
    (text, value) => {
      expect(decode(text)).toEqual({ ok: true, value })
      expect(toHex(encodeStrict(value))).toBe(text)
    },
  )

  it.each(REFUSED)('primitives: message-pack: %s is refused: %s', (text) => {
    const result = decode(text, 2 ** 40)
    expect(result.ok).toBe(false)
  })

  it('primitives: message-pack: headers change exactly at their boundaries', () => {
    for (const size of [0, 1, 255, 256, 65535, 65536, 100_000]) {
      const value = new Uint8Array(size).fill(7)
      const bytes = encodeStrict(value)
      expect(bytes.length - size).toBe(size < 256 ? 2 : size < 65536 ? 3 : 5)
      expect(decodeStrict(bytes, { itemsMax: 1 })).toEqual({ ok: true, value })
    }
    for (const count of [0, 15, 16, 65535, 65536]) {
      const value = Array.from({ length: count }, () => null)
      const bytes = encodeStrict(value)
      expect(bytes.length - count).toBe(count < 16 ? 1 : count < 65536 ? 3 : 5)
      expect(decodeStrict(bytes, { itemsMax: count + 1 })).toEqual({ ok: true, value })
    }
  })

  it('primitives: message-pack: a depth of eight is read and of nine refused', () => {
    const deep = encodeStrict(nested(MESSAGE_PACK_DEPTH_MAX))
    expect(decodeStrict(deep, { itemsMax: 100 }).ok).toBe(true)
    const deeper = concatBytes(Uint8Array.of(0x91), deep)
    expect(decodeStrict(deeper, { itemsMax: 100 }).ok).toBe(false)
    expect(() => encodeStrict(nested(MESSAGE_PACK_DEPTH_MAX + 1))).toThrow('deeper')
    // Two million levels neither overflow a stack nor take long.
    expect(decodeStrict(new Uint8Array(2_000_000).fill(0x91), { itemsMax: 2 ** 40 }).ok).toBe(false)
  })

  it('primitives: message-pack: the item limit counts arrays and their items', () => {
    expect(decode('9301c09190', 5).ok).toBe(true)
    expect(decode('9301c09190', 4).ok).toBe(false)
    expect(decode('c0', 0).ok).toBe(false)
  })

  it('primitives: message-pack: a decoded byte string is a copy', () => {
    const bytes = hex('c402abcd')
    const result = decodeStrict(bytes, { itemsMax: 1 })
    bytes[2] = 0
    expect(result).toEqual({ ok: true, value: Uint8Array.of(0xab, 0xcd) })
    expect(encodeStrict(Uint8Array.of(1)).buffer.byteLength).toBe(3)
  })

  it('primitives: message-pack: bytes inside a larger buffer are read at their offset', () => {
    const frame = hex('ffff9201cc80ffff')
    expect(decodeStrict(frame.subarray(2, 6), { itemsMax: 3 })).toEqual({
      ok: true,
      value: [1, 128],
    })
  })

  it('primitives: message-pack: values outside of the profile are a bug of the caller', () => {
    for (const value of [-1, 1.5, Number.NaN, 2 ** 53, [3, [-2]]] as StrictValue[]) {
      expect(() => encodeStrict(value)).toThrow('unsigned safe integers')
    }
    expect(() => encodeStrict('text' as unknown as StrictValue)).toThrow('not in the profile')
    expect(() => encodeStrict({} as unknown as StrictValue)).toThrow('not in the profile')
  })

  it('primitives: message-pack: msgpackr reads what the scanner accepts as the same value', () => {
    const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number', copyBuffers: true })
    for (const [text, value] of VECTORS) {
      const read: unknown = unpackr.unpack(Buffer.from(text, 'hex'))
      expect(JSON.stringify(read)).toBe(
        JSON.stringify(value instanceof Uint8Array ? Buffer.from(value) : value),
      )
    }
  })
})
