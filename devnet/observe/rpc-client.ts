/**
 * A JSON-RPC client for watching and loading a network from outside: kept-alive connections, batches, a deadline on every
 * request, a cap on every answer. It is not the node's own client on purpose: an observer shares nothing with what it observes.
 */
import { Agent, request, type IncomingMessage } from 'node:http'

export type RpcCall = { readonly method: string; readonly params: readonly unknown[] }

export type RpcAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly code: number; readonly message: string; readonly data: unknown }

/** Nobody answered: refused, timed out, not HTTP 200, not JSON-RPC. The request may or may not have been carried out. */
export class RpcUnreachableError extends Error {
  override readonly name = 'RpcUnreachableError'
}

export type RpcClient = {
  readonly url: string
  /** At most RPC_BATCH_MAX calls; answers in the order of the calls. Throws `RpcUnreachableError`. */
  readonly batch: (path: string, calls: readonly RpcCall[]) => Promise<readonly RpcAnswer[]>
  /** One call; an error answer is thrown as `RpcUnreachableError` too, for callers that expect none. */
  readonly call: (path: string, method: string, params: readonly unknown[]) => Promise<unknown>
  readonly get: (path: string) => Promise<{ readonly status: number; readonly text: string }>
  readonly close: () => void
}

/** The nodes' own limit on batches. */
export const RPC_BATCH_MAX = 100
/** A batch of full blocks; more than this is no answer to anything we ask. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024

export function createRpcClient(
  url: string,
  options: { readonly timeoutMs: number; readonly sockets?: number },
): RpcClient {
  const agent = new Agent({ keepAlive: true, maxSockets: options.sockets ?? 4 })
  let nextId = 1

  async function exchange(method: 'GET' | 'POST', path: string, body?: string) {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    return new Promise<{ status: number; text: string }>((resolve, reject) => {
      const fail = (error: Error) =>
        reject(new RpcUnreachableError(`${url}${path}: ${error.message}`, { cause: error }))
      const outgoing = request(`${url}${path}`, { method, agent, headers }, (incoming) => {
        readText(incoming).then((text) => resolve({ status: incoming.statusCode ?? 0, text }), fail)
      })
      outgoing.setTimeout(options.timeoutMs, () => outgoing.destroy(new Error('no answer in time')))
      outgoing.on('error', fail)
      outgoing.end(body)
    })
  }

  async function batch(path: string, calls: readonly RpcCall[]): Promise<readonly RpcAnswer[]> {
    if (calls.length === 0) return []
    const firstId = nextId
    nextId += calls.length
    const envelope = calls.map((call, index) => ({ jsonrpc: '2.0', id: firstId + index, ...call }))
    const { status, text } = await exchange('POST', path, JSON.stringify(envelope))
    if (status !== 200) throw new RpcUnreachableError(`${url}${path}: HTTP ${status}`)
    return readAnswers(text, firstId, calls.length, `${url}${path}`)
  }

  return {
    url,
    batch,
    call: async (path, method, params) => {
      const [answer] = await batch(path, [{ method, params }])
      if (answer?.ok === true) return answer.result
      throw new RpcUnreachableError(`${url}${path}: ${method}: ${answer?.message ?? 'no answer'}`)
    },
    get: (path) => exchange('GET', path),
    close: () => agent.destroy(),
  }
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > ANSWER_BYTES_MAX) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Answers come in any order; they are matched by id. An error for the whole batch is the answer to each call. */
function readAnswers(text: string, firstId: number, count: number, name: string): RpcAnswer[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new RpcUnreachableError(`${name}: the answer is not JSON`, { cause: error })
  }
  const envelopes = (Array.isArray(value) ? value : [value]) as readonly Record<string, unknown>[]
  const byId = new Map(envelopes.map((envelope) => [envelope['id'], envelope]))
  const whole = Array.isArray(value) ? undefined : envelopes[0]
  return Array.from({ length: count }, (_, index) =>
    readAnswer(byId.get(firstId + index) ?? whole, name),
  )
}

function readAnswer(envelope: Record<string, unknown> | undefined, name: string): RpcAnswer {
  if (envelope === undefined) throw new RpcUnreachableError(`${name}: a call was not answered`)
  if ('result' in envelope) return { ok: true, result: envelope['result'] }
  const error = (envelope['error'] ?? {}) as Record<string, unknown>
  return {
    ok: false,
    code: Number(error['code'] ?? 0),
    message: typeof error['message'] === 'string' ? error['message'] : 'unknown error',
    data: error['data'],
  }
}
