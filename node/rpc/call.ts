/**
 * Calls that are only imagined: `eth_call` and `eth_estimateGas`. There is no contract code on the chain yet, so a call is
 * a plain transfer or a call of the gateway, and what it would do can be said without running anything.
 */
import { ADDRESS_SIZE, type Address } from '../primitives/identifiers.ts'
import { TRANSACTION_BYTES_MAX } from '../primitives/limits.ts'
import { intrinsicGas } from '../shards/fees.ts'
import { decodeGatewayCall, gatewayGasOf, isGateway } from '../shards/vm/gateway.ts'
import { isPrecompile } from '../shards/vm/transfer.ts'
import type { BlockSelector } from './backend.ts'
import {
  EXECUTION_REVERTED,
  failure,
  SERVER_ERROR,
  stateUnavailable,
  type RpcOutcome,
} from './error-code.ts'
import { readAmount, readData, readFixed, readInteger } from './hexadecimal.ts'
import type { ShardContext } from './method.ts'
import { fieldsOf, required, type Parameter } from './parameter.ts'

export type CallRequest = {
  readonly from: Address
  readonly to: Address | undefined
  readonly value: bigint
  readonly data: Uint8Array
  readonly gas: number | undefined
  /** Wei per gas; 0 when the caller names no fee. */
  readonly maxFeePerGas: bigint
  /** Addresses and keys an access list names; they cost intrinsic gas. */
  readonly accessList: readonly { readonly storageKeys: readonly unknown[] }[]
}

const CALL_SHAPE = 'a call object with from, to, gas, value, data or input, and fees in hexadecimal'

export function callParameter(name: string): Parameter<CallRequest> {
  return required(name, CALL_SHAPE, readCall)
}

/** Gas that the call needs as a transaction, or why it would fail. */
export async function prepareCall(
  context: ShardContext,
  call: CallRequest,
  at: BlockSelector,
): Promise<{ readonly ok: true; readonly gas: number } | (RpcOutcome & { readonly ok: false })> {
  const { to } = call
  if (to === undefined) return refuse('unsupported call: contracts cannot be created here')
  if (isPrecompile(to)) return refuse('unsupported call: there are no precompiled contracts here')
  const order = isGateway(to) ? gatewayOrderOf(context, call) : undefined
  if (isGateway(to) && order === undefined) {
    return asFailure(failure(EXECUTION_REVERTED, 'execution reverted', '0x'))
  }
  const gas = intrinsicGas(call) + (order === undefined ? 0 : gatewayGasOf(order))
  if (call.gas !== undefined && call.gas < gas) {
    return refuse(`intrinsic gas too low: have ${call.gas}, want ${gas}`)
  }
  return checkBalance(context, call, { at, gas })
}

async function checkBalance(
  { chain }: ShardContext,
  call: CallRequest,
  { at, gas }: { readonly at: BlockSelector; readonly gas: number },
): Promise<{ readonly ok: true; readonly gas: number } | (RpcOutcome & { readonly ok: false })> {
  if (call.value === 0n && call.maxFeePerGas === 0n) return { ok: true, gas }
  const accounts = await chain.accounts(at, [call.from])
  const balance = accounts?.[0]?.balance
  if (balance === undefined) return asFailure(stateUnavailable())
  if (balance < call.value) return refuse('insufficient funds for transfer')
  if (balance - call.value < BigInt(gas) * call.maxFeePerGas) {
    const want = call.value + BigInt(gas) * call.maxFeePerGas
    return refuse(`insufficient funds for gas * price + value: address ${balance}, want ${want}`)
  }
  return { ok: true, gas }
}

function gatewayOrderOf({ backend, shard }: ShardContext, call: CallRequest) {
  const { shardCount, chainIdBase } = backend.network()
  return decodeGatewayCall({ shard, shardCount, chainIdBase }, call)
}

function refuse(message: string): RpcOutcome & { readonly ok: false } {
  return asFailure(failure(SERVER_ERROR, message))
}

function asFailure(outcome: RpcOutcome): RpcOutcome & { readonly ok: false } {
  return outcome.ok ? { ok: false, error: { code: SERVER_ERROR, message: 'no answer' } } : outcome
}

function readCall(value: unknown): CallRequest | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const fields = fieldsOf(value)
  const read = <T>(name: string, reader: (given: unknown) => T | undefined, absent: T) => {
    const given = fields.get(name)
    return given === undefined || given === null ? absent : reader(given)
  }
  const address = (given: unknown) => readFixed(given, ADDRESS_SIZE)
  const bytes = (given: unknown) => readData(given, TRANSACTION_BYTES_MAX)
  const from = read('from', address, new Uint8Array(ADDRESS_SIZE))
  const to = read<Address | null>('to', address, null)
  const amount = read('value', readAmount, 0n)
  const data = read('input', bytes, undefined) ?? read('data', bytes, new Uint8Array(0))
  const gas = read<number | null>('gas', readInteger, null)
  const fee = read('maxFeePerGas', readAmount, undefined) ?? read('gasPrice', readAmount, 0n)
  const accessList = read('accessList', readAccessList, [])
  if (from === undefined || to === undefined || amount === undefined || data === undefined) {
    return undefined
  }
  if (gas === undefined || fee === undefined || accessList === undefined) return undefined
  return {
    from,
    to: to ?? undefined,
    value: amount,
    data,
    gas: gas ?? undefined,
    maxFeePerGas: fee,
    accessList,
  }
}

/** Entries beyond what a transaction of the largest size can hold are refused. */
const ACCESS_LIST_MAX = 1_000

function readAccessList(value: unknown): CallRequest['accessList'] | undefined {
  if (!Array.isArray(value) || value.length > ACCESS_LIST_MAX) return undefined
  const entries: { storageKeys: readonly unknown[] }[] = []
  for (const entry of value as readonly unknown[]) {
    if (typeof entry !== 'object' || entry === null) return undefined
    const storageKeys = fieldsOf(entry).get('storageKeys') ?? []
    if (!Array.isArray(storageKeys) || storageKeys.length > ACCESS_LIST_MAX) return undefined
    entries.push({ storageKeys })
  }
  return entries
}
