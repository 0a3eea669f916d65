/**
 * Bytes: the few operations on `Uint8Array` that everything else is made of. Pure, total, allocation-conscious.
 */
import { assert } from './assert.ts'

const HEX_DIGITS = '0123456789abcdef'
const HEX_OF_BYTE: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => HEX_DIGITS.charAt(byte >> 4) + HEX_DIGITS.charAt(byte & 15),
)

/** Newer engines have it built in, three times as fast; the language level of this project does not name it yet. */
type HexBytes = Uint8Array & { readonly toHex?: () => string }

/** Lower-case hexadecimal digits without prefix; the form used for map keys. */
export function toHex(bytes: HexBytes): string {
  if (bytes.toHex !== undefined) return bytes.toHex()
  let digits = ''
  for (let index = 0; index < bytes.length; index++) digits += HEX_OF_BYTE[bytes[index] ?? 0] ?? ''
  return digits
}

const builtIn = Uint8Array as { readonly fromHex?: (digits: string) => Uint8Array }

/** Reads hexadecimal digits with or without `0x`; undefined when they are not hexadecimal or odd in number. */
export function fromHex(text: string): Uint8Array | undefined {
  const digits = text.startsWith('0x') ? text.slice(2) : text
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return undefined
  if (builtIn.fromHex !== undefined) return builtIn.fromHex(digits)
  const bytes = new Uint8Array(digits.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16)
  }
  return bytes
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) {
    if (left[index] !== right[index]) return false
  }
  return true
}

/** Lexicographic order of bytes, the one explicit order used before hashing or iterating over a set. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length)
  for (let index = 0; index < shared; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0
  for (const part of parts) size += part.length
  const joined = new Uint8Array(size)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** ASCII text to bytes; used for domain tags and labels, never for foreign text. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    assert(code < 128, 'domain tags and labels are ASCII')
    bytes[index] = code
  }
  return bytes
}

/** Bytes of a piece of a large integer: as many as a number holds exactly. */
const PIECE_SIZE = 6
const PIECE_BITS = 48n

/** Big-endian bytes of an unsigned integer in exactly `size` bytes. */
export function bigIntToBytes(value: bigint, size: number): Uint8Array {
  assert(value >= 0n, 'only unsigned integers are encoded')
  const bytes = new Uint8Array(size)
  let rest = value
  let index = size - 1
  while (rest > 0n && index >= 0) {
    let piece = Number(BigInt.asUintN(48, rest))
    const stop = Math.max(-1, index - PIECE_SIZE)
    // A piece that does not fit shows in what is left of it.
    for (; index > stop; index--) {
      bytes[index] = piece % 256
      piece = Math.floor(piece / 256)
    }
    assert(piece === 0, 'the integer fits its fixed width')
    rest >>= PIECE_BITS
  }
  assert(rest === 0n, 'the integer fits its fixed width')
  return bytes
}

const WORD_MASK = (1n << 64n) - 1n

/** Writes an unsigned 256-bit integer, big-endian. Four words, each masked: setBigUint64 would cut silently. */
export function writeU256(view: DataView, offset: number, value: bigint): void {
  assert(value >= 0n && value >> 256n === 0n, 'the amount is an unsigned 256-bit integer')
  let rest = value
  for (let word = 3; word >= 0; word--) {
    view.setBigUint64(offset + 8 * word, rest & WORD_MASK)
    rest >>= 64n
  }
}

/** The big-endian unsigned integer in the bytes from `from` to `to`. */
export function bytesToBigInt(bytes: Uint8Array, from = 0, to = bytes.length): bigint {
  let value = 0n
  for (let start = from; start < to; start += PIECE_SIZE) {
    const end = Math.min(to, start + PIECE_SIZE)
    let piece = 0
    for (let index = start; index < end; index++) piece = piece * 256 + (bytes[index] ?? 0)
    value = start === from ? BigInt(piece) : (value << BigInt(8 * (end - start))) | BigInt(piece)
  }
  return value
}
