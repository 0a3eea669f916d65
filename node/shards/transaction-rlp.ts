/**
 * A strict reader of RLP, the encoding of Ethereum transactions. It reads what a schema asks for, one item after the other,
 * and refuses everything that has a second encoding: so re-encoding what was read gives the same bytes.
 *
 * Invariants: no recursion (depth is what the caller's schema has, never what the bytes claim), no copying, every length
 * is checked against the bytes left before it is used, integers have a width limit before they become numbers.
 * Throws `DecodeError` only; writing is done with `@ethereumjs/rlp`, which also serves the tests as an oracle.
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

export type RlpReader = {
  /** A string of at most `sizeMax` bytes, as a view of the input. */
  readonly bytes: (sizeMax: number) => Uint8Array
  /** A string of exactly `size` bytes. */
  readonly fixed: (size: number) => Uint8Array
  /** The bytes of an unsigned integer: no leading zeros, zero is empty, at most `sizeMax`. */
  readonly unsigned: (sizeMax: number) => Uint8Array
  /** An unsigned integer of at most 32 bytes. */
  readonly amount: () => bigint
  /** An unsigned integer up to 2^53 - 1. */
  readonly integer: () => number
  /** Enters a list; the reader it returns reads exactly that list's items. */
  readonly list: () => RlpReader
  readonly atEnd: () => boolean
  /** Throws unless everything was read. */
  readonly finish: () => void
}

type Span = { readonly isList: boolean; readonly start: number; readonly end: number }

/** The span of the item whose first byte stands at `position`; all of it lies before `end`. */
function readSpan(bytes: Uint8Array, position: number, end: number): Span {
  const first = bytes[position]
  if (first === undefined || position >= end) throw new DecodeError('the list ends too early')
  if (first < SHORT_STRING) return { isList: false, start: position, end: position + 1 }
  const isList = first >= SHORT_LIST
  const longBase = isList ? LONG_LIST : LONG_STRING
  const { start, size } =
    first <= longBase
      ? { start: position + 1, size: first - (isList ? SHORT_LIST : SHORT_STRING) }
      : readLongLength(bytes, position + 1, first - longBase, end)
  if (size > end - start) throw new DecodeError('an item is longer than the bytes left')
  if (!isList && size === 1 && (bytes[start] ?? 0) < SHORT_STRING) {
    throw new DecodeError('a single small byte carries a needless prefix')
  }
  return { isList, start, end: start + size }
}

function readLongLength(
  bytes: Uint8Array,
  position: number,
  width: number,
  end: number,
): { start: number; size: number } {
  if (width > LENGTH_BYTES_MAX || width > end - position) {
    throw new DecodeError('a length is longer than the bytes left')
  }
  if (bytes[position] === 0) throw new DecodeError('a length has leading zeros')
  let size = 0
  for (let index = 0; index < width; index++) size = size * 256 + (bytes[position + index] ?? 0)
  if (size <= SHORT_LENGTH_MAX) throw new DecodeError('a short length is written in the long form')
  return { start: position + width, size }
}

export function createRlpReader(bytes: Uint8Array, from = 0, to = bytes.length): RlpReader {
  let position = from

  function next(isList: boolean): Span {
    const span = readSpan(bytes, position, to)
    if (span.isList !== isList) {
      throw new DecodeError(isList ? 'a list was expected' : 'a string was expected')
    }
    position = span.end
    return span
  }

  const reader: RlpReader = {
    bytes: (sizeMax) => {
      const span = next(false)
      if (span.end - span.start > sizeMax) throw new DecodeError('a field exceeds its limit')
      return bytes.subarray(span.start, span.end)
    },
    fixed: (size) => {
      const value = reader.bytes(size)
      if (value.length !== size) throw new DecodeError('a field does not have its fixed size')
      return value
    },
    unsigned: (sizeMax) => {
      const digits = reader.bytes(sizeMax)
      if (digits[0] === 0) throw new DecodeError('an integer has leading zeros')
      return digits
    },
    amount: () => bytesToBigInt(reader.unsigned(32)),
    integer: () => {
      let value = 0
      for (const byte of reader.unsigned(7)) value = value * 256 + byte
      if (!Number.isSafeInteger(value)) throw new DecodeError('an integer is beyond 2^53')
      return value
    },
    list: () => {
      const span = next(true)
      return createRlpReader(bytes, span.start, span.end)
    },
    atEnd: () => position === to,
    finish: () => {
      if (position !== to) throw new DecodeError('bytes are left over')
    },
  }
  return reader
}
