/**
 * The gateway: one system contract at the same address on every shard, native code behind it. Its `transfer(uint256
 * chainId, address to) payable` sends the call's value to an account on another shard (docs/protocol/shards.md, "Gateway");
 * its calls to the beacon stand in gateway-stake.ts.
 *
 * A call it does not understand, or to a shard that is not there, fails like a contract that reverts.
 */
import { assert } from '../../primitives/assert.ts'
import { asciiBytes, bigIntToBytes, bytesToBigInt, equalBytes } from '../../primitives/bytes.ts'
import { keccak256 } from '../../primitives/hash.ts'
import { ADDRESS_SIZE, type Address, type ChainNumber } from '../../primitives/identifiers.ts'
import type { ShardConfig } from '../executor.ts'
import { RECEIPT_GAS } from '../flow-control.ts'
import type { Call, CallResult, ReceiptOrder } from './call.ts'
import { decodeStakeCall } from './gateway-stake.ts'

/** 0x...7765 ("we"). */
export const GATEWAY_ADDRESS: Address = bigIntToBytes(0x7765n, ADDRESS_SIZE)

export const GATEWAY_TRANSFER_SIGNATURE = 'transfer(uint256,address)'
/** First four bytes of the signature's keccak-256. */
export const GATEWAY_TRANSFER_SELECTOR = keccak256(asciiBytes(GATEWAY_TRANSFER_SIGNATURE)).slice(
  0,
  4,
)

/** The contract as wallets and libraries read it. */
export const GATEWAY_ABI = [
  {
    type: 'function',
    name: 'transfer',
    stateMutability: 'payable',
    inputs: [
      { name: 'chainId', type: 'uint256' },
      { name: 'to', type: 'address' },
    ],
    outputs: [],
  },
  {
    type: 'function',
    name: 'deposit',
    stateMutability: 'payable',
    inputs: [{ name: 'registration', type: 'bytes' }],
    outputs: [],
  },
  {
    type: 'function',
    name: 'exit',
    stateMutability: 'nonpayable',
    inputs: [{ name: 'validator', type: 'uint256' }],
    outputs: [],
  },
] as const

/** Decoding, checking and queueing; the receipt itself costs RECEIPT_GAS on top. */
export const GATEWAY_GAS = 5_000
/** A deposit is longer to carry, and every validator checks its signatures. */
const GATEWAY_DEPOSIT_GAS = 40_000

const WORD_SIZE = 32
/** Bytes of a transfer's calldata: selector and two words. */
const GATEWAY_TRANSFER_SIZE = 4 + 2 * WORD_SIZE

export function isGateway(address: Address): boolean {
  return equalBytes(address, GATEWAY_ADDRESS)
}

/** Calldata of a transfer to `to` on the shard with this chain id. */
export function encodeGatewayTransfer(chainId: number, to: Address): Uint8Array {
  assert(Number.isSafeInteger(chainId) && chainId >= 0, 'a chain id is a safe integer')
  assert(to.length === ADDRESS_SIZE, 'an address has 20 bytes')
  const data = new Uint8Array(GATEWAY_TRANSFER_SIZE)
  data.set(GATEWAY_TRANSFER_SELECTOR)
  const chainIdHalves = new DataView(data.buffer)
  chainIdHalves.setUint32(4 + WORD_SIZE - 8, Math.floor(chainId / 0x100000000))
  chainIdHalves.setUint32(4 + WORD_SIZE - 4, chainId % 0x100000000)
  data.set(to, GATEWAY_TRANSFER_SIZE - ADDRESS_SIZE)
  return data
}

type GatewayConfig = Pick<ShardConfig, 'shard' | 'shardCount' | 'closed' | 'chainIdBase'>

/** What the calldata asks for, strictly: exact length, zero padding, an open shard of this network other than our own (B.7). */
export function decodeGatewayTransfer(
  config: GatewayConfig,
  data: Uint8Array,
): ReceiptOrder | undefined {
  if (data.length !== GATEWAY_TRANSFER_SIZE) return undefined
  if (!equalBytes(data.subarray(0, 4), GATEWAY_TRANSFER_SELECTOR)) return undefined
  const padding = data.subarray(4 + WORD_SIZE, GATEWAY_TRANSFER_SIZE - ADDRESS_SIZE)
  if (padding.some((byte) => byte !== 0)) return undefined
  const destination = bytesToBigInt(data.subarray(4, 4 + WORD_SIZE)) - BigInt(config.chainIdBase)
  if (destination < 1n || destination > BigInt(config.shardCount)) return undefined
  if (destination === BigInt(config.shard)) return undefined
  if (config.closed?.includes(Number(destination)) === true) return undefined
  return {
    destination: Number(destination),
    kind: 'transfer',
    to: data.slice(GATEWAY_TRANSFER_SIZE - ADDRESS_SIZE),
    payload: NO_PAYLOAD,
  }
}

const NO_PAYLOAD = new Uint8Array(0)

/** Any call that the gateway understands; an exit carries no value (B.10). */
export function decodeGatewayCall(
  config: GatewayConfig,
  { data, value }: Pick<Call, 'data' | 'value'>,
): ReceiptOrder | undefined {
  const order = decodeGatewayTransfer(config, data) ?? decodeStakeCall(data)
  return order?.kind === 'exit' && value !== 0n ? undefined : order
}

/** Beyond the intrinsic gas of the call that orders it. */
export function gatewayGasOf({ kind }: Pick<ReceiptOrder, 'kind'>): number {
  return GATEWAY_TRANSFER_GAS + (kind === 'deposit' ? GATEWAY_DEPOSIT_GAS : 0)
}

/** Which chain a transaction sends value to: what admission asks before it asks about congestion (C.6). */
export function destinationOfGatewayCall(
  config: GatewayConfig,
  transaction: Pick<Call, 'data' | 'value'> & { readonly to: Address | undefined },
): ChainNumber | undefined {
  if (transaction.to === undefined || !isGateway(transaction.to)) return undefined
  return decodeGatewayCall(config, transaction)?.destination
}

/** Gas of a gateway call without more to it beyond its intrinsic gas. */
export const GATEWAY_TRANSFER_GAS = GATEWAY_GAS + RECEIPT_GAS

/** Touches no balance: the caller burns the value from the sender for the receipt that is ordered. */
export function executeGatewayCall(config: ShardConfig, call: Call): CallResult {
  const order = decodeGatewayCall(config, call)
  if (order === undefined) return failed(Math.min(call.gas, GATEWAY_GAS))
  const gasUsed = gatewayGasOf(order)
  // Out of gas takes all of it, as in Ethereum.
  if (call.gas < gasUsed) return failed(call.gas)
  return { status: 1, gasUsed, order }
}

function failed(gasUsed: number): CallResult {
  return { status: 0, gasUsed, order: undefined }
}
