/**
 * The canonical codec: fixed-width, big-endian, hand-written, for everything that is hashed, signed or stored.
 *
 * Invariants: decode(encode(x)) equals x; encode(decode(bytes)) equals bytes or the bytes are refused; every variable
 * length is declared, bounded by the reader's caller and checked against the bytes left; decoding consumes exactly all bytes.
 */
import { assert } from './assert.ts'
import { bytesToBigInt, writeU256 } from './bytes.ts'
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
  /** Ends as well, without a copy: the bytes are only good during the call. For what is hashed and not kept. */
  readonly lend: <T>(use: (bytes: Uint8Array) => T) => T
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

const INITIAL_CAPACITY = 512
/** Spare buffers kept: writers are nested a few deep at most. Larger ones than this are not kept. */
const SPARES_MAX = 8
const SPARE_BYTES_MAX = 65_536

/** What is being written: the first `size` of the bytes. */
type Sheet = { bytes: Uint8Array; view: DataView; size: number }

/** What writers have given back. Most of what is written is small and short-lived, so its buffer costs more than it. */
const spares: Sheet[] = []
/** Of a writer that has finished: whoever writes on fails. */
const SPENT = sheetOf(0)

function sheetOf(capacity: number): Sheet {
  const bytes = new Uint8Array(capacity)
  return { bytes, view: new DataView(bytes.buffer), size: 0 }
}

/** Makes room and tells where it begins. It may replace bytes and view, so it comes first. */
function reserve(sheet: Sheet, count: number): number {
  const offset = sheet.size
  const size = offset + count
  if (size > sheet.bytes.length) {
    assert(sheet !== SPENT, 'nothing is written after the end')
    const grown = new Uint8Array(Math.max(size, sheet.bytes.length * 2))
    grown.set(sheet.bytes.subarray(0, offset))
    sheet.bytes = grown
    sheet.view = new DataView(grown.buffer)
  }
  sheet.size = size
  return offset
}

function append(sheet: Sheet, value: Uint8Array): void {
  const offset = reserve(sheet, value.length)
  sheet.bytes.set(value, offset)
}

/** What `use` makes of the bytes written; then the sheet is given back. */
function takeOff<T>(sheet: Sheet, use: (bytes: Uint8Array, size: number) => T): T {
  assert(sheet !== SPENT, 'a writer finishes once')
  const made = use(sheet.bytes, sheet.size)
  sheet.size = 0
  if (spares.length < SPARES_MAX && sheet.bytes.length <= SPARE_BYTES_MAX) spares.push(sheet)
  return made
}

function copyOf(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.slice(0, size)
}

export function createWriter(): Writer {
  let sheet = spares.pop() ?? sheetOf(INITIAL_CAPACITY)
  const writer: Writer = {
    u8: (value) => {
      const offset = reserve(sheet, 1)
      sheet.view.setUint8(offset, unsigned(value, 0xff))
      return writer
    },
    u16: (value) => {
      const offset = reserve(sheet, 2)
      sheet.view.setUint16(offset, unsigned(value, 0xffff))
      return writer
    },
    u32: (value) => {
      const offset = reserve(sheet, 4)
      sheet.view.setUint32(offset, unsigned(value, 0xffffffff))
      return writer
    },
    u64: (value) => {
      const offset = reserve(sheet, 8)
      unsigned(value, Number.MAX_SAFE_INTEGER)
      sheet.view.setUint32(offset, Math.floor(value / 0x100000000))
      sheet.view.setUint32(offset + 4, value % 0x100000000)
      return writer
    },
    u256: (value) => {
      const offset = reserve(sheet, 32)
      writeU256(sheet.view, offset, value)
      return writer
    },
    flag: (value) => writer.u8(value ? 1 : 0),
    fixed: (value, expected) => {
      assert(value.length === expected, 'a fixed field has its fixed size')
      append(sheet, value)
      return writer
    },
    variable: (value) => {
      writer.u32(value.length)
      append(sheet, value)
      return writer
    },
    list: (items, write) => {
      writer.u32(items.length)
      for (const item of items) write(writer, item)
      return writer
    },
    finish: () => {
      const written = takeOff(sheet, copyOf)
      sheet = SPENT
      return written
    },
    lend: (use) => {
      const made = takeOff(sheet, (bytes, size) => use(bytes.subarray(0, size)))
      sheet = SPENT
      return made
    },
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
