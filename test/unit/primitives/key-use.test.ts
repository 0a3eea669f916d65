/** Two keys of one validator: which is for what, and that nobody takes one for the other (A.3). */
import { describe, expect, it } from 'vitest'
import { present } from '../../../node/primitives/assert.ts'
import { asciiBytes, concatBytes } from '../../../node/primitives/bytes.ts'
import { sha256 } from '../../../node/primitives/hash.ts'
import {
  committeeKeyFromSeed,
  provePossession,
  schemeByName,
  verifyPossession,
} from '../../../node/primitives/io/schemes.ts'
import {
  KEY_PAIR_SIZE,
  keyFor,
  keyUseOf,
  LIST_SEATS_MAX,
  votingKeys,
} from '../../../node/primitives/key-use.ts'

const scheme = schemeByName('by-size')
const message = sha256(asciiBytes('message'))
const keys = [0, 1, 2].map((seed) =>
  committeeKeyFromSeed('by-size', sha256(asciiBytes(`key ${seed}`))),
)
const [first, second] = [present(keys[0], 'first'), present(keys[1], 'second')]

describe('primitives: key use', () => {
  it('primitives: key use: A.3: sixteen seats vote with lists, seventeen with aggregates', () => {
    expect(LIST_SEATS_MAX).toBe(16)
    expect([1, 4, 16, 17, 128].map(keyUseOf)).toEqual([
      'list',
      'list',
      'list',
      'aggregate',
      'aggregate',
    ])
  })

  it('primitives: key use: A.3: a committee votes with the key of its size', () => {
    const registered = (count: number) => Array.from({ length: count }, () => first.publicKey)
    expect(first.publicKey).toHaveLength(KEY_PAIR_SIZE)
    expect(votingKeys(registered(16))[15]).toEqual(first.publicKey.slice(0, 32))
    expect(votingKeys(registered(17))[16]).toEqual(first.publicKey.slice(32))
  })

  it('primitives: key use: a validator with one key has it for all', () => {
    for (const size of [32, 48]) {
      const key = new Uint8Array(size).fill(7)
      expect(keyFor(key, 'list')).toEqual(key)
      expect(keyFor(key, 'aggregate')).toEqual(key)
    }
  })

  it('primitives: key use: A.3: a signature of the other key is not valid, alone and among others', () => {
    const list = scheme.sign(first.secretKey, message, 'list')
    const bls = scheme.sign(first.secretKey, message, 'aggregate')
    expect(scheme.verify(keyFor(first.publicKey, 'list'), message, bls)).toBe(false)
    expect(scheme.verify(keyFor(first.publicKey, 'aggregate'), message, list)).toBe(false)
    expect(scheme.verify(first.publicKey, message, list)).toBe(false)
    expect(scheme.aggregate([list, bls])).toBeUndefined()
    expect(scheme.aggregate([bls, list])).toBeUndefined()
    const mixed = [keyFor(first.publicKey, 'list'), keyFor(second.publicKey, 'aggregate')]
    expect(scheme.verifyAggregate(mixed, message, concatBytes(list, bls))).toBe(false)
    expect(scheme.verifyAggregate(mixed.toReversed(), message, bls)).toBe(false)
  })

  it('primitives: key use: signing says which key', () => {
    expect(() => scheme.sign(first.secretKey, message)).toThrow('which one signs')
  })

  it('primitives: key use: possession is proved for both keys, and for the two together', () => {
    const proofs = keys.map(({ secretKey }) => provePossession('by-size', secretKey))
    const [own, others] = [present(proofs[0], 'first'), present(proofs[1], 'second')]
    expect(own).toHaveLength(64 + 96)
    expect(verifyPossession('by-size', first.publicKey, own)).toBe(true)
    // The Ed25519 half of one validator with the BLS half of another: both hold theirs, nobody holds the pair.
    const pair = concatBytes(first.publicKey.slice(0, 32), second.publicKey.slice(32))
    const halves = concatBytes(own.slice(0, 64), others.slice(64))
    expect(verifyPossession('by-size', pair, halves)).toBe(false)
    expect(verifyPossession('by-size', first.publicKey, halves)).toBe(false)
    expect(verifyPossession('by-size', first.publicKey, own.slice(0, 159))).toBe(false)
  })
})
