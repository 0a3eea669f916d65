/** BLS committees: published vectors, blst against noble, aggregates, and every point that must be refused. */
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { describe, expect, it } from 'vitest'
import { present } from '../../../node/primitives/assert.ts'
import { asciiBytes, bigIntToBytes, fromHex, toHex } from '../../../node/primitives/bytes.ts'
import { sha256 } from '../../../node/primitives/hash.ts'
import {
  blsPublicKey,
  blsSecretKeyFromSeed,
  createBlsScheme,
} from '../../../node/primitives/io/bls.ts'
import { loadBlstScheme } from '../../../node/primitives/io/bls-blst.ts'
import { provePossession, verifyPossession } from '../../../node/primitives/io/schemes.ts'
import { createNobleBlsScheme } from '../../../node/primitives/io/bls-noble.ts'
import type { CertificateScheme } from '../../../node/primitives/signature.ts'

const hex = (text: string) => present(fromHex(text), 'the vector is hexadecimal')
const blst = present(loadBlstScheme(), 'the native binary loads on the test machine')
const noble = createNobleBlsScheme()
const backends: readonly (readonly [string, CertificateScheme])[] = [
  ['blst', blst],
  ['noble', noble],
]

const message = sha256(asciiBytes('message'))
const secretKeys = [1, 2, 3, 4].map((byte) => blsSecretKeyFromSeed(new Uint8Array(32).fill(byte)))
const publicKeys = secretKeys.map(blsPublicKey)
const signatures = secretKeys.map((secretKey) => blst.sign(secretKey, message))
const [secretKey, publicKey, signature] = [
  present(secretKeys[0], 'first'),
  present(publicKeys[0], 'first'),
  present(signatures[0], 'first'),
]

/** A point of the curve, but outside of the subgroup of prime order, found by trying x coordinates. */
function strayPoint(size: 48 | 96): Uint8Array {
  const { Point } = size === 48 ? bls12_381.G1 : bls12_381.G2
  for (let x = 1; x < 100; x++) {
    const bytes = new Uint8Array(size)
    bytes[0] = 0x80
    bytes[size - 1] = x
    try {
      Point.fromBytes(bytes)
    } catch (error) {
      if (error instanceof Error && error.message.includes('not in prime-order subgroup'))
        return bytes
    }
  }
  throw new Error('half of all coordinates are on the curve')
}

const identity = (size: number) => Uint8Array.of(0xc0, ...new Uint8Array(size - 1))

describe('primitives: bls: vectors', () => {
  // ethereum/bls12-381-tests, sign/
  const secret = hex('263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3')
  const published = [
    [
      '00'.repeat(32),
      'b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb5158090352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55',
    ],
    [
      '56'.repeat(32),
      '882730e5d03f6b42c3abc26d3372625034e1d871b65a8a6b900a56dae22da98abbe1b68f85e49fe7652a55ec3d0591c20767677e33e5cbb1207315c41a9ac03be39c2e7668edc043d6cb1d9fd93033caa8a1c5b0e84bedaeb6c64972503a43eb',
    ],
    [
      'ab'.repeat(32),
      '91347bccf740d859038fcdcaf233eeceb2a436bcaaee9b2aa3bfb70efe29dfb2677562ccbea1c8e061fb9971b0753c240622fab78489ce96768259fc01360346da5b9f579e5da0d941e4c6ba18a0e64906082375394f337fa1af2b7127b0d121',
    ],
  ] as const

  it.each(backends)(
    'primitives: bls: %s gives the published signatures of Ethereum',
    (_, scheme) => {
      for (const [text, expected] of published) {
        expect(toHex(scheme.sign(secret, hex(text)))).toBe(expected)
        expect(scheme.verify(blsPublicKey(secret), hex(text), hex(expected))).toBe(true)
      }
      expect(toHex(blsPublicKey(secret))).toBe(
        'a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a',
      )
    },
  )

  it('primitives: bls: keys from seeds are those of the native KeyGen', async () => {
    const { SecretKey } = await import('@chainsafe/blst')
    for (const size of [32, 33, 64]) {
      const seed = new Uint8Array(size).fill(9)
      expect(blsSecretKeyFromSeed(seed)).toEqual(
        new Uint8Array(SecretKey.fromKeygen(seed).toBytes()),
      )
      expect(blsPublicKey(blsSecretKeyFromSeed(seed))).toEqual(
        new Uint8Array(SecretKey.fromKeygen(seed).toPublicKey().toBytes()),
      )
    }
    expect(() => blsSecretKeyFromSeed(new Uint8Array(31))).toThrow('32 bytes')
  })
})

