/**
 * The workload: which account pays whom, with which nonce, on which shard. Pure and deterministic: the same plan gives the
 * same payments, so two runs differ only in what the network does with them.
 *
 * Invariants: payment n of an account has nonce n of that account; of any run of k payments of one account, k times the
 * cross-shard fraction go to another shard, up to rounding (no dice, so short runs are exact too); arrivals are spaced
 * evenly and do not depend on answers (open loop).
 */
import { keccak256 } from '../../node/primitives/hash.ts'
import type { Address, ChainNumber } from '../../node/primitives/identifiers.ts'
import { signDigest } from '../../node/primitives/io/secp256k1.ts'
import {
  encodeSigned,
  encodeUnsigned,
  type TransactionFields,
} from '../../node/shards/transaction.ts'
import { encodeGatewayTransfer, GATEWAY_ADDRESS } from '../../node/shards/vm/gateway.ts'

export type NetworkFacts = {
  readonly shardCount: number
  readonly chainIdBase: number
  /** Wei per gas that payments offer at most, in gwei; absent: the usual cap. */
  readonly feeCapGwei?: number | undefined
}

export type Payment = {
  readonly shard: ChainNumber
  readonly nonce: number
  /** Where the value goes; equal to `shard` for a payment that stays. */
  readonly destination: ChainNumber
  readonly payee: Address
}

export type SignedPayment = Payment & {
  /** `0x` hex, as eth_sendRawTransaction takes it. */
  readonly raw: string
  /** `0x` hex of keccak-256. */
  readonly hash: string
}

const TRANSFER_GAS = 21_000
/** A gateway transfer takes about 37,000 gas, the receipt's prepaid gas included. */
const GATEWAY_GAS_LIMIT = 50_000
/**
 * Wei per gas. A load that fills blocks raises the base fee by an eighth per block; this cap is 10,000 times the usual
 * price, so that a signed payment stays good through 78 such blocks.
 */
const FEE_CAP = 10_000_000_000_000n
/** One gwei: tips are uniform, so that no payment overtakes another by price. */
const TIP = 1_000_000_000n
/** One gwei of value: small enough that no account ever runs dry. */
export const PAYMENT_VALUE = 1_000_000_000n

/** Payment `nonce` of account `index` on its home shard: the payee is the next account, the destination by fraction. */
export function planPayment(
  sender: { readonly shard: ChainNumber; readonly index: number; readonly nonce: number },
  crossShard: number,
  shardCount: number,
): { readonly destination: ChainNumber; readonly payeeIndex: number } {
  const { shard, index, nonce } = sender
  // Accounts start at different phases; otherwise all of them would cross in the same moment.
  const phase = (index * 0.618_033_988_75) % 1
  const before = Math.floor(nonce * crossShard + phase)
  const crossings = Math.floor((nonce + 1) * crossShard + phase) - before
  const crosses = shardCount > 1 && crossings > 0
  if (!crosses) return { destination: shard, payeeIndex: index + 1 }
  const step = 1 + ((index + before) % (shardCount - 1))
  return { destination: 1 + ((shard - 1 + step) % shardCount), payeeIndex: index }
}

/** Signs one payment; about 0.1 ms. */
export function signPayment(
  payment: Payment,
  secretKey: Uint8Array,
  facts: NetworkFacts,
): SignedPayment {
  const fields = fieldsOf(payment, facts)
  const raw = encodeSigned(fields, signDigest(keccak256(encodeUnsigned(fields)), secretKey))
  return { ...payment, raw: hexOf(raw), hash: hexOf(keccak256(raw)) }
}

/** More than this in wei no payment costs besides its value. */
export function feeMaxOf(payment: Payment): bigint {
  return BigInt(gasLimitOf(payment)) * FEE_CAP
}

function gasLimitOf({ shard, destination }: Payment): number {
  return destination === shard ? TRANSFER_GAS : GATEWAY_GAS_LIMIT
}

function fieldsOf(payment: Payment, facts: NetworkFacts): TransactionFields {
  const crosses = payment.destination !== payment.shard
  return {
    type: 2,
    chainId: facts.chainIdBase + payment.shard,
    nonce: payment.nonce,
    maxPriorityFeePerGas: TIP,
    maxFeePerGas: facts.feeCapGwei === undefined ? FEE_CAP : BigInt(facts.feeCapGwei) * GWEI,
    gasLimit: gasLimitOf(payment),
    to: crosses ? GATEWAY_ADDRESS : payment.payee,
    value: PAYMENT_VALUE,
    data: crosses
      ? encodeGatewayTransfer(facts.chainIdBase + payment.destination, payment.payee)
      : NO_DATA,
    accessList: [],
  }
}

const GWEI = 1_000_000_000n
const NO_DATA = new Uint8Array(0)

function hexOf(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

/**
 * How many arrivals are due at `nowMs`, the first of them being arrival `done`. Arrival n belongs to startMs + n / rate,
 * whatever happened to the ones before: a slow network does not slow its users down.
 */
export function arrivalsDue(
  clock: { readonly startMs: number; readonly ratePerSecond: number },
  done: number,
  nowMs: number,
): number {
  if (clock.ratePerSecond <= 0 || nowMs < clock.startMs) return 0
  const due = Math.floor(((nowMs - clock.startMs) * clock.ratePerSecond) / 1000) + 1
  return Math.max(0, due - done)
}

/** The intended moment of arrival n. */
export function arrivalTime(
  clock: { readonly startMs: number; readonly ratePerSecond: number },
  arrival: number,
): number {
  return clock.startMs + (arrival * 1000) / clock.ratePerSecond
}
