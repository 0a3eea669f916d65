/** What holds for all bytes and all values: codec, trees, envelopes and dice. FC_NUM_RUNS sets the budget. */
import * as fc from 'fast-check'
import { Unpackr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import {
  bigIntToBytes,
  bytesToBigInt,
  compareBytes,
  equalBytes,
  fromHex,
  toHex,
} from '../../node/primitives/bytes.ts'
import {
  createReader,
  createWriter,
  decodeExactly,
  type Reader,
  type Writer,
} from '../../node/primitives/codec.ts'
import { sha256, ZERO_HASH } from '../../node/primitives/hash.ts'
import { merkleBranch, merkleRoot, verifyMerkleBranch } from '../../node/primitives/merkle.ts'
import { decodeStrict, encodeStrict, type StrictValue } from '../../node/primitives/message-pack.ts'
import { createPrng, drawPermutation } from '../../node/primitives/prng.ts'

const numRuns = Number(process.env['FC_NUM_RUNS'] ?? 200)
const check = <T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => void) =>
  fc.assert(fc.property(arbitrary, holds), { numRuns })

const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
const plain = (value: Uint8Array) => new Uint8Array(value)

/** One field of the codec: how it is written, read and compared. */
type Field = {
  readonly write: (writer: Writer) => unknown
  readonly read: (reader: Reader) => unknown
  readonly value: unknown
}

const safe = fc.maxSafeNat()
const field: fc.Arbitrary<Field> = fc.oneof(
  fc
    .integer({ min: 0, max: 0xff })
    .map((value) => ({ value, write: (w: Writer) => w.u8(value), read: (r: Reader) => r.u8() })),
  fc
    .integer({ min: 0, max: 0xffff })
    .map((value) => ({ value, write: (w: Writer) => w.u16(value), read: (r: Reader) => r.u16() })),
  fc
    .integer({ min: 0, max: 0xffffffff })
    .map((value) => ({ value, write: (w: Writer) => w.u32(value), read: (r: Reader) => r.u32() })),
  safe.map((value) => ({
    value,
    write: (w: Writer) => w.u64(value),
    read: (r: Reader) => r.u64(),
  })),
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map((value) => ({
    value,
    write: (w: Writer) => w.u256(value),
    read: (r: Reader) => r.u256(),
  })),
  fc.boolean().map((value) => ({
    value,
    write: (w: Writer) => w.flag(value),
    read: (r: Reader) => r.flag(),
  })),
  bytes(600).map((found) => {
    const value = plain(found)
    return { value, write: (w: Writer) => w.variable(value), read: (r: Reader) => r.variable(600) }
  }),
  bytes(300).map((found) => {
    const value = plain(found)
    return {
      value,
      write: (w: Writer) => w.fixed(value, value.length),
      read: (r: Reader) => r.fixed(value.length),
    }
  }),
  fc.array(safe, { maxLength: 50 }).map((value) => ({
    value,
    write: (w: Writer) => w.list(value, (inner, item) => inner.u64(item)),
    read: (r: Reader) => r.list(50, (inner) => inner.u64()),
  })),
)

describe('primitives: properties: bytes', () => {
  it('primitives: properties: hexadecimal and integers survive the way there and back', () => {
    check(bytes(100), (value) => {
      expect(fromHex(toHex(value))).toEqual(plain(value))
      expect(fromHex(`0x${toHex(value).toUpperCase()}`)).toEqual(plain(value))
      expect(bigIntToBytes(bytesToBigInt(value), value.length)).toEqual(plain(value))
    })
  })

  it('primitives: properties: byte order is a total order and the order of hexadecimal', () => {
    check(fc.tuple(bytes(8), bytes(8)), ([left, right]) => {
      const [a, b] = [toHex(left), toHex(right)]
      expect(Math.sign(compareBytes(left, right))).toBe(a < b ? -1 : a > b ? 1 : 0)
      expect(equalBytes(left, right)).toBe(a === b)
    })
  })
})

describe('primitives: properties: codec', () => {
  it('primitives: properties: any sequence of fields is read back as it was written', () => {
    check(fc.array(field, { maxLength: 20 }), (fields) => {
      const writer = createWriter()
      for (const { write } of fields) write(writer)
      const encoded = writer.finish()
      const decoded = decodeExactly(encoded, (reader) => fields.map(({ read }) => read(reader)))
      expect(decoded).toEqual({ ok: true, value: fields.map(({ value }) => value) })
      if (encoded.length === 0) return
      const cut = decodeExactly(encoded.subarray(1), (reader) =>
        fields.map(({ read }) => read(reader)),
      )
      const longer = decodeExactly(Uint8Array.from([...encoded, 0]), (reader) =>
        fields.map(({ read }) => read(reader)),
      )
      expect([cut.ok, longer.ok]).toEqual([false, false])
    })
  })

  it('primitives: properties: what is read from foreign bytes is written back as the same bytes', () => {
    check(
      fc.tuple(bytes(200), fc.array(field, { minLength: 1, maxLength: 6 })),
      ([foreign, fields]) => {
        const reader = createReader(foreign)
        const result = decodeExactly(
          foreign,
          (inner) => [inner.u8(), inner.flag(), inner.variable(100), inner.u64()] as const,
        )
        if (result.ok) {
          const [a, b, c, d] = result.value
          expect(createWriter().u8(a).flag(b).variable(c).u64(d).finish()).toEqual(plain(foreign))
        }
        // Any reader over any bytes ends in a value or a DecodeError, nothing else.
        for (const { read } of fields) {
          try {
            read(reader)
          } catch (error) {
            expect((error as Error).name).toBe('DecodeError')
          }
        }
      },
    )
  })
})

