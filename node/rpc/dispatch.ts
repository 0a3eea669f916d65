/**
 * From a text to the text that answers it: envelope, method, parameters, the node's answer. Total: whatever the text is,
 * the answer is a JSON-RPC reply, or nothing for notifications.
 *
 * A call about a shard that this node does not host goes to a member of that shard, one call at a time.
 */
import { BEACON_CHAIN, type ChainNumber } from '../primitives/identifiers.ts'
import {
  formatReply,
  parseEnvelope,
  parseReply,
  type EnvelopeEntry,
  type RpcRequest,
} from './envelope.ts'
import {
  failure,
  INTERNAL_ERROR,
  LIMIT_EXCEEDED,
  METHOD_NOT_FOUND,
  NOT_SUPPORTED,
  RESPONSE_TOO_LARGE,
  SERVER_ERROR,
  type RpcOutcome,
} from './error-code.ts'
import { readParameters, type Method, type NetworkContext } from './method.ts'
import { methodByName } from './method-table.ts'

/** What all requests of one batch may cost together: a hundred sends and a few heavy reads fit. */
const BATCH_COST_MAX = 1_000
/** Characters of a reply. The largest honest one, a full block with its transactions, takes about 1.5 million. */
const REPLY_LENGTH_MAX = 5_000_000

/** Which chain the caller addressed: the beacon's route has no `eth_*`. */
export type Route = ChainNumber

export type DispatchPort = Omit<NetworkContext, 'shard'> & {
  /** Runs the work when there is room for it; settles with its outcome, or with an error when it takes too long. */
  readonly perform: (
    work: () => Promise<RpcOutcome>,
    deadlineMs: number | undefined,
  ) => Promise<RpcOutcome>
  /** Told of a bug: an exception out of a method. The caller gets no more than "internal error". */
  readonly reportFailure: (method: string, error: unknown) => void
}

/** The reply to one HTTP body or WebSocket message; undefined when there is nothing to say (notifications only). */
export async function dispatch(
  port: DispatchPort,
  route: Route,
  text: string,
): Promise<string | undefined> {
  const envelope = parseEnvelope(text)
  if (envelope.kind === 'single') return replyTo(port, route, envelope.entry)
  if (costOf(envelope.entries) > BATCH_COST_MAX) {
    return formatReply(null, failure(LIMIT_EXCEEDED, 'the batch asks for too much at once'))
  }
  const replies = await Promise.all(envelope.entries.map((entry) => replyTo(port, route, entry)))
  const spoken = replies.filter((reply) => reply !== undefined)
  if (spoken.length === 0) return undefined
  const joined = `[${spoken.join(',')}]`
  return joined.length <= REPLY_LENGTH_MAX ? joined : formatReply(null, replyTooLarge())
}

async function replyTo(
  port: DispatchPort,
  route: Route,
  entry: EnvelopeEntry,
): Promise<string | undefined> {
  if (!entry.ok) return formatReply(entry.id, { ok: false, error: entry.error })
  const { request } = entry
  const outcome = await answerRequest(port, route, request)
  if (request.isNotification) return undefined
  const reply = formatReply(request.id, outcome)
  return reply.length <= REPLY_LENGTH_MAX ? reply : formatReply(request.id, replyTooLarge())
}

async function answerRequest(
  port: DispatchPort,
  route: Route,
  request: RpcRequest,
): Promise<RpcOutcome> {
  const method = methodByName(request.method)
  if (method === undefined || !isServedOn(route, method)) return unknownMethod(request.method)
  const read = readParameters(method, request.params)
  if (!read.ok) return read.outcome
  const work = () => runMethod(port, { shard: route, method, values: read.values, request })
  try {
    return await port.perform(work, method.deadlineMs)
  } catch (error) {
    port.reportFailure(request.method, error)
    return failure(INTERNAL_ERROR, 'internal error')
  }
}

type Call = {
  readonly shard: ChainNumber
  readonly method: Method
  readonly values: readonly unknown[]
  readonly request: RpcRequest
}

async function runMethod(port: DispatchPort, call: Call): Promise<RpcOutcome> {
  const { shard, method, values } = call
  const { backend } = port
  const { shardCount, hostedShards } = backend.network()
  if (shard > shardCount) return unknownShard(shard)
  if (method.scope === 'network') return method.run({ ...port, shard }, values)
  if (!hostedShards.includes(shard)) {
    if (isRetired(backend, shard)) return retiredShard(shard)
    if (method.isLocal === true) return notHere(shard, method)
    const outcome = await forward(port, call)
    if (outcome !== undefined) return outcome
    if (method.hasFallback !== true) return unreachableShard(shard)
  }
  const chain = backend.shard(shard)
  if (chain === undefined) return unknownShard(shard)
  const outcome = await method.run({ ...port, shard, chain }, values)
  const isLeft = hostedShards.includes(shard) && !backend.network().hostedShards.includes(shard)
  if (!isLeft || method.isLocal === true || method.hasFallback === true) return outcome
  // The shard was left while it was asked: what is not here any more may be anything.
  return (await forward(port, call)) ?? unreachableShard(shard)
}

/** B.7: nobody has a seat there any more. */
function isRetired(backend: DispatchPort['backend'], shard: ChainNumber): boolean {
  return backend.beacon().head.shards[shard - 1]?.stage === 'retired'
}

function retiredShard(shard: ChainNumber): RpcOutcome {
  const sentence = `shard ${shard} is retired; its balances went to the same addresses on another shard`
  return failure(SERVER_ERROR, sentence, { code: 'shard-retired' })
}

/** undefined: no member of the shard answered. */
async function forward(
  { backend }: DispatchPort,
  { shard, method, request }: Call,
): Promise<RpcOutcome | undefined> {
  const { params } = request
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: method.name, params })
  const reply = await backend.forward(shard, text)
  return reply === undefined ? undefined : parseReply(reply)
}

function isServedOn(route: Route, method: Method): boolean {
  if (route !== BEACON_CHAIN) return true
  return method.scope === 'network' && method.needsShard !== true
}

function costOf(entries: readonly EnvelopeEntry[]): number {
  let cost = 0
  for (const entry of entries) {
    cost += entry.ok ? (methodByName(entry.request.method)?.cost ?? 1) : 1
  }
  return cost
}

function unknownMethod(name: string): RpcOutcome {
  const shown = name.slice(0, 64)
  return failure(METHOD_NOT_FOUND, `the method ${shown} does not exist/is not available`)
}

function unknownShard(shard: ChainNumber): RpcOutcome {
  return failure(SERVER_ERROR, `there is no shard ${shard}`, { code: 'unknown-shard' })
}

function notHere(shard: ChainNumber, method: Method): RpcOutcome {
  const sentence = `this node does not hold shard ${shard}; ask one of its members for ${method.name}`
  return failure(NOT_SUPPORTED, sentence, { code: 'shard-not-hosted' })
}

function unreachableShard(shard: ChainNumber): RpcOutcome {
  const sentence = `this node does not hold shard ${shard} and no member of it answered; try again`
  return failure(SERVER_ERROR, sentence, { code: 'shard-unreachable' })
}

function replyTooLarge(): RpcOutcome {
  return failure(RESPONSE_TOO_LARGE, 'response too large')
}
