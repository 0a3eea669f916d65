/** Ed25519 committees: RFC 8032, node:crypto against noble, and the cases on which libraries differ. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { describe, expect, it } from 'vitest'
import { present } from '../../../node/primitives/assert.ts'
import {
  asciiBytes,
  bigIntToBytes,
  bytesToBigInt,
  concatBytes,
  fromHex,
  toHex,
} from '../../../node/primitives/bytes.ts'
import { sha256 } from '../../../node/primitives/hash.ts'
import {
  createEd25519Scheme,
  createNobleEd25519Scheme,
  ed25519PublicKey,
} from '../../../node/primitives/io/ed25519.ts'

const hex = (text: string) => present(fromHex(text), 'the vector is hexadecimal')
const native = createEd25519Scheme()
const noble = createNobleEd25519Scheme()
const backends = [
  ['node:crypto', native],
  ['noble', noble],
] as const

const secretKey = sha256(asciiBytes('secret'))
const publicKey = ed25519PublicKey(secretKey)
const message = sha256(asciiBytes('message'))
const signature = native.sign(secretKey, message)

const { Point } = ed25519
const ORDER = Point.Fn.ORDER
const littleEndian = (value: bigint) => bigIntToBytes(value, 32).toReversed()
const fromLittleEndian = (bytes: Uint8Array) => bytesToBigInt(bytes.toReversed())
/** A point of order eight (the last of the encodings in draft-irtf-cfrg-ristretto and speccheck). */
const torsion = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')

describe.each(backends)('primitives: ed25519: %s', (_, scheme) => {
  it.each([
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ])('primitives: ed25519: RFC 8032 key %s signs as published', (secret, key, text, expected) => {
    expect(toHex(ed25519PublicKey(hex(secret)))).toBe(key)
    expect(toHex(scheme.sign(hex(secret), hex(text)))).toBe(expected)
    expect(scheme.verify(hex(key), hex(text), hex(expected))).toBe(true)
  })

  it('primitives: ed25519: any flipped bit is refused', () => {
    for (let bit = 0; bit < 512; bit += 7) {
      const forged = signature.slice()
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(scheme.verify(publicKey, message, forged)).toBe(false)
    }
    expect(scheme.verify(publicKey, sha256(message), signature)).toBe(false)
    expect(scheme.verify(publicKey, message, signature.subarray(1))).toBe(false)
    expect(scheme.verify(publicKey.subarray(1), message, signature)).toBe(false)
    expect(scheme.verify(new Uint8Array(0), message, new Uint8Array(0))).toBe(false)
  })

  it('primitives: ed25519: S plus the group order is refused', () => {
    const s = fromLittleEndian(signature.subarray(32)) + ORDER
    const forged = concatBytes(signature.subarray(0, 32), littleEndian(s))
    expect(scheme.verify(publicKey, message, forged)).toBe(false)
  })

  it('primitives: ed25519: a key of small order, which signs anything, is refused', () => {
    // R = identity, S = 0 satisfies the equation for every message when k*A vanishes.
    for (let multiple = 0n; multiple < 8n; multiple++) {
      const key = multiple === 0n ? Point.ZERO : torsion.multiplyUnsafe(multiple)
      const forged = concatBytes(Point.ZERO.toBytes(), new Uint8Array(32))
      expect(scheme.verify(key.toBytes(), message, forged)).toBe(false)
    }
  })

  it('primitives: ed25519: a key with a torsion part is refused', () => {
    const mixed = Point.fromBytes(publicKey).add(torsion).toBytes()
    const forged = concatBytes(signature.subarray(0, 32), signature.subarray(32))
    expect(scheme.verify(mixed, message, forged)).toBe(false)
  })

  it('primitives: ed25519: an R with a torsion part, which a cofactored check takes, is refused', () => {
    const a = ed25519.utils.getExtendedPublicKey(secretKey).scalar
    const r = 12345n
    const commitment = Point.BASE.multiply(r).add(torsion).toBytes()
    const k = fromLittleEndian(sha512(concatBytes(commitment, publicKey, message))) % ORDER
    const forged = concatBytes(commitment, littleEndian((r + k * a) % ORDER))
    expect(ed25519.verify(forged, message, publicKey)).toBe(true)
    expect(scheme.verify(publicKey, message, forged)).toBe(false)
  })

  it('primitives: ed25519: a key that is not canonical is refused', () => {
    const p = 2n ** 255n - 19n
    // y = p + 1 is y = 1, the identity; y = p + 3 and above are other points written twice.
    for (let y = 0n; y < 19n; y++) {
      for (const sign of [0, 0x80]) {
        const key = littleEndian(p + y)
        key[31] = (key[31] ?? 0) | sign
        expect(scheme.verify(key, message, signature)).toBe(false)
      }
    }
  })

  it('primitives: ed25519: an aggregate is the list of signatures in seat order', () => {
    const secretKeys = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte))
    const publicKeys = secretKeys.map(ed25519PublicKey)
    const signatures = secretKeys.map((secret) => scheme.sign(secret, message))
    const aggregate = present(scheme.aggregate(signatures), 'all are well formed')
    expect(aggregate).toEqual(concatBytes(...signatures))
    expect(scheme.verifyAggregate(publicKeys, message, aggregate)).toBe(true)
    expect(scheme.verifyAggregate(publicKeys.toReversed(), message, aggregate)).toBe(false)
    expect(scheme.verifyAggregate(publicKeys.slice(1), message, aggregate)).toBe(false)
    expect(scheme.verifyAggregate(publicKeys, message, aggregate.subarray(1))).toBe(false)
    expect(scheme.verifyAggregate([], message, new Uint8Array(0))).toBe(false)
    expect(scheme.aggregate([])).toBeUndefined()
    expect(scheme.aggregate([signature, signature.subarray(1)])).toBeUndefined()
  })
})