describe('primitives: properties: merkle', () => {
  const leaves = fc
    .array(bytes(4), { minLength: 1, maxLength: 40 })
    .map((values) => values.map((value) => sha256(value)))

  it('primitives: properties: every leaf of every list has a branch', () => {
    check(fc.tuple(leaves, fc.nat()), ([list, drawn]) => {
      const index = drawn % list.length
      const proof = {
        root: merkleRoot(list),
        leafCount: list.length,
        index,
        leaf: list[index] ?? ZERO_HASH,
        branch: merkleBranch(list, index),
      }
      expect(verifyMerkleBranch(proof)).toBe(true)
    })
  })

  it('primitives: properties: no change of a proof leaves it good', () => {
    const change = fc.record({ part: fc.nat(3), at: fc.nat(), bit: fc.nat(255) })
    check(fc.tuple(leaves, fc.nat(), change), ([list, drawn, { part, at, bit }]) => {
      const index = drawn % list.length
      const flip = (hash: Uint8Array) =>
        hash.map((byte, place) => (place === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
      const leaf = list[index] ?? ZERO_HASH
      const branch = merkleBranch(list, index)
      const proof = { root: merkleRoot(list), leafCount: list.length, index, leaf, branch }
      const forged = [
        { ...proof, leaf: flip(leaf) },
        { ...proof, root: flip(proof.root) },
        { ...proof, leafCount: proof.leafCount + 1 + (at % 1000) },
        {
          ...proof,
          branch: branch.map((hash, place) => (place === at % branch.length ? flip(hash) : hash)),
        },
      ][branch.length === 0 ? part % 3 : part]
      expect(verifyMerkleBranch(forged ?? proof)).toBe(false)
    })
  })

  it('primitives: properties: different lists have different roots', () => {
    check(fc.tuple(leaves, leaves), ([left, right]) => {
      const same = left.map(toHex).join() === right.map(toHex).join()
      expect(equalBytes(merkleRoot(left), merkleRoot(right))).toBe(same)
    })
  })
})

describe('primitives: properties: message-pack', () => {
  const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number', copyBuffers: true })
  const value: fc.Arbitrary<StrictValue> = fc.letrec<{ value: StrictValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      fc.constant(null),
      fc.boolean(),
      safe,
      fc.integer({ min: 0, max: 300 }),
      bytes(300).map(plain),
      fc.array(tie('value'), { maxLength: 20 }),
    ),
  })).value
  const itemsMax = 100_000

  /** Buffers of msgpackr as the plain arrays that the port speaks of. */
  const normal = (read: unknown): unknown => {
    if (read instanceof Uint8Array) return plain(read)
    return Array.isArray(read) ? read.map(normal) : read
  }

  it('primitives: properties: every value survives, and msgpackr reads the same', () => {
    check(value, (sent) => {
      const encoded = encodeStrict(sent)
      expect(decodeStrict(encoded, { itemsMax })).toEqual({ ok: true, value: sent })
      expect(normal(unpackr.unpack(encoded))).toEqual(sent)
    })
  })

  it('primitives: properties: bytes that are accepted are the one encoding of their value', () => {
    const damaged = fc
      .tuple(value, fc.nat(), fc.nat(255), fc.nat(2))
      .map(([sent, at, byte, how]) => {
        const encoded = [...encodeStrict(sent)]
        encoded.splice(at % encoded.length, how === 0 ? 0 : 1, ...(how === 1 ? [] : [byte]))
        return Uint8Array.from(encoded)
      })
    check(fc.oneof(bytes(40), damaged), (foreign) => {
      const result = decodeStrict(foreign, { itemsMax })
      if (!result.ok) return
      expect(encodeStrict(result.value)).toEqual(plain(foreign))
      expect(normal(unpackr.unpack(foreign))).toEqual(result.value)
    })
  })
})

describe('primitives: properties: dice', () => {
  it('primitives: properties: draws stay below their bound and permutations hold every index', () => {
    check(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 2 ** 32 })), ([seed, bound]) => {
      const prng = createPrng(seed)
      for (let index = 0; index < 10; index++) {
        const drawn = prng.below(bound)
        expect(Number.isSafeInteger(drawn) && drawn >= 0 && drawn < bound).toBe(true)
      }
    })
    check(fc.tuple(bytes(8), fc.nat(200)), ([seed, count]) => {
      const order = drawPermutation(sha256(seed), 'property', count)
      expect(new Set(order).size).toBe(count)
      expect(order.every((index) => index >= 0 && index < count)).toBe(true)
    })
  })
})
