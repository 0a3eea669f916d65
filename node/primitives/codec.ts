/**
 * The canonical codec: fixed-width, big-endian, hand-written, for everything that is hashed, signed or stored.
 *
 * Invariants: decode(encode(x)) equals x; encode(decode(bytes)) equals bytes or the bytes are refused; every variable
 * length is declared, bounded by the reader's caller and checked against the bytes left; decoding consumes exactly all bytes.
 */
import { assert } from './assert.ts'
import { bigIntToBytes, bytesToBigInt } from './bytes.ts'
import { accepted, rejected, type Result } from './result.ts'

/** The one error decoders throw. Public decode functions catch it and return a reject. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
}

export type Writer = {
  readonly u8: (value: number) => Writer
  readonly u16: (value: number) => Writer
  readonly u32: (value: number) => Writer
  /** A safe integer in 8 bytes: heights, views, epochs, milliseconds. */
  readonly u64: (value: number) => Writer
  /** An amount of wei in 32 bytes. */
  readonly u256: (value: bigint) => Writer
  readonly flag: (value: boolean) => Writer
  /** Bytes of a length both sides know; asserted. */
  readonly fixed: (value: Uint8Array, size: number) => Writer
  /** Bytes behind a u32 length. */
  readonly variable: (value: Uint8Array) => Writer
  /** A list behind a u32 count. */
  readonly list: <T>(items: readonly T[], write: (writer: Writer, item: T) => unknown) => Writer
  readonly finish: () => Uint8Array
}

export type Reader = {
  readonly u8: () => number
  readonly u16: () => number
  readonly u32: () => number
  readonly u64: () => number
  readonly u256: () => bigint
  readonly flag: () => boolean
  readonly fixed: (size: number) => Uint8Array
  readonly variable: (sizeMax: number) => Uint8Array
  readonly list: <T>(countMax: number, read: (reader: Reader) => T) => readonly T[]
  readonly remaining: () => number
}

const INITIAL_CAPACITY = 256

export function createWriter(): Writer {
  let buffer = new Uint8Array(INITIAL_CAPACITY)
  let view = new DataView(buffer.buffer)
  let size = 0

  function reserve(count: number): number {
    const offset = size
    size += count
    if (size > buffer.length) {
      const grown = new Uint8Array(Math.max(size, buffer.length * 2))
      grown.set(buffer.subarray(0, offset))
      buffer = grown
      view = new DataView(buffer.buffer)
    }
    return offset
  }

  function append(value: Uint8Array): void {
    const offset = reserve(value.length)
    buffer.set(value, offset)
  }

  const writer: Writer = {
    u8: (value) => {
      // Reserving may replace the view, so it comes first.
      const offset = reserve(1)
      view.setUint8(offset, unsigned(value, 0xff))
      return writer
    },
    u16: (value) => {
      const offset = reserve(2)
      view.setUint16(offset, unsigned(value, 0xffff))
      return writer
    },
    u32: (value) => {
      const offset = reserve(4)
      view.setUint32(offset, unsigned(value, 0xffffffff))
      return writer
    },
    u64: (value) => {
      const offset = reserve(8)
      unsigned(value, Number.MAX_SAFE_INTEGER)
      view.setUint32(offset, Math.floor(value / 0x100000000))
      view.setUint32(offset + 4, value % 0x100000000)
      return writer
    },
    u256: (value) => (append(bigIntToBytes(value, 32)), writer),
    flag: (value) => writer.u8(value ? 1 : 0),
    fixed: (value, expected) => {
      assert(value.length === expected, 'a fixed field has its fixed size')
      append(value)
      return writer
    },
    variable: (value) => {
      writer.u32(value.length)
      append(value)
      return writer
    },
    list: (items, write) => {
      writer.u32(items.length)
      for (const item of items) write(writer, item)
      return writer
    },
    finish: () => buffer.slice(0, size),
  }
  return writer
}

function unsigned(value: number, limit: number): number {
  assert(Number.isSafeInteger(value) && value >= 0 && value <= limit, 'the integer fits its width')
  return value
}

export function createReader(bytes: Uint8Array): Reader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let position = 0

  function take(count: number): number {
    if (count > bytes.length - position) throw new DecodeError('the bytes end too early')
    const offset = position
    position += count
    return offset
  }

  const reader: Reader = {
    u8: () => view.getUint8(take(1)),
    u16: () => view.getUint16(take(2)),
    u32: () => view.getUint32(take(4)),
    u64: () => {
      const offset = take(8)
      const value = view.getUint32(offset) * 0x100000000 + view.getUint32(offset + 4)
      if (!Number.isSafeInteger(value)) throw new DecodeError('an integer is beyond 2^53')
      return value
    },
    u256: () => {
      const offset = take(32)
      return bytesToBigInt(bytes.subarray(offset, offset + 32))
    },
    flag: () => {
      const value = reader.u8()
      if (value > 1) throw new DecodeError('a flag is neither 0 nor 1')
      return value === 1
    },
    fixed: (size) => {
      const offset = take(size)
      return bytes.slice(offset, offset + size)
    },
    variable: (sizeMax) => {
      const size = reader.u32()
      if (size > sizeMax)
        throw new DecodeError(`a field of ${size} bytes exceeds its limit of ${sizeMax}`)
      return reader.fixed(size)
    },
    list: (countMax, read) => {
      const count = reader.u32()
      if (count > countMax)
        throw new DecodeError(`a list of ${count} exceeds its limit of ${countMax}`)
      const items = []
      for (let index = 0; index < count; index++) items.push(read(reader))
      return items
    },
    remaining: () => bytes.length - position,
  }
  return reader
}

/** Runs `read` over all of `bytes`; anything malformed or left over becomes a reject `malformed`. */
export function decodeExactly<T>(
  bytes: Uint8Array,
  read: (reader: Reader) => T,
): Result<T, 'malformed'> {
  try {
    const reader = createReader(bytes)
    const value = read(reader)
    if (reader.remaining() !== 0) throw new DecodeError('bytes are left over')
    return accepted(value)
  } catch (error) {
    if (error instanceof DecodeError) return rejected('malformed', error.message)
    throw error
  }
}
