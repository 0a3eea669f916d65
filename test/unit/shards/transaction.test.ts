import * as fc from 'fast-check'
import { parseTransaction, recoverTransactionAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../../node/primitives/bytes.ts'
import { present } from '../../../node/primitives/assert.ts'
import {
  decodeTransaction,
  encodeSigned,
  encodeUnsigned,
  signedHash,
  signingHash,
  type Transaction,
} from '../../../node/shards/transaction.ts'

const account = privateKeyToAccount(`0x${'11'.repeat(32)}`)
const RECIPIENT = `0x${'ab'.repeat(20)}` as const

function bytesOf(hex: string): Uint8Array {
  return present(fromHex(hex), 'test data is hexadecimal')
}

function decoded(raw: Uint8Array): Transaction {
  const result = decodeTransaction(raw)
  if (!result.ok) throw new Error(`${result.reject.code}: ${result.reject.detail}`)
  return result.value
}

function codeOf(raw: Uint8Array): string | undefined {
  const result = decodeTransaction(raw)
  return result.ok ? undefined : result.reject.code
}

const base = { chainId: 7701, nonce: 5, gas: 21_000n, to: RECIPIENT, value: 10n ** 18n } as const
const signed = {
  legacy: await account.signTransaction({ ...base, type: 'legacy', gasPrice: 3n }),
  accessList: await account.signTransaction({
    ...base,
    type: 'eip2930',
    gasPrice: 3n,
    accessList: [{ address: RECIPIENT, storageKeys: [`0x${'01'.repeat(32)}`] }],
  }),
  feeMarket: await account.signTransaction({
    ...base,
    type: 'eip1559',
    maxFeePerGas: 9n,
    maxPriorityFeePerGas: 2n,
    data: '0xdeadbeef',
  }),
}

describe('transaction: decoding', () => {
  test('transaction: decoding: the three kinds give what the wallet signed', () => {
    expect(decoded(bytesOf(signed.legacy))).toMatchObject({
      type: 0,
      chainId: 7701,
      nonce: 5,
      maxFeePerGas: 3n,
      maxPriorityFeePerGas: 3n,
      gasLimit: 21_000,
      value: 10n ** 18n,
    })
    const feeMarket = decoded(bytesOf(signed.feeMarket))
    expect(feeMarket).toMatchObject({ type: 2, maxFeePerGas: 9n, maxPriorityFeePerGas: 2n })
    expect(toHex(feeMarket.data)).toBe('deadbeef')
    expect(toHex(present(feeMarket.to, 'there is a recipient'))).toBe('ab'.repeat(20))
    expect(decoded(bytesOf(signed.accessList)).accessList[0]?.storageKeys).toHaveLength(1)
  })

  test.each(Object.entries(signed))(
    'transaction: decoding: re-encoding a %s transaction gives the same bytes',
    (_, hex) => {
      const raw = bytesOf(hex)
      const transaction = decoded(raw)
      expect(toHex(encodeSigned(transaction, transaction))).toBe(toHex(raw))
    },
  )

  test('transaction: decoding: the signing hash is the one the wallet signed', async () => {
    for (const hex of Object.values(signed)) {
      const transaction = decoded(bytesOf(hex))
      const again = await account.sign({ hash: `0x${toHex(signingHash(transaction))}` })
      expect(again.slice(2, 130)).toBe(toHex(transaction.signature))
      expect(toHex(signedHash(transaction))).toBe(toHex(signingHash(transaction)))
    }
  })

  test('transaction: decoding: a creation has no recipient', async () => {
    const creation = { ...base, to: undefined }
    const hex = await account.signTransaction({ ...creation, type: 'legacy', gasPrice: 3n })
    expect(decoded(bytesOf(hex)).to).toBeUndefined()
  })
})

describe('transaction: refusing', () => {
  test('transaction: refusing: blob, set-code and unknown types are unsupported', () => {
    for (const type of [0x00, 0x03, 0x04, 0x7f, 0xbf]) {
      expect(codeOf(Uint8Array.of(type, 0xc0))).toBe('unsupported-type')
    }
  })

  test('transaction: refusing: a legacy transaction without chain id is unprotected', async () => {
    const unbound = { ...base, chainId: undefined }
    const hex = await account.signTransaction({ ...unbound, type: 'legacy', gasPrice: 3n })
    expect(codeOf(bytesOf(hex))).toBe('unprotected')
  })

  test('transaction: refusing: a priority fee above the maximum fee is malformed', () => {
    const fields = { ...decoded(bytesOf(signed.feeMarket)), maxPriorityFeePerGas: 10n }
    expect(codeOf(encodeSigned(fields, fields))).toBe('malformed')
  })

  test('transaction: refusing: the twin signature with high s is invalid', () => {
    const transaction = decoded(bytesOf(signed.feeMarket))
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const s = order - BigInt(`0x${toHex(transaction.signature.subarray(32))}`)
    const signature = transaction.signature.slice()
    signature.set(bytesOf(s.toString(16).padStart(64, '0')), 32)
    const yParity = transaction.yParity === 1 ? 0 : 1
    expect(codeOf(encodeSigned(transaction, { signature, yParity }))).toBe('invalid-signature')
  })

  test('transaction: refusing: zero r or s is invalid', () => {
    const transaction = decoded(bytesOf(signed.feeMarket))
    for (const offset of [0, 32]) {
      const signature = transaction.signature.slice().fill(0, offset, offset + 32)
      expect(codeOf(encodeSigned(transaction, { signature, yParity: 0 }))).toBe('invalid-signature')
    }
  })

  test('transaction: refusing: trailing and missing bytes are malformed', () => {
    const raw = bytesOf(signed.feeMarket)
    expect(codeOf(Uint8Array.of(...raw, 0))).toBe('malformed')
    for (let size = 1; size < raw.length; size++) {
      expect(codeOf(raw.subarray(0, size)), `${size} bytes`).toBe('malformed')
    }
  })

  test('transaction: refusing: nested lists without end are malformed, quickly', () => {
    expect(codeOf(new Uint8Array(32 * 1024).fill(0xc1))).toBe('malformed')
    expect(codeOf(new Uint8Array(32 * 1024 + 1).fill(0xf8))).toBe('malformed')
  })

  test('transaction: refusing: any changed byte is refused or still canonical', () => {
    const raws = Object.values(signed).map((hex) => bytesOf(hex))
    fc.assert(
      fc.property(
        fc.constantFrom(...raws),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (raw, at, flip) => {
          const changed = raw.slice()
          const index = at % raw.length
          changed[index] = (changed[index] ?? 0) ^ flip
          const result = decodeTransaction(changed)
          if (!result.ok) return
          expect(toHex(encodeSigned(result.value, result.value))).toBe(toHex(changed))
        },
      ),
      { numRuns: 3000, seed: 1 },
    )
  })

  test('transaction: refusing: foreign bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeTransaction(bytes)
      }),
      { numRuns: 5000, seed: 2 },
    )
  })
})

