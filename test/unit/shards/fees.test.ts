import { describe, expect, test } from 'vitest'
import {
  baseFeeFloor,
  effectiveGasPrice,
  inboxGasOf,
  intrinsicGas,
  nextBaseFee,
} from '../../../node/shards/fees.ts'

const GWEI = 10n ** 9n
const LIMIT = 30_000_000

function after(gasUsed: number, baseFeePerGas = GWEI, floor = 1n): bigint {
  return nextBaseFee({ baseFeePerGas, gasUsed, gasLimit: LIMIT }, floor)
}

describe('shards: fees', () => {
  test('shards: fees: a block at its target keeps the base fee', () => {
    expect(after(LIMIT / 2)).toBe(GWEI)
  })

  test('shards: fees: a full block raises the base fee by an eighth and an empty one lowers it so', () => {
    expect(after(LIMIT)).toBe(1_125_000_000n)
    expect(after(0)).toBe(875_000_000n)
    expect(after(20_000_000)).toBe(1_041_666_666n)
    expect(after(10_000_000)).toBe(958_333_334n)
  })

  test('shards: fees: a busy block raises even the least base fee', () => {
    expect(after(LIMIT / 2 + 1, 1n)).toBe(2n)
  })

  test('shards: fees: the base fee rests on its floor and rises from below it', () => {
    expect(after(0, 10n, 10n)).toBe(10n)
    expect(after(0, 3n, 10n)).toBe(10n)
    expect(after(LIMIT / 2, 3n, 10n)).toBe(10n)
    expect(baseFeeFloor(GWEI)).toBe(1_000_000n)
    expect(baseFeeFloor(7n)).toBe(1n)
  })

  test('shards: fees: more gas than the limit, as a Byzantine source can cause, still gives a fee', () => {
    expect(after(2 * LIMIT)).toBe(GWEI + (GWEI * 3n) / 8n)
  })

  test('shards: fees: a plain transfer needs 21000 gas', () => {
    expect(intrinsicGas({ data: new Uint8Array(0), accessList: [] })).toBe(21_000)
  })

  test('shards: fees: calldata and access lists are priced per byte, address and key', () => {
    const data = Uint8Array.of(0, 0, 1)
    const accessList = [{ storageKeys: [1, 2] }, { storageKeys: [] }]
    expect(intrinsicGas({ data, accessList })).toBe(21_000 + 4 + 4 + 16 + 2 * 2_400 + 2 * 1_900)
  })

  test('shards: fees: the tip is what the offer leaves above the base fee, at most the priority fee', () => {
    const offer = { maxFeePerGas: 10n, maxPriorityFeePerGas: 3n }
    expect(effectiveGasPrice(offer, 2n)).toBe(5n)
    expect(effectiveGasPrice(offer, 8n)).toBe(10n)
    expect(effectiveGasPrice(offer, 10n)).toBe(10n)
    expect(effectiveGasPrice(offer, 11n)).toBeUndefined()
  })

  test('shards: fees: three quarters of a block may go to other shards', () => {
    expect(inboxGasOf(LIMIT)).toBe(22_500_000)
  })
})
