/**
 * The strict wire profile of MessagePack (docs/security.md, "Envelopes"): what one node may say to another outside of the
 * canonical codec. MessagePack as such has nine encodings of the number 1, maps with colliding keys, code-generating
 * records and cyclic extensions; the profile has none of it.
 *
 * Tokens: nil, false, true, unsigned integers up to 2^53 - 1, byte strings, arrays. Every header is the shortest one, depth
 * and number of items are bounded, a declared length is checked against the bytes left before anything is allocated, and
 * all bytes are consumed.
 *
 * Invariants: one value has one encoding (encode(decode(bytes)) equals bytes); decoding is iterative; decoded byte strings
 * are copies, so that a small field never keeps a large frame alive. Never hash or sign these bytes.
 */
import { Packr } from 'msgpackr'
import { assert, present } from './assert.ts'
import { DecodeError } from './codec.ts'
import { accepted, rejected, type Result } from './result.ts'

export type StrictValue = null | boolean | number | Uint8Array | readonly StrictValue[]

/** Arrays inside arrays. Envelopes need three; eight leaves room and stays far from any stack. */
export const MESSAGE_PACK_DEPTH_MAX = 8

type Cursor = {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Our encoder's output, read once to hold it to the profile: byte strings are skipped, see SIGNED_64. */
  readonly own: boolean
  position: number
}
type OpenArray = { readonly items: StrictValue[]; missing: number }
type Limits = { readonly itemsMax: number }

/** What one header byte announced: a whole value, or an array whose items follow. */
type Token =
  | { readonly kind: 'value'; readonly value: StrictValue }
  | { readonly kind: 'array'; readonly count: number }

const NIL: Token = { kind: 'value', value: null }
const FALSE: Token = { kind: 'value', value: false }
const TRUE: Token = { kind: 'value', value: true }

const EMPTY = new Uint8Array(0)

/**
 * msgpackr writes a bigint below 2^63 as a signed integer. The eight bytes are those of the unsigned form, so in our own
 * output the header alone is rewritten; from anybody else it is refused.
 */
const SIGNED_64 = 0xd3
const UNSIGNED_64 = 0xcf

const packr = new Packr({ useRecords: false, moreTypes: false, variableMapSize: true })

/** Decodes all of `bytes`; `itemsMax` bounds the number of values, arrays included. Never throws on foreign bytes. */
export function decodeStrict(bytes: Uint8Array, limits: Limits): Result<StrictValue, 'malformed'> {
  try {
    return accepted(readAll(bytes, limits, false))
  } catch (error) {
    if (error instanceof DecodeError) return rejected('malformed', error.message)
    throw error
  }
}

/** Encodes with msgpackr and asserts that the result is in the profile: a value outside of it is our bug. */
export function encodeStrict(value: StrictValue): Uint8Array {
  const bytes = new Uint8Array(packr.pack(packable(value)))
  readAll(bytes, { itemsMax: bytes.length }, true)
  return bytes
}

/** msgpackr writes integers beyond 32 bits as floats unless they are bigints. */
function packable(value: StrictValue): unknown {
  if (typeof value === 'number') {
    assert(Number.isSafeInteger(value) && value >= 0, 'only unsigned safe integers are encoded')
    return value > 0xffffffff ? BigInt(value) : value
  }
  return Array.isArray(value) ? value.map(packable) : value
}

/** The scanner: one token after the other, arrays waiting for their items on an explicit stack. */
function readAll(bytes: Uint8Array, limits: Limits, own: boolean): StrictValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const cursor: Cursor = { bytes, view, own, position: 0 }
  const open: OpenArray[] = []
  // Every value is announced by its parent before it is read, so this sum never passes the limit.
  let announced = 1
  refuse(limits.itemsMax < announced, 'no item is allowed')
  for (;;) {
    const token = readToken(cursor)
    let finished: StrictValue
    if (token.kind === 'array') {
      announced += token.count
      refuse(announced > limits.itemsMax, `more than ${limits.itemsMax} items`)
      refuse(token.count > bytes.length - cursor.position, 'an array is longer than the bytes')
      refuse(open.length >= MESSAGE_PACK_DEPTH_MAX, `deeper than ${MESSAGE_PACK_DEPTH_MAX}`)
      const items: StrictValue[] = []
      if (token.count > 0) {
        open.push({ items, missing: token.count })
        continue
      }
      finished = items
    } else {
      finished = token.value
    }
    const whole = closeArrays(open, finished)
    if (whole === undefined) continue
    refuse(cursor.position !== bytes.length, 'bytes are left over')
    return whole
  }
}

