/**
 * Seeded dice. `createPrng` is the simulator's and the machines' generator: xoshiro128** over a SHA-256 of the seed, with
 * named sub-streams, so that adding a draw in one place does not change what another place sees. `drawPermutation` is the
 * protocol's own draw (committees, leader orders; docs/protocol/beacon.md B.3): SHA-256 only, the same on every platform.
 *
 * Invariants: integers only, no floats; every bounded draw rejects instead of taking a biased remainder.
 */
import { assert } from './assert.ts'
import { asciiBytes, bigIntToBytes, concatBytes } from './bytes.ts'
import { HASH_SIZE, hashTagged } from './hash.ts'
import type { Hash } from './identifiers.ts'

export type PrngSeed = string | number | Uint8Array

export type Prng = {
  /** The next 32 bits, 0..2^32-1. */
  readonly u32: () => number
  /** Uniform in 0..n-1; 1 <= n <= 2^32. */
  readonly below: (n: number) => number
  /** True with probability numerator / denominator, a ratio of integers. */
  readonly chance: (numerator: number, denominator: number) => boolean
  /** One of the items; there must be one. */
  readonly pick: <T>(items: readonly T[]) => T
  /** A new array in random order. */
  readonly shuffle: <T>(items: readonly T[]) => T[]
  readonly bytes: (size: number) => Uint8Array
  /**
   * The sub-stream of this name. It depends on the seed and the name only, never on draws made before; asking twice
   * gives two generators that both start from its beginning.
   */
  readonly stream: (name: string) => Prng
  /** Draws of 32 bits so far, for audits: two equal runs stand at equal cursors. */
  readonly cursor: () => number
}

const WORD_SPAN = 0x100000000

export function createPrng(seed: PrngSeed): Prng {
  return prngOfRoot(hashTagged('prng', seedBytes(seed)))
}

/**
 * A permutation of 0..count-1 by Fisher-Yates from the last position down, over the stream of big-endian 32-bit words
 * H("permutation", seed, u32 tag size, tag, u32 count, u32 block), block = 0, 1, ...; words beyond the greatest multiple
 * of the bound are skipped.
 */
export function drawPermutation(seed: Hash, tag: string, count: number): readonly number[] {
  assert(seed.length === HASH_SIZE, 'a draw is seeded by a hash')
  assert(Number.isSafeInteger(count) && count >= 0 && count < WORD_SPAN, 'the count fits a u32')
  const order = Array.from({ length: count }, (_, index) => index)
  const nextWord = hashWords(concatBytes(seed, sized(asciiBytes(tag)), u32Bytes(count)))
  shuffleInPlace(order, nextWord)
  return order
}

function prngOfRoot(root: Hash): Prng {
  const nextWord = xoshiro128(root)
  let drawn = 0
  const u32 = (): number => {
    drawn++
    return nextWord()
  }
  const below = (n: number): number => drawBelow(u32, n)
  return {
    u32,
    below,
    chance: (numerator, denominator) => {
      assert(numerator >= 0 && numerator <= denominator, 'a chance is a ratio of at most one')
      return below(denominator) < numerator
    },
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    shuffle: (items) => shuffleInPlace([...items], u32),
    bytes: (size) => Uint8Array.from({ length: size }, () => u32() >>> 24),
    stream: (name) => prngOfRoot(hashTagged('prng/stream', root, asciiBytes(name))),
    cursor: () => drawn,
  }
}

/** Strings, numbers and bytes of equal content are different seeds. */
function seedBytes(seed: PrngSeed): Uint8Array {
  if (typeof seed === 'string') return concatBytes(asciiBytes('s'), asciiBytes(seed))
  if (typeof seed !== 'number') return concatBytes(asciiBytes('b'), seed)
  assert(Number.isSafeInteger(seed) && seed >= 0, 'a numeric seed is an unsigned safe integer')
  return concatBytes(asciiBytes('n'), bigIntToBytes(BigInt(seed), 8))
}

/** xoshiro128** 1.1 (Blackman and Vigna), state from the first 16 bytes of `root`. */
function xoshiro128(root: Hash): () => number {
  const view = new DataView(root.buffer, root.byteOffset, root.byteLength)
  let [a, b, c, d] = [view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12)]
  // The all-zero state is a fixed point; SHA-256 does not give it, and if it did one bit breaks it.
  if ((a | b | c | d) === 0) a = 1
  return () => {
    const word = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotateLeft(d, 11)
    return word
  }
}

function rotateLeft(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count))
}

/** Big-endian words of H("permutation", prefix, u32 block). */
function hashWords(prefix: Uint8Array): () => number {
  let words: DataView = new DataView(new ArrayBuffer(0))
  let offset = 0
  let block = 0
  return () => {
    if (offset === words.byteLength) {
      const digest = hashTagged('permutation', prefix, u32Bytes(block++))
      words = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)
      offset = 0
    }
    const word = words.getUint32(offset)
    offset += 4
    return word
  }
}

function drawBelow(nextWord: () => number, n: number): number {
  assert(Number.isSafeInteger(n) && n >= 1 && n <= WORD_SPAN, 'a draw has 1 to 2^32 outcomes')
  const acceptedBelow = WORD_SPAN - (WORD_SPAN % n)
  // Rejects less than half of the words, so it ends after two draws on average at worst.
  for (;;) {
    const word = nextWord()
    if (word < acceptedBelow) return word % n
  }
}

function shuffleInPlace<T>(items: T[], nextWord: () => number): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const chosen = drawBelow(nextWord, last + 1)
    const moved = items[last] as T
    items[last] = items[chosen] as T
    items[chosen] = moved
  }
  return items
}

function u32Bytes(value: number): Uint8Array {
  return bigIntToBytes(BigInt(value), 4)
}

function sized(bytes: Uint8Array): Uint8Array {
  return concatBytes(u32Bytes(bytes.length), bytes)
}
