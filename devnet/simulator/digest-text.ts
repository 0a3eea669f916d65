/**
 * Hashes as short texts and as words, remembered per object: the simulator passes messages by reference, so the same hash
 * object is looked at again and again.
 */
import { toHex } from '../../node/primitives/bytes.ts'

/** 64 bits tell the blocks of one run apart. */
const TEXT_BYTES = 8

const textOf = new WeakMap<Uint8Array, string>()

/** Equal exactly for equal hashes, 16 digits. */
export function digestText(hash: Uint8Array): string {
  const known = textOf.get(hash)
  if (known !== undefined) return known
  const text = toHex(hash.subarray(0, TEXT_BYTES))
  textOf.set(hash, text)
  return text
}

/** The first 32 bits. */
export function digestWord(hash: Uint8Array): number {
  return ((hash[0] ?? 0) << 24) | ((hash[1] ?? 0) << 16) | ((hash[2] ?? 0) << 8) | (hash[3] ?? 0)
}
