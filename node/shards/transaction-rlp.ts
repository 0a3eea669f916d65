/**
 * A strict reader of RLP, the encoding of Ethereum transactions. It reads what a schema asks for, one item after the other,
 * and refuses everything that has a second encoding: so re-encoding what was read gives the same bytes.
 *
 * Invariants: no recursion (depth is what the caller's schema has, never what the bytes claim), no copying, every length
 * is checked against the bytes left before it is used, integers have a width limit before they become numbers.
 * Throws `DecodeError` only; writing is done with `@ethereumjs/rlp`, which also serves the tests as an oracle.
 *
 * Plain functions over a plain cursor: every transaction passes here on every node, and an object of closures per list cost
 * more than the reading.
 */
import { bytesToBigInt } from '../primitives/bytes.ts'
import { DecodeError } from '../primitives/codec.ts'

const SHORT_STRING = 0x80
const LONG_STRING = 0xb7
const SHORT_LIST = 0xc0
const LONG_LIST = 0xf7
/** Up to here a length stands in the first byte itself. */
const SHORT_LENGTH_MAX = 55
/** Bytes of a length field: 4 GiB is far beyond any transaction, and 2^32 is still a safe integer. */
const LENGTH_BYTES_MAX = 4

/** Where reading stands within the items from `position` to `end`. */
export type RlpCursor = {
  readonly bytes: Uint8Array
  position: number
  readonly end: number
}

export function rlpCursor(bytes: Uint8Array, from = 0, to = bytes.length): RlpCursor {
  return { bytes, position: from, end: to }
}

/** Passes the next item and answers where its content starts; it ends where the cursor now stands. */
function nextItem(cursor: RlpCursor, isList: boolean): number {
  const { bytes, position, end } = cursor
  const first = bytes[position]
  if (first === undefined || position >= end) throw new DecodeError('the list ends too early')
  if (first >= SHORT_LIST !== isList) {
    throw new DecodeError(isList ? 'a list was expected' : 'a string was expected')
  }
  if (first < SHORT_STRING) {
    cursor.position = position + 1
    return position
  }
  const isLong = first > (isList ? LONG_LIST : LONG_STRING)
  const width = isLong ? first - (isList ? LONG_LIST : LONG_STRING) : 0
  const start = position + 1 + width
  const size = isLong ? longLength(cursor, width) : first - (isList ? SHORT_LIST : SHORT_STRING)
  if (size > end - start) throw new DecodeError('an item is longer than the bytes left')
  if (!isList && size === 1 && (bytes[start] ?? 0) < SHORT_STRING) {
    throw new DecodeError('a single small byte carries a needless prefix')
  }
  cursor.position = start + size
  return start
}

/** The length written in the `width` bytes behind the first byte. */
function longLength({ bytes, position, end }: RlpCursor, width: number): number {
  const start = position + 1
  if (width > LENGTH_BYTES_MAX || width > end - start) {
    throw new DecodeError('a length is longer than the bytes left')
  }
  if (bytes[start] === 0) throw new DecodeError('a length has leading zeros')
  let size = 0
  for (let index = 0; index < width; index++) size = size * 256 + (bytes[start + index] ?? 0)
  if (size <= SHORT_LENGTH_MAX) throw new DecodeError('a short length is written in the long form')
  return size
}

const EMPTY = new Uint8Array(0)

/** A string of at most `sizeMax` bytes, as a view of the input. */
export function readRlpBytes(cursor: RlpCursor, sizeMax: number): Uint8Array {
  const start = nextItem(cursor, false)
  const size = cursor.position - start
  if (size > sizeMax) throw new DecodeError('a field exceeds its limit')
  return size === 0 ? EMPTY : cursor.bytes.subarray(start, cursor.position)
}

/** A string of exactly `size` bytes. */
export function readRlpFixed(cursor: RlpCursor, size: number): Uint8Array {
  const value = readRlpBytes(cursor, size)
  if (value.length !== size) throw new DecodeError('a field does not have its fixed size')
  return value
}

/** Passes an unsigned integer of at most `sizeMax` bytes, without leading zeros, and answers where its bytes start. */
function nextUnsigned(cursor: RlpCursor, sizeMax: number): number {
  const start = nextItem(cursor, false)
  const size = cursor.position - start
  if (size > sizeMax) throw new DecodeError('a field exceeds its limit')
  if (size > 0 && cursor.bytes[start] === 0) throw new DecodeError('an integer has leading zeros')
  return start
}

/** Writes an unsigned integer, big-endian, into the `size` bytes of `target` from `offset` on, which are zero. */
export function readRlpInto(
  cursor: RlpCursor,
  target: Uint8Array,
  { offset, size }: { readonly offset: number; readonly size: number },
): void {
  const start = nextUnsigned(cursor, size)
  const { bytes, position } = cursor
  const first = offset + size - (position - start)
  for (let index = start; index < position; index++) {
    target[first + index - start] = bytes[index] ?? 0
  }
}

/** An unsigned integer of at most 32 bytes. */
export function readRlpAmount(cursor: RlpCursor): bigint {
  const start = nextUnsigned(cursor, 32)
  return bytesToBigInt(cursor.bytes, start, cursor.position)
}

/** An unsigned integer up to 2^53 - 1. */
export function readRlpInteger(cursor: RlpCursor): number {
  const start = nextUnsigned(cursor, 7)
  const { bytes, position } = cursor
  let value = 0
  for (let index = start; index < position; index++) value = value * 256 + (bytes[index] ?? 0)
  if (!Number.isSafeInteger(value)) throw new DecodeError('an integer is beyond 2^53')
  return value
}

/** Enters a list; the cursor it returns reads exactly that list's items. */
export function readRlpList(cursor: RlpCursor): RlpCursor {
  const start = nextItem(cursor, true)
  return { bytes: cursor.bytes, position: start, end: cursor.position }
}

/** Passes an item, whatever it is. */
export function skipRlpItem(cursor: RlpCursor): void {
  nextItem(cursor, (cursor.bytes[cursor.position] ?? 0) >= SHORT_LIST)
}

export function isRlpAtEnd({ position, end }: RlpCursor): boolean {
  return position === end
}

/** Throws unless everything was read. */
export function finishRlp(cursor: RlpCursor): void {
  if (!isRlpAtEnd(cursor)) throw new DecodeError('bytes are left over')
}

/** The bytes before a list's content of `size` bytes. */
export function rlpListHeader(size: number): Uint8Array {
  if (size <= SHORT_LENGTH_MAX) return Uint8Array.of(SHORT_LIST + size)
  if (size < 0x100) return Uint8Array.of(LONG_LIST + 1, size)
  if (size < 0x1_0000) return Uint8Array.of(LONG_LIST + 2, size >> 8, size & 0xff)
  return Uint8Array.of(LONG_LIST + 3, size >> 16, (size >> 8) & 0xff, size & 0xff)
}