describe.each(backends)('primitives: bls: %s', (_, scheme) => {
  it('primitives: bls: a signature is good for its key and message only', () => {
    expect(scheme.verify(publicKey, message, signature)).toBe(true)
    expect(scheme.verify(present(publicKeys[1], 'second'), message, signature)).toBe(false)
    expect(scheme.verify(publicKey, sha256(message), signature)).toBe(false)
  })

  it('primitives: bls: an aggregate is good for exactly its signers', () => {
    const aggregate = present(scheme.aggregate(signatures), 'all are well formed')
    expect(aggregate).toEqual(noble.aggregate(signatures))
    expect(scheme.verifyAggregate(publicKeys, message, aggregate)).toBe(true)
    expect(scheme.verifyAggregate(publicKeys.toReversed(), message, aggregate)).toBe(true)
    expect(scheme.verifyAggregate(publicKeys.slice(1), message, aggregate)).toBe(false)
    expect(scheme.verifyAggregate([...publicKeys, publicKey], message, aggregate)).toBe(false)
    expect(scheme.verifyAggregate([], message, aggregate)).toBe(false)
    expect(scheme.verifyAggregate(publicKeys, sha256(message), aggregate)).toBe(false)
    expect(scheme.aggregate([])).toBeUndefined()
  })

  it('primitives: bls: malformed, stray and identity signatures are refused everywhere', () => {
    const uncompressed = bls12_381.G2.Point.fromBytes(signature).toBytes(false)
    const bad = [
      new Uint8Array(0),
      new Uint8Array(96),
      new Uint8Array(96).fill(0xff),
      identity(96),
      strayPoint(96),
      signature.subarray(1),
      Uint8Array.from([...signature, 0]),
      uncompressed,
      Uint8Array.from(signature, (byte, index) => (index === 0 ? byte & 0x7f : byte)),
    ]
    for (const forged of bad) {
      expect(scheme.verify(publicKey, message, forged), toHex(forged)).toBe(false)
      expect(scheme.verifyAggregate([publicKey], message, forged)).toBe(false)
      expect(scheme.aggregate([signature, forged])).toBeUndefined()
    }
  })

  it('primitives: bls: malformed, stray and identity keys are refused everywhere', () => {
    const uncompressed = bls12_381.G1.Point.fromBytes(publicKey).toBytes(false)
    const bad = [
      new Uint8Array(0),
      new Uint8Array(48),
      new Uint8Array(48).fill(0xff),
      identity(48),
      strayPoint(48),
      publicKey.subarray(1),
      uncompressed,
    ]
    for (const forged of bad) {
      expect(scheme.verify(forged, message, signature), toHex(forged)).toBe(false)
      expect(scheme.verify(forged, message, identity(96))).toBe(false)
      expect(scheme.verifyAggregate([publicKey, forged], message, signature)).toBe(false)
    }
  })

  it('primitives: bls: two keys that cancel do not make the identity a good signature', () => {
    const order = bls12_381.fields.Fr.ORDER
    const scalar = BigInt(`0x${toHex(secretKey)}`)
    const opposite = bigIntToBytes(order - scalar, 32)
    const keys = [publicKey, blsPublicKey(opposite)]
    const aggregate = present(
      scheme.aggregate([signature, scheme.sign(opposite, message)]),
      'both are well formed',
    )
    expect(aggregate).toEqual(identity(96))
    expect(scheme.verifyAggregate(keys, message, aggregate)).toBe(false)
  })
})

describe('primitives: bls: possession', () => {
  it('primitives: bls: a proof of possession is good for its key only and is no signature', () => {
    const possession = provePossession('bls', secretKey)
    expect(verifyPossession('bls', publicKey, possession)).toBe(true)
    expect(verifyPossession('bls', present(publicKeys[1], 'second'), possession)).toBe(false)
    // Domains are separate in both directions.
    expect(blst.verify(publicKey, publicKey, possession)).toBe(false)
    expect(verifyPossession('bls', publicKey, blst.sign(secretKey, publicKey))).toBe(false)
    for (const forged of [new Uint8Array(0), new Uint8Array(96), identity(96), strayPoint(96)]) {
      expect(verifyPossession('bls', publicKey, forged)).toBe(false)
      expect(verifyPossession('bls', forged, possession)).toBe(false)
    }
  })

  it('primitives: bls: a rogue key can forge an aggregate but cannot show possession', () => {
    // The attacker chooses X = x*G - victim: X + victim has the secret x, the secret of X is not known.
    const x = present(secretKeys[3], 'fourth')
    const victim = bls12_381.G1.Point.fromBytes(publicKey)
    const rogue = bls12_381.G1.Point.fromBytes(blsPublicKey(x)).subtract(victim).toBytes()
    expect(blst.verifyAggregate([publicKey, rogue], message, blst.sign(x, message))).toBe(true)
    expect(verifyPossession('bls', rogue, provePossession('bls', x))).toBe(false)
  })

  it('primitives: bls: the scheme that nodes use is the native one where it loads', () => {
    expect(createBlsScheme().sign(secretKey, message)).toEqual(signature)
  })
})
