/**
 * The RPC server: one port, HTTP and WebSocket. `/shard/<k>` is an Ethereum node of that shard, `/` is shard 1's with the
 * network's own namespaces, `/beacon` those namespaces alone.
 *
 * Every limit is in our hands: who may call (request-policy.ts), how much at once (gate.ts), how large (body.ts), how many
 * connections. Errors never carry stack traces.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { BEACON_CHAIN } from '../../primitives/identifiers.ts'
import type { NetworkBackend } from '../backend.ts'
import { chainDefinitions, openRpcDocument } from '../chain-definition.ts'
import type { Route } from '../dispatch.ts'
import { BODY_BYTES_MAX, readBody } from './body.ts'
import { openRpcHost, type RpcHost } from './host.ts'
import { RpcListenError } from './listen-error.ts'
import {
  allowedOrigin,
  checkContentType,
  checkHost,
  checkOrigin,
  type RequestPolicy,
} from './request-policy.ts'
import { serveWebSocket } from './web-socket.ts'

/** TCP connections, HTTP and WebSocket together. */
const CONNECTIONS_MAX = 900
const WEB_SOCKETS_MAX = 100
const HEADER_BYTES_MAX = 16 * 1024
/** A client has this long for its headers, and for its whole request. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** Longer than the usual pause between polls, so that pollers keep their connection. */
const KEEP_ALIVE_MS = 65_000

export type RpcServerOptions = {
  readonly backend: NetworkBackend
  /** 127.0.0.1 unless said otherwise. */
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  /** Prometheus text for `/metrics`. */
  readonly metricsText: () => Promise<string>
  readonly allowedHosts?: readonly string[]
  readonly corsOrigins?: readonly string[]
  readonly deadlineMs?: number
  readonly onFailure?: (method: string, error: unknown) => void
}

export type RpcServer = {
  readonly url: string
  readonly port: number
  /** Answers one JSON-RPC text without a socket: calls that other nodes forward. */
  readonly answer: RpcHost['answer']
  /** Ends all connections; resolves when the port is free. */
  readonly stop: () => Promise<void>
}

