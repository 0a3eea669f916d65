/**
 * Fees: what gas costs and how much of it a transaction needs (docs/protocol/shards.md, "Fees"; EIP-1559, EIP-2028, EIP-2930).
 *
 * All arithmetic on prices is in integers of wei; gas is a safe integer.
 */
import { assert } from '../primitives/assert.ts'

const ELASTICITY = 2
const BASE_FEE_CHANGE_DENOMINATOR = 8n
/** The base fee never falls below the genesis base fee divided by this: an idle shard stays priced against floods. */
const BASE_FEE_FLOOR_DIVISOR = 1000n

export const TRANSACTION_GAS = 21_000
const CALLDATA_NONZERO_BYTE_GAS = 16
const CALLDATA_ZERO_BYTE_GAS = 4
const ACCESS_LIST_ADDRESS_GAS = 2_400
const ACCESS_LIST_KEY_GAS = 1_900

/** Of the gas limit, this share at most goes to receipts from other shards: 3/4 (C.5). */
export function inboxGasOf(gasLimit: number): number {
  return Math.floor((gasLimit * 3) / 4)
}

export type FeeParent = {
  readonly baseFeePerGas: bigint
  readonly gasUsed: number
  readonly gasLimit: number
}

export function baseFeeFloor(initialBaseFee: bigint): bigint {
  return bigMax(1n, initialBaseFee / BASE_FEE_FLOOR_DIVISOR)
}

/** Base fee of the block after `parent` (EIP-1559), never below `floor`. */
export function nextBaseFee(parent: FeeParent, floor: bigint): bigint {
  const { baseFeePerGas: fee, gasUsed, gasLimit } = parent
  const target = Math.floor(gasLimit / ELASTICITY)
  assert(target > 0 && Number.isSafeInteger(gasUsed), 'a block has a gas target')
  if (gasUsed === target) return bigMax(fee, floor)
  const distance = BigInt(Math.abs(gasUsed - target))
  const change = (fee * distance) / BigInt(target) / BASE_FEE_CHANGE_DENOMINATOR
  if (gasUsed > target) return bigMax(fee + bigMax(change, 1n), floor)
  return bigMax(fee - change, floor)
}

export type GasSubject = {
  readonly data: Uint8Array
  readonly accessList: readonly { readonly storageKeys: readonly unknown[] }[]
}

/** Gas that a transaction uses before anything is executed. */
export function intrinsicGas(subject: GasSubject): number {
  let gas = TRANSACTION_GAS
  for (const byte of subject.data) {
    gas += byte === 0 ? CALLDATA_ZERO_BYTE_GAS : CALLDATA_NONZERO_BYTE_GAS
  }
  for (const entry of subject.accessList) {
    gas += ACCESS_LIST_ADDRESS_GAS + entry.storageKeys.length * ACCESS_LIST_KEY_GAS
  }
  return gas
}

export type FeeOffer = {
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

/** What the sender pays per gas; undefined when the offer does not reach the base fee. */
export function effectiveGasPrice(offer: FeeOffer, baseFeePerGas: bigint): bigint | undefined {
  if (offer.maxFeePerGas < baseFeePerGas) return undefined
  return bigMin(offer.maxFeePerGas, baseFeePerGas + offer.maxPriorityFeePerGas)
}

function bigMax(left: bigint, right: bigint): bigint {
  return left > right ? left : right
}

function bigMin(left: bigint, right: bigint): bigint {
  return left < right ? left : right
}
