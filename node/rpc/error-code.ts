/**
 * What the RPC answers when it cannot answer: JSON-RPC's own codes, and geth's words where geth has words, because
 * wallets and libraries recognise errors by them. `data.code` names the reason for programs.
 */
import type { SubmitReject, SubmitRejectCode } from './backend.ts'

export type RpcError = { readonly code: number; readonly message: string; readonly data?: unknown }

/** A method's answer: a JSON value, or an error. */
export type RpcOutcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: RpcError }

export const PARSE_ERROR = -32700
export const INVALID_REQUEST = -32600
export const METHOD_NOT_FOUND = -32601
export const INVALID_PARAMS = -32602
export const INTERNAL_ERROR = -32603
export const SERVER_ERROR = -32000
export const NOT_SUPPORTED = -32001
const TIMED_OUT = -32002
export const RESPONSE_TOO_LARGE = -32003
export const LIMIT_EXCEEDED = -32005
/** geth's code for a call that reverts. */
export const EXECUTION_REVERTED = 3
/** EIP-7966: the transaction is in the pool, its receipt did not come in time. */
export const RECEIPT_TIMED_OUT = 4

/** When to try again after `shard-congested`: about the time in which a crosslink returns credit. */
const CONGESTED_RETRY_MS = 2_000

/** When to try again after `busy`. */
const BUSY_RETRY_MS = 500

export function answer(value: unknown): RpcOutcome {
  return { ok: true, value }
}

export function failure(code: number, message: string, data?: unknown): RpcOutcome {
  return { ok: false, error: data === undefined ? { code, message } : { code, message, data } }
}

export function timedOut(): RpcOutcome {
  return failure(TIMED_OUT, 'request timed out')
}

/** Too much at once: nothing was done, and it may be asked again. */
export function busy(): RpcOutcome {
  const message = 'the node has too many requests under way; try again'
  return failure(LIMIT_EXCEEDED, message, { code: 'busy', retryAfterMs: BUSY_RETRY_MS })
}

export function unknownBlock(): RpcOutcome {
  return failure(SERVER_ERROR, 'header not found', { code: 'unknown-block' })
}

export function stateUnavailable(): RpcOutcome {
  const message = 'the state of this block is not kept by this node; ask for a newer block'
  return failure(SERVER_ERROR, message, { code: 'state-unavailable' })
}

/** geth's sentence per code; the detail follows after a colon. */
const SUBMIT_WORDS: Record<SubmitRejectCode, string> = {
  malformed: 'invalid transaction',
  'wrong-chain': 'invalid chain id for signer',
  'invalid-signature': 'invalid sender',
  'nonce-too-low': 'nonce too low',
  'nonce-too-high': 'nonce too high',
  'insufficient-funds': 'insufficient funds for gas * price + value',
  'intrinsic-gas-too-low': 'intrinsic gas too low',
  'fee-too-low': 'max fee per gas less than block base fee',
  'gas-limit-exceeded': 'exceeds block gas limit',
  'replacement-underpriced': 'replacement transaction underpriced',
  'already-known': 'already known',
  'unsupported-call': 'unsupported call',
  'unknown-destination': 'unknown destination shard',
  'shard-retiring': 'shard is retiring',
  'shard-congested': 'shardCongested',
  'pool-full': 'txpool is full',
}

export function submitFailure({ code, detail }: SubmitReject): RpcOutcome {
  const message = `${SUBMIT_WORDS[code]}: ${detail}`
  const hint = code === 'shard-congested' ? { retryAfterMs: CONGESTED_RETRY_MS } : {}
  return failure(SERVER_ERROR, message, { code, ...hint })
}
