/** Bytes, codec and hashes: exact layouts, refusals and the assertions on our own values. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  asciiBytes,
  bigIntToBytes,
  bytesToBigInt,
  concatBytes,
  fromHex,
  toHex,
} from '../../../node/primitives/bytes.ts'
import { createReader, createWriter, decodeExactly } from '../../../node/primitives/codec.ts'
import { hashPair, hashTagged, keccak256, sha256 } from '../../../node/primitives/hash.ts'

describe('primitives: bytes', () => {
  it('primitives: bytes: hexadecimal that is odd or has another letter is refused', () => {
    for (const text of ['abc', '0xg0', '0x0', 'zz', ' 00', '0x0x00']) {
      expect(fromHex(text), text).toBeUndefined()
    }
    expect(fromHex('0x')).toEqual(new Uint8Array(0))
  })

  it('primitives: bytes: an integer that does not fit its width is a bug', () => {
    expect(bigIntToBytes(256n, 2)).toEqual(Uint8Array.of(1, 0))
    expect(() => bigIntToBytes(256n, 1)).toThrow('fits its fixed width')
    expect(() => bigIntToBytes(-1n, 4)).toThrow('only unsigned')
    expect(bytesToBigInt(new Uint8Array(0))).toBe(0n)
    expect(() => asciiBytes('ä')).toThrow('ASCII')
  })
})

describe('primitives: codec', () => {
  it('primitives: codec: fields are big-endian, of fixed width and without padding', () => {
    const writer = createWriter()
    writer
      .u8(1)
      .u16(2)
      .u32(3)
      .u64(2 ** 53 - 1)
      .flag(true)
      .fixed(Uint8Array.of(7, 8), 2)
    writer.variable(Uint8Array.of(9)).list([5, 6], (inner, item) => inner.u8(item))
    expect(toHex(writer.finish())).toBe(
      '01' +
        '0002' +
        '00000003' +
        '001fffffffffffff' +
        '01' +
        '0708' +
        '0000000109' +
        '000000020506',
    )
    expect(toHex(createWriter().u256(1n).finish())).toBe('01'.padStart(64, '0'))
  })

  it('primitives: codec: a writer that has finished takes nothing more, and shares no bytes with the next', () => {
    const first = createWriter().u32(1)
    const bytes = first.finish()
    expect(() => first.u8(1)).toThrow('after the end')
    expect(() => first.finish()).toThrow('finishes once')
    const outer = createWriter().u8(7)
    const inner = createWriter().fixed(new Uint8Array(600).fill(9), 600)
    expect(outer.variable(inner.finish()).finish()).toHaveLength(605)
    expect(createWriter().u16(3).finish()).toEqual(Uint8Array.of(0, 3))
    const lent = createWriter().u16(4)
    expect(lent.lend((view) => [...view])).toEqual([0, 4])
    expect(() => lent.finish()).toThrow('finishes once')
    expect(bytes).toEqual(Uint8Array.of(0, 0, 0, 1))
  })

  it('primitives: codec: a value beyond its width is a bug of the writer', () => {
    const writer = createWriter()
    for (const write of [
      () => writer.u8(256),
      () => writer.u8(-1),
      () => writer.u8(1.5),
      () => writer.u16(65536),
      () => writer.u32(2 ** 32),
      () => writer.u64(2 ** 53),
      () => writer.u64(Number.NaN),
      () => writer.u256(2n ** 256n),
      () => writer.u256(-1n),
      () => writer.fixed(new Uint8Array(31), 32),
    ]) {
      expect(write).toThrow()
    }
  })

  it('primitives: codec: a writer grows past every power of two', () => {
    const writer = createWriter()
    const expected: number[] = []
    for (let index = 0; index < 5000; index++) {
      writer.u8(index & 255)
      expected.push(index & 255)
    }
    expect(writer.finish()).toEqual(Uint8Array.from(expected))
  })

  it('primitives: codec: foreign bytes that lie about their lengths are refused', () => {
    const refused: readonly (readonly [
      string,
      (reader: ReturnType<typeof createReader>) => unknown,
    ])[] = [
      ['', (reader) => reader.u8()],
      ['00', (reader) => reader.u16()],
      ['0020000000000000', (reader) => reader.u64()],
      ['ffffffffffffffff', (reader) => reader.u64()],
      ['02', (reader) => reader.flag()],
      ['ffffffff00', (reader) => reader.variable(2 ** 32)],
      ['0000000200', (reader) => reader.variable(10)],
      ['000000020000', (reader) => reader.variable(1)],
      ['ffffffff00', (reader) => reader.list(2 ** 32, (inner) => inner.u8())],
      ['000000020000', (reader) => reader.list(1, (inner) => inner.u8())],
      ['0000', (reader) => reader.u8()],
    ]
    for (const [text, read] of refused) {
      const result = decodeExactly(fromHex(text) ?? new Uint8Array(0), read)
      expect(result, text).toMatchObject({ ok: false, reject: { code: 'malformed' } })
    }
  })

  it('primitives: codec: a decoded field is a copy, and an error that is ours is not swallowed', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    const result = decodeExactly(bytes, (reader) => reader.fixed(3))
    bytes[0] = 9
    expect(result).toEqual({ ok: true, value: Uint8Array.of(1, 2, 3) })
    expect(() =>
      decodeExactly(bytes, () => {
        throw new TypeError('ours')
      }),
    ).toThrow('ours')
  })

  it('primitives: codec: bytes inside a larger buffer are read at their offset', () => {
    const frame = Uint8Array.of(9, 9, 0, 0, 0, 5, 9)
    expect(createReader(frame.subarray(2, 6)).u32()).toBe(5)
  })
})

describe('primitives: hash', () => {
  it('primitives: hash: SHA-256 is that of the platform, keccak-256 that of Ethereum', () => {
    for (const size of [0, 1, 55, 56, 63, 64, 65, 1000]) {
      const bytes = new Uint8Array(size).fill(size)
      expect(toHex(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'))
    }
    expect(toHex(keccak256(new Uint8Array(0)))).toBe(
      'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
    )
    expect(toHex(keccak256(asciiBytes('transfer(address,uint256)'))).slice(0, 8)).toBe('a9059cbb')
  })

  it('primitives: hash: an inner node is SHA-256 of exactly two hashes', () => {
    const pair = new Uint8Array(64).fill(1)
    expect(hashPair(pair)).toEqual(sha256(pair))
    expect(() => hashPair(new Uint8Array(63))).toThrow('exactly two')
  })

  it('primitives: hash: a tag is part of the hash with its length', () => {
    expect(hashTagged('ab', asciiBytes('c'))).toEqual(
      sha256(concatBytes(Uint8Array.of(2), asciiBytes('abc'))),
    )
    expect(toHex(hashTagged('ab', asciiBytes('c')))).not.toBe(
      toHex(hashTagged('a', asciiBytes('bc'))),
    )
    expect(() => hashTagged('')).toThrow('short and not empty')
  })
})
