/**
 * What a transaction must be before a pool looks at its sender: the checks that need no queue and no state. They follow
 * geth's order, so that a transaction with several faults is refused for the same one.
 */
import { accepted, rejected, type Reject, type Result } from '../primitives/result.ts'
import { equalBytes } from '../primitives/bytes.ts'
import {
  ADDRESS_SIZE,
  BEACON_CHAIN,
  type ChainNumber,
  type Hash,
} from '../primitives/identifiers.ts'
import type { ShardConfig } from './executor.ts'
import { baseFeeFloor, intrinsicGas } from './fees.ts'
import { isDraining } from './layout.ts'
import { decodeTransaction, type Transaction } from './transaction.ts'
import {
  decodeStakeCall,
  GATEWAY_DEPOSIT_SIGNATURE,
  GATEWAY_EXIT_SIGNATURE,
} from './vm/gateway-stake.ts'
import {
  decodeGatewayCall,
  encodeGatewayTransfer,
  gatewayGasOf,
  GATEWAY_TRANSFER_SELECTOR,
  GATEWAY_TRANSFER_SIGNATURE,
  isGateway,
} from './vm/gateway.ts'
import { isPrecompile } from './vm/transfer.ts'

/** Why a pool refuses a transaction; RPC gives each code geth's words where geth has words. */
export type MempoolRejectCode =
  | 'malformed'
  | 'wrong-chain'
  | 'invalid-signature'
  | 'nonce-too-low'
  | 'nonce-too-high'
  | 'insufficient-funds'
  | 'intrinsic-gas-too-low'
  | 'fee-too-low'
  | 'gas-limit-exceeded'
  | 'replacement-underpriced'
  | 'already-known'
  | 'unsupported-call'
  | 'unknown-destination'
  | 'shard-retiring'
  | 'shard-congested'
  | 'pool-full'

export type AdmissionRules = Pick<
  ShardConfig,
  'shard' | 'shardCount' | 'closed' | 'chainId' | 'chainIdBase' | 'gasLimit' | 'initialBaseFee'
>

const GATEWAY_CALL_SIZE = encodeGatewayTransfer(0, new Uint8Array(ADDRESS_SIZE)).length

/** A transaction's bytes, and their hash where it is known. */
type Bytes = { readonly raw: Uint8Array; readonly hash?: Hash }

/**
 * Everything that can be said about the bytes alone; the answer is the decoded transaction. Cheap enough to run before
 * the signature is recovered, so that a transaction for another chain costs nobody an elliptic curve.
 * `congested` is asked only for a receipt to another chain (C.6).
 */
export function checkAdmission(
  rules: AdmissionRules,
  { raw, hash }: Bytes,
  congested: (destination: ChainNumber) => boolean,
): Result<Transaction, MempoolRejectCode> {
  if (isDraining(rules))
    return rejected(
      'shard-retiring',
      `shard ${rules.shard} takes no transactions any more; its accounts move to another shard`,
    ) // B.7
  const decoded = decodeTransaction(raw, hash)
  if (!decoded.ok) return { ok: false, reject: refusalOfBytes(decoded.reject) }
  const transaction = decoded.value
  const reject =
    checkChainAndGas(rules, transaction) ??
    checkFee(rules, transaction) ??
    checkCall(rules, transaction, congested)
  return reject === undefined ? accepted(transaction) : { ok: false, reject }
}

/** The reject for bytes that do not decode, or (undefined) decode but whose signature names nobody. */
export function refusalOfBytes(
  reject:
    | Reject<'malformed' | 'unsupported-type' | 'unprotected' | 'invalid-signature'>
    | undefined,
): Reject<MempoolRejectCode> {
  if (reject === undefined) {
    return { code: 'invalid-signature', detail: 'no key can have made this signature' }
  }
  if (reject.code === 'invalid-signature') return { ...reject, code: 'invalid-signature' }
  return { ...reject, code: 'malformed' }
}

function checkChainAndGas(
  rules: AdmissionRules,
  transaction: Transaction,
): Reject<MempoolRejectCode> | undefined {
  const { chainId, gasLimit } = transaction
  if (chainId !== rules.chainId) {
    return {
      code: 'wrong-chain',
      detail: `the transaction is signed for chain ${chainId}, this is chain ${rules.chainId}`,
    }
  }
  if (gasLimit > rules.gasLimit) {
    return {
      code: 'gas-limit-exceeded',
      detail: `the gas limit ${gasLimit} exceeds the block's ${rules.gasLimit}`,
    }
  }
  const need = requiredGas(transaction)
  if (gasLimit >= need) return undefined
  return { code: 'intrinsic-gas-too-low', detail: `have ${gasLimit}, want ${need}` }
}

const A_TRANSFER = { kind: 'transfer' } as const

/** Gas without which the transaction cannot succeed. */
function requiredGas(transaction: Transaction): number {
  const { to } = transaction
  if (to === undefined || !isGateway(to)) return intrinsicGas(transaction)
  return intrinsicGas(transaction) + gatewayGasOf(decodeStakeCall(transaction.data) ?? A_TRANSFER)
}

function checkFee(
  rules: AdmissionRules,
  transaction: Transaction,
): Reject<MempoolRejectCode> | undefined {
  const floor = baseFeeFloor(rules.initialBaseFee)
  if (transaction.maxFeePerGas >= floor) return undefined
  return {
    code: 'fee-too-low',
    detail: `the maximum fee of ${transaction.maxFeePerGas} wei is below the least base fee of ${floor} wei`,
  }
}

function checkCall(
  rules: AdmissionRules,
  { to, data, value }: Transaction,
  congested: (destination: ChainNumber) => boolean,
): Reject<MempoolRejectCode> | undefined {
  if (to === undefined) {
    return { code: 'unsupported-call', detail: 'contracts cannot be created on this network' }
  }
  if (isPrecompile(to)) {
    return { code: 'unsupported-call', detail: 'this address is kept for a precompiled contract' }
  }
  if (!isGateway(to)) return undefined
  const order = decodeGatewayCall(rules, { data, value })
  if (order === undefined) return explainGatewayCall(data)
  if (!congested(order.destination)) return undefined
  const place = order.destination === BEACON_CHAIN ? 'the beacon' : `shard ${order.destination}`
  const detail = `${place} takes no more transfers at the moment; try again in a few seconds`
  return { code: 'shard-congested', detail }
}

function explainGatewayCall(data: Uint8Array): Reject<MempoolRejectCode> {
  const isTransfer = equalBytes(data.subarray(0, 4), GATEWAY_TRANSFER_SELECTOR)
  if (!isTransfer || data.length !== GATEWAY_CALL_SIZE) {
    return {
      code: 'unsupported-call',
      detail: `the gateway understands ${GATEWAY_TRANSFER_SIGNATURE}, ${GATEWAY_DEPOSIT_SIGNATURE} with a registration, and ${GATEWAY_EXIT_SIGNATURE} without value`,
    }
  }
  return {
    code: 'unknown-destination',
    detail: 'the chain id of the gateway call names no other open shard of this network',
  }
}
