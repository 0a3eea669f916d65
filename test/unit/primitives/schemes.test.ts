/** All schemes behind the port: what every one of them does, and what mock gives up. */
import { describe, expect, it } from 'vitest'
import { present } from '../../../node/primitives/assert.ts'
import { asciiBytes, equalBytes } from '../../../node/primitives/bytes.ts'
import { sha256 } from '../../../node/primitives/hash.ts'
import { keyFor } from '../../../node/primitives/key-use.ts'
import { createKeyCache } from '../../../node/primitives/io/key-cache.ts'
import {
  committeeKeyFromSeed,
  committeePublicKey,
  provePossession,
  schemeByName,
  verifyPossession,
} from '../../../node/primitives/io/schemes.ts'

const seedAt = (index: number) => sha256(asciiBytes(`seed ${index}`))
const message = sha256(asciiBytes('message'))

describe.each([
  ['bls', 'aggregate'],
  ['ed25519', 'list'],
  ['mock', 'list'],
  ['by-size', 'list'],
  ['by-size', 'aggregate'],
] as const)('primitives: scheme: %s, %s', (name, use) => {
  const scheme = schemeByName(name)
  const keys = [0, 1, 2, 3].map((index) => committeeKeyFromSeed(name, seedAt(index)))
  const sign = (secretKey: Uint8Array, root: Uint8Array) => scheme.sign(secretKey, root, use)
  const verify = (publicKey: Uint8Array, root: Uint8Array, signature: Uint8Array) =>
    scheme.verify(keyFor(publicKey, use), root, signature)
  const [first, second] = [present(keys[0], 'first'), present(keys[1], 'second')]

  it('primitives: scheme: there is one instance of it, under its name', () => {
    expect(scheme.name).toBe(name)
    expect(schemeByName(name)).toBe(scheme)
  })

  it('primitives: scheme: keys are deterministic, distinct and belong together', () => {
    expect(committeeKeyFromSeed(name, seedAt(0))).toEqual(first)
    expect(equalBytes(first.publicKey, second.publicKey)).toBe(false)
    expect(committeePublicKey(name, first.secretKey)).toEqual(first.publicKey)
    expect(first.secretKey).toHaveLength(32)
    expect(() => committeeKeyFromSeed(name, new Uint8Array(31))).toThrow('32 bytes')
  })

  it('primitives: scheme: signing is deterministic and verification exact', () => {
    const signature = sign(first.secretKey, message)
    expect(sign(first.secretKey, message)).toEqual(signature)
    expect(verify(first.publicKey, message, signature)).toBe(true)
    expect(verify(second.publicKey, message, signature)).toBe(false)
    expect(verify(first.publicKey, sha256(message), signature)).toBe(false)
  })

  it('primitives: scheme: the aggregate of three of four convinces for these three only', () => {
    const three = keys.slice(0, 3)
    const signatures = three.map(({ secretKey }) => sign(secretKey, message))
    const aggregate = present(scheme.aggregate(signatures), 'all are well formed')
    const publicKeys = three.map(({ publicKey }) => keyFor(publicKey, use))
    expect(scheme.verifyAggregate(publicKeys, message, aggregate)).toBe(true)
    const others = keys.slice(1).map(({ publicKey }) => keyFor(publicKey, use))
    expect(scheme.verifyAggregate(others, message, aggregate)).toBe(false)
    expect(scheme.aggregate([...signatures.slice(1), new Uint8Array(5)])).toBeUndefined()
  })

  it('primitives: scheme: garbage never throws', () => {
    for (let size = 0; size < 200; size += 16) {
      const garbage = new Uint8Array(size).fill(size)
      expect(scheme.verify(garbage, message, garbage)).toBe(false)
      expect(scheme.verifyAggregate([garbage], message, garbage)).toBe(false)
      expect(verifyPossession(name, garbage, garbage)).toBe(false)
    }
  })

  it('primitives: scheme: possession is proved for the own key only', () => {
    const possession = provePossession(name, first.secretKey)
    expect(verifyPossession(name, first.publicKey, possession)).toBe(true)
    expect(verifyPossession(name, second.publicKey, possession)).toBe(false)
    expect(verifyPossession(name, first.publicKey, sign(first.secretKey, message))).toBe(false)
  })
})

describe('primitives: key cache', () => {
  it('primitives: key cache: a key is decoded once, a malformed one every time, and the oldest goes first', () => {
    let decoded = 0
    const cache = createKeyCache((bytes) => {
      decoded++
      return bytes.length === 2 ? { at: (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0) } : undefined
    })
    const keyAt = (index: number) => Uint8Array.of(index >> 8, index & 255)
    expect(cache(keyAt(7))).toBe(cache(keyAt(7)))
    expect(decoded).toBe(1)
    expect(cache(Uint8Array.of(7))).toBeUndefined()
    expect(cache(Uint8Array.of(7))).toBeUndefined()
    expect(decoded).toBe(3)
    for (let index = 1000; index < 1000 + 1023; index++) cache(keyAt(index))
    const before = decoded
    cache(keyAt(7))
    expect(decoded).toBe(before)
    cache(keyAt(5000))
    cache(keyAt(1001))
    expect(decoded).toBe(before + 1)
    expect(cache(keyAt(7))).toEqual({ at: 7 })
    expect(decoded).toBe(before + 2)
  })
})
