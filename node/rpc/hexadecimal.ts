/**
 * Ethereum's two kinds of hexadecimal in JSON: quantities (0x prefix, no leading zeros) and data (two digits per byte).
 * Reading caps the length before anything becomes a number, since a long enough integer takes seconds to parse.
 */
import { fromHex, toHex } from '../primitives/bytes.ts'

/** 2^256 - 1 has this many digits. */
const AMOUNT_DIGITS_MAX = 64
/** A safe integer has at most 14; clients may pad to 16. */
const INTEGER_DIGITS_MAX = 16

export function formatQuantity(value: number | bigint): string {
  return `0x${value.toString(16)}`
}

export function formatData(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`
}

export function readAmount(value: unknown): bigint | undefined {
  if (typeof value !== 'string' || value.length > 2 + AMOUNT_DIGITS_MAX) return undefined
  return /^0x[0-9a-fA-F]+$/.test(value) ? BigInt(value) : undefined
}

/** A hexadecimal quantity, or a plain JSON number, up to 2^53 - 1. */
export function readInteger(value: unknown): number | undefined {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  }
  if (typeof value !== 'string' || value.length > 2 + INTEGER_DIGITS_MAX) return undefined
  if (!/^0x[0-9a-fA-F]+$/.test(value)) return undefined
  const integer = Number.parseInt(value.slice(2), 16)
  return Number.isSafeInteger(integer) ? integer : undefined
}

export function readData(value: unknown, sizeMax: number): Uint8Array | undefined {
  if (typeof value !== 'string' || value.length > 2 + 2 * sizeMax) return undefined
  return value.startsWith('0x') ? fromHex(value) : undefined
}

export function readFixed(value: unknown, size: number): Uint8Array | undefined {
  const bytes = readData(value, size)
  return bytes?.length === size ? bytes : undefined
}
