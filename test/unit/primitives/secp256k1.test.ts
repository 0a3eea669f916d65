/** Account signatures: published vectors, native against noble, and what must be refused. */
import { SigningKey, Transaction, computeAddress } from 'ethers'
import { describe, expect, it } from 'vitest'
import {
  asciiBytes,
  bigIntToBytes,
  concatBytes,
  fromHex,
  toHex,
} from '../../../node/primitives/bytes.ts'
import { present } from '../../../node/primitives/assert.ts'
import { keccak256, sha256 } from '../../../node/primitives/hash.ts'
import {
  addressOf,
  addressOfPublicKey,
  createNobleSecp256k1,
  loadNativeSecp256k1,
  recoverAddress,
  recoverAddressWith,
  signDigest,
} from '../../../node/primitives/io/secp256k1.ts'

const hex = (text: string) => present(fromHex(text), 'the vector is hexadecimal')
const native = present(loadNativeSecp256k1(), 'the native binary loads on the test machine')
const noble = createNobleSecp256k1()
const keyAt = (index: number) => sha256(asciiBytes(`account ${index}`))
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

describe('primitives: secp256k1', () => {
  it('primitives: secp256k1: the example of EIP-155 signs and recovers to its published values', () => {
    const secretKey = new Uint8Array(32).fill(0x46)
    const digest = hex('daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53')
    const { signature, yParity } = signDigest(digest, secretKey)
    expect(toHex(signature)).toBe(
      '28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276' +
        '67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
    )
    // v = 37 = 35 + 2 * chainId 1 + parity
    expect(yParity).toBe(0)
    expect(toHex(addressOf(secretKey))).toBe('9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f')
    expect(recoverAddress(digest, signature, yParity)).toEqual(addressOf(secretKey))
  })

  it('primitives: secp256k1: the well-known key of development chains has its well-known address', () => {
    const secretKey = hex('ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80')
    expect(toHex(addressOf(secretKey))).toBe('f39fd6e51aad88f6f4ce6ab8827279cfffb92266')
    const publicKey = hex(new SigningKey(secretKey).publicKey)
    expect(addressOfPublicKey(publicKey)).toEqual(addressOf(secretKey))
    expect(() => addressOfPublicKey(publicKey.subarray(1))).toThrow('uncompressed')
  })

  it('primitives: secp256k1: native, noble and ethers give the same signatures and addresses', () => {
    for (let index = 0; index < 20; index++) {
      const secretKey = keyAt(index)
      const digest = keccak256(secretKey)
      const signed = native.sign(digest, secretKey)
      expect(noble.sign(digest, secretKey)).toEqual(signed)
      const other = new SigningKey(secretKey).sign(digest)
      expect(toHex(signed.signature)).toBe(other.r.slice(2) + other.s.slice(2))
      expect(signed.yParity).toBe(other.yParity)
      expect(`0x${toHex(addressOf(secretKey))}`).toBe(
        computeAddress(new SigningKey(secretKey)).toLowerCase(),
      )
      for (const backend of [native, noble]) {
        expect(recoverAddressWith(backend, { digest, ...signed })).toEqual(addressOf(secretKey))
      }
    }
  })

  it('primitives: secp256k1: the sender of a transaction signed by ethers is recovered', () => {
    const key = new SigningKey(keyAt(1))
    const transaction = Transaction.from({
      type: 2,
      chainId: 7001n,
      nonce: 5,
      to: `0x${'11'.repeat(20)}`,
      value: 10n,
      gasLimit: 21_000n,
      maxFeePerGas: 2n,
      maxPriorityFeePerGas: 1n,
    })
    const digest = hex(transaction.unsignedHash)
    const { r, s, yParity } = key.sign(digest)
    const signature = concatBytes(hex(r), hex(s))
    expect(recoverAddress(digest, signature, yParity)).toEqual(addressOf(keyAt(1)))
  })

  it('primitives: secp256k1: the high-s twin of a signature is refused by both backends', () => {
    const digest = sha256(asciiBytes('digest'))
    const { signature, yParity } = signDigest(digest, keyAt(0))
    const s = BigInt(`0x${toHex(signature.subarray(32))}`)
    const twin = concatBytes(signature.subarray(0, 32), bigIntToBytes(ORDER - s, 32))
    const flipped = yParity === 0 ? 1 : 0
    for (const backend of [native, noble]) {
      // The curve itself takes the twin; EIP-2 does not.
      expect(backend.recover(digest, twin, flipped)).toEqual(native.publicKey(keyAt(0)))
      const signed = { digest, signature: twin, yParity: flipped } as const
      expect(recoverAddressWith(backend, signed)).toBeUndefined()
    }
  })

  it('primitives: secp256k1: zero, overflowing and cut scalars are refused by both backends', () => {
    const digest = sha256(asciiBytes('digest'))
    const { signature } = signDigest(digest, keyAt(0))
    const [r, s] = [signature.subarray(0, 32), signature.subarray(32)]
    const [zero, order] = [new Uint8Array(32), bigIntToBytes(ORDER, 32)]
    const bad = [
      concatBytes(zero, s),
      concatBytes(r, zero),
      concatBytes(order, s),
      concatBytes(r, order),
      concatBytes(bigIntToBytes(ORDER + 1n, 32), s),
      signature.subarray(1),
      concatBytes(signature, Uint8Array.of(0)),
      new Uint8Array(0),
    ]
    for (const backend of [native, noble]) {
      for (const forged of bad) {
        for (const yParity of [0, 1] as const) {
          const signed = { digest, signature: forged, yParity }
          expect(recoverAddressWith(backend, signed), toHex(forged)).toBeUndefined()
        }
      }
    }
  })

  it('primitives: secp256k1: both backends agree on arbitrary bytes', () => {
    let seed = sha256(asciiBytes('arbitrary'))
    let recovered = 0
    for (let index = 0; index < 200; index++) {
      const digest = (seed = sha256(seed))
      const signature = concatBytes(sha256(digest), sha256(sha256(digest)))
      // Lower half, or nearly every case would end at the s check.
      signature[32] = (signature[32] ?? 0) & 0x7f
      const yParity = (index & 1) as 0 | 1
      const verdict = recoverAddressWith(native, { digest, signature, yParity })
      expect(recoverAddressWith(noble, { digest, signature, yParity })).toEqual(verdict)
      if (verdict !== undefined) recovered++
    }
    // About half of all x coordinates are on the curve.
    expect(recovered).toBeGreaterThan(50)
    expect(recovered).toBeLessThan(150)
  })
})