describe('transaction: agreement with a wallet library', () => {
  const amount = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n })
  test('transaction: agreement: viem reads what we write and recovers the signer', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          chainId: fc.integer({ min: 1, max: 2 ** 31 }),
          nonce: fc.integer({ min: 0, max: 2 ** 40 }),
          gasLimit: fc.integer({ min: 0, max: 2 ** 40 }),
          value: amount,
          fees: fc.tuple(
            fc.bigInt({ min: 0n, max: 1n << 80n }),
            fc.bigInt({ min: 0n, max: 1n << 80n }),
          ),
          data: fc.uint8Array({ maxLength: 300 }),
          type: fc.constantFrom(0 as const, 1 as const, 2 as const),
        }),
        async ({ fees: [tip, rest], ...some }) => {
          const maxFeePerGas = tip + rest
          const fields = {
            ...some,
            to: bytesOf(RECIPIENT),
            maxFeePerGas,
            maxPriorityFeePerGas: some.type === 2 ? tip : maxFeePerGas,
            accessList: [],
          }
          const signature = await account.sign({ hash: `0x${toHex(signingHash(fields))}` })
          const raw = encodeSigned(fields, {
            signature: bytesOf(signature.slice(0, 130)),
            yParity: signature.endsWith('1c') ? 1 : 0,
          })
          expect(decoded(raw)).toMatchObject(fields)
          expect(encodeUnsigned(decoded(raw))).toEqual(encodeUnsigned(fields))
          expect(signedHash(decoded(raw))).toEqual(signingHash(fields))
          const serialized = `0x${toHex(raw)}` as const
          expect(parseTransaction(serialized).value ?? 0n).toBe(fields.value)
          expect(
            await recoverTransactionAddress({
              serializedTransaction: serialized as `0x02${string}`,
            }),
          ).toBe(account.address)
        },
      ),
      { numRuns: 40, seed: 3 },
    )
  })
})
