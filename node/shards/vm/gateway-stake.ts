/**
 * The gateway's calls to the beacon (docs/protocol/beacon.md B.9, B.10; shards.md, "Gateway"): `deposit(bytes registration)
 * payable` puts the call's value at stake for a validator, `exit(uint256 validator)` asks for it to leave. Each becomes a receipt
 * to chain 0.
 *
 * What is checked here is the form only. Whether the registry takes it, the beacon says, by what it sends back.
 */
import {
  decodeRegistration,
  encodeExit,
  REGISTRATION_BYTES_MAX,
} from '../../crosslink/registration.ts'
import { assert } from '../../primitives/assert.ts'
import {
  asciiBytes,
  bigIntToBytes,
  bytesToBigInt,
  concatBytes,
  equalBytes,
} from '../../primitives/bytes.ts'
import { keccak256 } from '../../primitives/hash.ts'
import { ADDRESS_SIZE, BEACON_CHAIN } from '../../primitives/identifiers.ts'
import type { ReceiptOrder } from './call.ts'

export const GATEWAY_DEPOSIT_SIGNATURE = 'deposit(bytes)'
export const GATEWAY_EXIT_SIGNATURE = 'exit(uint256)'

const DEPOSIT_SELECTOR = keccak256(asciiBytes(GATEWAY_DEPOSIT_SIGNATURE)).slice(0, 4)
const EXIT_SELECTOR = keccak256(asciiBytes(GATEWAY_EXIT_SIGNATURE)).slice(0, 4)

const WORD_SIZE = 32
const SELECTOR_SIZE = 4
/** Selector, offset of the bytes, their length. */
const DEPOSIT_HEAD_SIZE = SELECTOR_SIZE + 2 * WORD_SIZE
const EXIT_SIZE = SELECTOR_SIZE + WORD_SIZE
/** A validator's index is a u16. */
const INDEX_LIMIT = 0x10000n
const NOBODY = new Uint8Array(ADDRESS_SIZE)

/** Calldata of a deposit, as any Ethereum library encodes it. */
export function encodeGatewayDeposit(registration: Uint8Array): Uint8Array {
  const padding = new Uint8Array(paddedSize(registration.length) - registration.length)
  return concatBytes(
    DEPOSIT_SELECTOR,
    bigIntToBytes(BigInt(WORD_SIZE), WORD_SIZE),
    bigIntToBytes(BigInt(registration.length), WORD_SIZE),
    registration,
    padding,
  )
}

export function encodeGatewayExit(validator: number): Uint8Array {
  assert(Number.isSafeInteger(validator) && validator >= 0, 'an index is a whole number')
  return concatBytes(EXIT_SELECTOR, bigIntToBytes(BigInt(validator), WORD_SIZE))
}

/** What the calldata asks for, strictly; undefined of any other call. */
export function decodeStakeCall(data: Uint8Array): ReceiptOrder | undefined {
  const selector = data.subarray(0, SELECTOR_SIZE)
  if (equalBytes(selector, DEPOSIT_SELECTOR)) return decodeDeposit(data)
  return equalBytes(selector, EXIT_SELECTOR) ? decodeExitCall(data) : undefined
}

function decodeDeposit(data: Uint8Array): ReceiptOrder | undefined {
  if (data.length < DEPOSIT_HEAD_SIZE) return undefined
  if (wordAt(data, 0) !== BigInt(WORD_SIZE)) return undefined
  const size = wordAt(data, 1)
  if (size > BigInt(REGISTRATION_BYTES_MAX)) return undefined
  const end = DEPOSIT_HEAD_SIZE + Number(size)
  if (data.length !== DEPOSIT_HEAD_SIZE + paddedSize(Number(size))) return undefined
  if (data.subarray(end).some((byte) => byte !== 0)) return undefined
  const payload = data.slice(DEPOSIT_HEAD_SIZE, end)
  const registration = decodeRegistration(payload)
  if (!registration.ok) return undefined
  const { payout: to } = registration.value
  return { destination: BEACON_CHAIN, kind: 'deposit', to, payload }
}

function decodeExitCall(data: Uint8Array): ReceiptOrder | undefined {
  if (data.length !== EXIT_SIZE) return undefined
  const index = wordAt(data, 0)
  if (index >= INDEX_LIMIT) return undefined
  return { destination: BEACON_CHAIN, kind: 'exit', to: NOBODY, payload: encodeExit(Number(index)) }
}

function wordAt(data: Uint8Array, index: number): bigint {
  const start = SELECTOR_SIZE + index * WORD_SIZE
  return bytesToBigInt(data.subarray(start, start + WORD_SIZE))
}

function paddedSize(size: number): number {
  return Math.ceil(size / WORD_SIZE) * WORD_SIZE
}