/** Throws RpcListenError when the address cannot be had. */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const host = options.host ?? '127.0.0.1'
  const policy: RequestPolicy = {
    host,
    allowedHosts: options.allowedHosts ?? [],
    corsOrigins: options.corsOrigins ?? [],
  }
  const rpc = openRpcHost(options)
  const site: Site = { rpc, policy, backend: options.backend, metricsText: options.metricsText }
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, (request, response) => {
    serveRequest(site, request, response).catch((error: unknown) => {
      options.onFailure?.('http', error)
      if (!response.headersSent) respond(response, 500, { error: 'internal error' })
      else response.destroy()
    })
  })
  const stopWebSockets = acceptWebSockets(server, site)
  server.maxConnections = CONNECTIONS_MAX
  server.headersTimeout = HEADERS_TIMEOUT_MS
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.keepAliveTimeout = KEEP_ALIVE_MS
  try {
    await listen(server, { host, port: options.port })
  } catch (cause) {
    rpc.close()
    throw new RpcListenError({ host, port: options.port }, cause)
  }
  server.on('error', (error) => options.onFailure?.('http', error))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    answer: rpc.answer,
    stop: () => {
      rpc.close()
      stopWebSockets()
      return new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

/** What a request is served from. */
type Site = {
  readonly rpc: RpcHost
  readonly policy: RequestPolicy
  readonly backend: NetworkBackend
  readonly metricsText: () => Promise<string>
}

async function serveRequest(
  site: Site,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refusal = checkHost(site.policy, request)
  if (refusal !== undefined) return respond(response, refusal.status, { error: refusal.message })
  const origin = allowedOrigin(site.policy, request)
  if (origin !== undefined) allowOrigin(response, origin)
  const path = pathOf(request)
  switch (request.method) {
    case 'POST':
      return serveCall(site, request, response)
    case 'GET':
    case 'HEAD':
      return servePage(site, request, response)
    case 'OPTIONS':
      if (origin !== undefined) return respond(response, 204, undefined)
      return respond(response, 403, { error: 'web pages of other origins may not call this node' })
    default:
      response.setHeader('Allow', 'GET, HEAD, POST')
      return respond(response, 405, { error: `${path} takes GET or POST` })
  }
}

async function serveCall(
  site: Site,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const route = routeOf(site.backend, pathOf(request))
  if (route === undefined) return respond(response, 404, { error: noSuchPath(site.backend) })
  const refusal = checkContentType(request)
  if (refusal !== undefined) return respond(response, refusal.status, { error: refusal.message })
  const body = await readBody(request)
  if (body.kind === 'broken') return void response.destroy()
  if (body.kind === 'too-large') {
    // The rest of the body is not read, so the connection cannot be used again.
    response.setHeader('Connection', 'close')
    return respond(response, 413, { error: `a request has at most ${BODY_BYTES_MAX} bytes` })
  }
  const reply = await site.rpc.answer(route, body.text)
  if (reply === undefined) return respond(response, 204, undefined)
  respondText(response, 200, { type: 'application/json', text: reply })
}

async function servePage(
  { backend, metricsText }: Site,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  switch (pathOf(request)) {
    case '/health': {
      const health = backend.health()
      return respond(response, health.ok ? 200 : 503, health)
    }
    case '/metrics': {
      const type = 'text/plain; version=0.0.4; charset=utf-8'
      return respondText(response, 200, { type, text: await metricsText() })
    }
    case '/chains.json':
      return respond(response, 200, chainDefinitions(backend.network(), request.headers.host ?? ''))
    case '/openrpc.json':
      return respond(response, 200, openRpcDocument(backend.network()))
    default:
      return respond(response, 404, { error: noSuchPath(backend) })
  }
}

function acceptWebSockets(server: Server, { rpc, policy, backend }: Site): () => void {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: BODY_BYTES_MAX })
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy())
    const refusal = checkHost(policy, request) ?? checkOrigin(policy, request)
    const route = routeOf(backend, pathOf(request))
    if (refusal !== undefined) return refuseUpgrade(stream, refusal.status)
    if (route === undefined) return refuseUpgrade(stream, 404)
    if (sockets.clients.size >= WEB_SOCKETS_MAX) return refuseUpgrade(stream, 503)
    sockets.handleUpgrade(request, stream, head, (socket) => serveWebSocket(rpc, socket, route))
  })
  return () => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
  }
}

function refuseUpgrade(stream: Duplex, status: number): void {
  stream.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** undefined: there is no such chain. */
function routeOf(backend: NetworkBackend, path: string): Route | undefined {
  if (path === '/') return 1
  if (path === '/beacon') return BEACON_CHAIN
  const digits = /^\/shard\/([1-9]\d{0,3})\/?$/.exec(path)?.[1]
  const shard = digits === undefined ? 0 : Number(digits)
  return shard >= 1 && shard <= backend.network().shardCount ? shard : undefined
}

function noSuchPath(backend: NetworkBackend): string {
  const { shardCount } = backend.network()
  return `call /, /beacon or /shard/1 to /shard/${shardCount}; read /health, /metrics, /chains.json or /openrpc.json`
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/'
}

function allowOrigin(response: ServerResponse, origin: string): void {
  response.setHeader('Access-Control-Allow-Origin', origin)
  response.setHeader('Access-Control-Allow-Methods', 'POST, GET')
  response.setHeader('Access-Control-Allow-Headers', 'content-type')
  response.setHeader('Vary', 'Origin')
}

function respond(response: ServerResponse, status: number, body: object | undefined): void {
  const text = body === undefined ? '' : JSON.stringify(body)
  respondText(response, status, { type: 'application/json', text })
}

function respondText(
  response: ServerResponse,
  status: number,
  { type, text }: { readonly type: string; readonly text: string },
): void {
  response.statusCode = status
  response.setHeader('Content-Type', type)
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.end(text)
}

function listen(server: Server, address: { host: string; port: number }): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(address, () => {
    server.off('error', reject)
    resolve()
  })
  return promise
}
