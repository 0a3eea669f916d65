/** Dice: determinism, independence of streams, uniformity, and a reference value for the generator. */
import { describe, expect, it } from 'vitest'
import { asciiBytes, concatBytes, toHex } from '../../../node/primitives/bytes.ts'
import { hashTagged, sha256 } from '../../../node/primitives/hash.ts'
import { createPrng, drawPermutation } from '../../../node/primitives/prng.ts'

const words = (prng: { u32: () => number }, count: number) =>
  Array.from({ length: count }, () => prng.u32())

/** An independent xoshiro128** in bigint arithmetic. */
function referenceWords(root: Uint8Array, count: number): number[] {
  const mask = 0xffffffffn
  const state = [0, 4, 8, 12].map((offset) =>
    BigInt(`0x${toHex(root.subarray(offset, offset + 4))}`),
  )
  const rotate = (word: bigint, by: bigint) => ((word << by) | (word >> (32n - by))) & mask
  return Array.from({ length: count }, () => {
    let [a = 0n, b = 0n, c = 0n, d = 0n] = state
    const word = (rotate((b * 5n) & mask, 7n) * 9n) & mask
    const shifted = (b << 9n) & mask
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11n)
    state.splice(0, 4, a, b, c, d)
    return Number(word)
  })
}

describe('primitives: prng', () => {
  it('primitives: prng: the words are those of an independent xoshiro128**', () => {
    const root = hashTagged('prng', concatBytes(asciiBytes('s'), asciiBytes('weft')))
    expect(words(createPrng('weft'), 100)).toEqual(referenceWords(root, 100))
  })

  it('primitives: prng: equal seeds give equal draws, and 1, "1" and the byte 1 are different seeds', () => {
    expect(words(createPrng(7), 20)).toEqual(words(createPrng(7), 20))
    const firsts = [createPrng(1), createPrng('1'), createPrng(Uint8Array.of(1))].map((prng) =>
      words(prng, 4).join(),
    )
    expect(new Set(firsts).size).toBe(3)
  })

  it('primitives: prng: a stream depends on its name and not on draws made before', () => {
    const early = createPrng(3)
    const late = createPrng(3)
    words(late, 1000)
    expect(words(early.stream('network'), 10)).toEqual(words(late.stream('network'), 10))
    expect(words(early.stream('network'), 10)).not.toEqual(words(early.stream('disk'), 10))
    expect(words(early.stream('a').stream('b'), 10)).not.toEqual(
      words(early.stream('b').stream('a'), 10),
    )
  })

  it('primitives: prng: the cursor counts draws, rejected ones too', () => {
    const prng = createPrng('cursor')
    words(prng, 5)
    expect(prng.cursor()).toBe(5)
    // A bound of 2^31 + 1 rejects nearly half of all words.
    for (let index = 0; index < 64; index++) prng.below(2 ** 31 + 1)
    expect(prng.cursor()).toBeGreaterThan(5 + 64)
  })

  it('primitives: prng: below is uniform within five standard deviations and never out of range', () => {
    const prng = createPrng('uniform')
    const counts = Array.from({ length: 7 }, () => 0)
    for (let index = 0; index < 70_000; index++) {
      const outcome = prng.below(7)
      counts[outcome] = (counts[outcome] ?? Number.NaN) + 1
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(5 * 93)
  })

  it('primitives: prng: a chance of 0 never happens and a chance of 1 always does', () => {
    const prng = createPrng('chance')
    for (let index = 0; index < 100; index++) {
      expect(prng.chance(0, 3)).toBe(false)
      expect(prng.chance(3, 3)).toBe(true)
    }
    expect(() => prng.chance(4, 3)).toThrow('ratio')
    expect(() => prng.below(0)).toThrow('outcomes')
    expect(() => prng.pick([])).toThrow('outcomes')
  })

  it('primitives: prng: a shuffle is a new array with the same items', () => {
    const items = Array.from({ length: 50 }, (_, index) => index)
    const shuffled = createPrng('shuffle').shuffle(items)
    expect(shuffled).not.toEqual(items)
    expect(shuffled.toSorted((left, right) => left - right)).toEqual(items)
  })
})

describe('primitives: permutation', () => {
  const seed = sha256(asciiBytes('seed'))

  it('primitives: permutation: it holds every index once and depends on seed, tag and count', () => {
    const order = drawPermutation(seed, 'leader/1', 128)
    expect(order.toSorted((left, right) => left - right)).toEqual(
      Array.from({ length: 128 }, (_, index) => index),
    )
    expect(drawPermutation(seed, 'leader/1', 128)).toEqual(order)
    expect(drawPermutation(seed, 'leader/2', 128)).not.toEqual(order)
    expect(drawPermutation(sha256(seed), 'leader/1', 128)).not.toEqual(order)
    expect(drawPermutation(seed, 'leader/1', 0)).toEqual([])
    expect(drawPermutation(seed, 'leader/1', 1)).toEqual([0])
  })

  it('primitives: permutation: all six orders of three come up equally often', () => {
    const counts = new Map<string, number>()
    for (let index = 0; index < 6000; index++) {
      const order = drawPermutation(sha256(Uint8Array.of(index >> 8, index & 255)), 'test', 3)
      counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * 29)
  })
})