/** Hands a finished value to its array, and the arrays it completes to theirs; the outermost value when it is whole. */
function closeArrays(open: OpenArray[], value: StrictValue): StrictValue | undefined {
  let finished = value
  while (open.length > 0) {
    const parent = present(open[open.length - 1], 'an open array is on the stack')
    parent.items.push(finished)
    parent.missing--
    if (parent.missing > 0) return undefined
    finished = parent.items
    open.pop()
  }
  return finished
}

function readToken(cursor: Cursor): Token {
  const header = readUnsigned(cursor, 1)
  if (header < 0x80) return { kind: 'value', value: header }
  if (header >= 0x90 && header <= 0x9f) return { kind: 'array', count: header - 0x90 }
  switch (header) {
    case 0xc0:
      return NIL
    case 0xc2:
      return FALSE
    case 0xc3:
      return TRUE
    case 0xc4:
      return readBytes(cursor, readUnsigned(cursor, 1))
    case 0xc5:
      return readBytes(cursor, readAtLeast(cursor, 2, 0x100))
    case 0xc6:
      return readBytes(cursor, readAtLeast(cursor, 4, 0x10000))
    case 0xcc:
      return { kind: 'value', value: readAtLeast(cursor, 1, 0x80) }
    case 0xcd:
      return { kind: 'value', value: readAtLeast(cursor, 2, 0x100) }
    case 0xce:
      return { kind: 'value', value: readAtLeast(cursor, 4, 0x10000) }
    case SIGNED_64:
      refuse(!cursor.own, 'a signed integer')
      cursor.bytes[cursor.position - 1] = UNSIGNED_64
      return { kind: 'value', value: readAtLeast(cursor, 8, 0x100000000) }
    case UNSIGNED_64:
      return { kind: 'value', value: readAtLeast(cursor, 8, 0x100000000) }
    case 0xdc:
      return { kind: 'array', count: readAtLeast(cursor, 2, 0x10) }
    case 0xdd:
      return { kind: 'array', count: readAtLeast(cursor, 4, 0x10000) }
    default:
      throw new DecodeError(`the token 0x${header.toString(16)} is not in the profile`)
  }
}

function readBytes(cursor: Cursor, size: number): Token {
  const start = cursor.position
  refuse(size > cursor.bytes.length - start, 'a byte string is longer than the bytes')
  cursor.position = start + size
  return { kind: 'value', value: cursor.own ? EMPTY : cursor.bytes.slice(start, cursor.position) }
}

/** A number or length that needs this many bytes; one that a shorter header could hold is refused. */
function readAtLeast(cursor: Cursor, size: 1 | 2 | 4 | 8, least: number): number {
  const value = readUnsigned(cursor, size)
  refuse(value < least, 'a header is not the shortest one')
  return value
}

function readUnsigned(cursor: Cursor, size: 1 | 2 | 4 | 8): number {
  const { view, bytes, position } = cursor
  refuse(size > bytes.length - position, 'the bytes end too early')
  cursor.position = position + size
  if (size === 1) return view.getUint8(position)
  if (size === 2) return view.getUint16(position)
  if (size === 4) return view.getUint32(position)
  const value = view.getUint32(position) * 0x100000000 + view.getUint32(position + 4)
  refuse(!Number.isSafeInteger(value), 'an integer is beyond 2^53')
  return value
}

function refuse(condition: boolean, detail: string): void {
  if (condition) throw new DecodeError(detail)
}
