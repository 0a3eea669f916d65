/**
 * The JSON-RPC 2.0 envelope: text to requests, outcomes to text. Total: any text gives requests or an error reply.
 *
 * Nesting is bounded before the text is parsed, and a batch before its entries are looked at. An entry without `id` is a
 * notification: it is carried out and not answered.
 */
import {
  failure,
  INVALID_REQUEST,
  PARSE_ERROR,
  type RpcError,
  type RpcOutcome,
} from './error-code.ts'

/** Nesting of arrays and objects: an access list within a call within a batch needs six. */
export const DEPTH_MAX = 16
/** Requests in one batch. */
export const BATCH_MAX = 100
/** Characters of another node's reply that are read; what it may answer its own clients. */
const FORWARDED_REPLY_LENGTH_MAX = 5_000_000
/** Characters of a string id, which is echoed. */
const ID_LENGTH_MAX = 256

export type RequestId = string | number | null

export type RpcRequest = {
  readonly id: RequestId
  readonly isNotification: boolean
  readonly method: string
  readonly params: readonly unknown[]
}

export type EnvelopeEntry =
  | { readonly ok: true; readonly request: RpcRequest }
  | { readonly ok: false; readonly id: RequestId; readonly error: RpcError }

export type Envelope =
  | { readonly kind: 'single'; readonly entry: EnvelopeEntry }
  | { readonly kind: 'batch'; readonly entries: readonly EnvelopeEntry[] }

export function parseEnvelope(text: string): Envelope {
  if (isTooDeep(text)) return invalid(`the request nests deeper than ${DEPTH_MAX} levels`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return single(null, { code: PARSE_ERROR, message: 'the request is not valid JSON' })
  }
  if (!Array.isArray(value)) return { kind: 'single', entry: readEntry(value) }
  if (value.length === 0) return invalid('a batch has at least one request')
  if (value.length > BATCH_MAX) return invalid(`a batch has at most ${BATCH_MAX} requests`)
  return { kind: 'batch', entries: value.map(readEntry) }
}

export function formatReply(id: RequestId, outcome: RpcOutcome): string {
  const body = outcome.ok ? { result: outcome.value ?? null } : { error: outcome.error }
  return JSON.stringify({ jsonrpc: '2.0', id, ...body })
}

/** The outcome in another node's reply to one request; undefined when it is no JSON-RPC reply. */
export function parseReply(text: string): RpcOutcome | undefined {
  if (text.length > FORWARDED_REPLY_LENGTH_MAX || isTooDeep(text)) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const fields = new Map<string, unknown>(Object.entries(value))
  if (fields.has('result')) return { ok: true, value: fields.get('result') }
  const error = fields.get('error')
  if (typeof error !== 'object' || error === null) return undefined
  const parts = new Map<string, unknown>(Object.entries(error))
  const code = parts.get('code')
  const message = parts.get('message')
  if (!Number.isInteger(code) || typeof message !== 'string') return undefined
  const data = parts.get('data')
  return failure(Number(code), message, data)
}

function invalid(message: string): Envelope {
  return single(null, { code: INVALID_REQUEST, message })
}

function single(id: RequestId, error: RpcError): Envelope {
  return { kind: 'single', entry: { ok: false, id, error } }
}

function readEntry(value: unknown): EnvelopeEntry {
  const refuse = (id: RequestId, message: string): EnvelopeEntry => {
    return { ok: false, id, error: { code: INVALID_REQUEST, message } }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(null, 'a request is a JSON object')
  }
  const fields = new Map<string, unknown>(Object.entries(value))
  const id = readId(fields.get('id'))
  if (id === undefined) return refuse(null, 'the id of a request is a string, a number or null')
  if (fields.get('jsonrpc') !== '2.0') return refuse(id, 'the field jsonrpc of a request is "2.0"')
  const method = fields.get('method')
  if (typeof method !== 'string') return refuse(id, 'the method of a request is a string')
  const params = fields.get('params') ?? []
  if (!Array.isArray(params)) return refuse(id, 'the params of a request are an array')
  return { ok: true, request: { id, isNotification: !fields.has('id'), method, params } }
}

/** An absent id reads as null. */
function readId(value: unknown): RequestId | undefined {
  if (value === undefined || value === null) return null
  if (typeof value === 'number') return value
  return typeof value === 'string' && value.length <= ID_LENGTH_MAX ? value : undefined
}

/** Counts brackets outside of strings; on text that is not JSON the answer does not matter. */
function isTooDeep(text: string): boolean {
  let depth = 0
  let isInString = false
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index)
    if (isInString) {
      if (character === BACKSLASH) index += 1
      else if (character === QUOTE) isInString = false
    } else if (character === QUOTE) isInString = true
    else if (character === OPEN_BRACKET || character === OPEN_BRACE) {
      depth += 1
      if (depth > DEPTH_MAX) return true
    } else if (character === CLOSE_BRACKET || character === CLOSE_BRACE) depth -= 1
  }
  return false
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
