/**
 * Which HTTP requests are let in at all, before their body is read. The Host header keeps out web pages that point a name
 * of theirs at this machine (DNS rebinding); the content type keeps out forms, which browsers send without asking; the
 * origin keeps out web pages that open a WebSocket, which browsers do without asking too.
 */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

export type RequestPolicy = {
  /** Where the server listens; this name is let in. */
  readonly host: string
  /** Further host names by which clients may call this node. */
  readonly allowedHosts: readonly string[]
  /** Origins of web pages that may call this node; none by default. */
  readonly corsOrigins: readonly string[]
}

export type Refusal = { readonly status: number; readonly message: string }

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])
const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::', ''])

export function checkHost(policy: RequestPolicy, request: IncomingMessage): Refusal | undefined {
  const host = request.headers.host
  if (host !== undefined && isAllowedHost(policy, hostNameOf(host))) return undefined
  const message = 'this Host is not served here; call the node by its address, or allow the name'
  return { status: 403, message }
}

export function checkContentType(request: IncomingMessage): Refusal | undefined {
  const type = request.headers['content-type'] ?? ''
  if (type.split(';', 1)[0]?.trim().toLowerCase() === 'application/json') return undefined
  return { status: 415, message: 'send JSON-RPC with Content-Type: application/json' }
}

/** Requests without an origin do not come from a web page. */
export function checkOrigin(policy: RequestPolicy, request: IncomingMessage): Refusal | undefined {
  const { origin } = request.headers
  if (origin === undefined || allowedOrigin(policy, request) !== undefined) return undefined
  if (URL.canParse(origin) && isAllowedHost(policy, new URL(origin).hostname)) return undefined
  return { status: 403, message: 'web pages of this origin may not call this node' }
}

/** The origin to name in CORS headers, if it was allowed by the operator. */
export function allowedOrigin(policy: RequestPolicy, request: IncomingMessage): string | undefined {
  const { origin } = request.headers
  return origin !== undefined && policy.corsOrigins.includes(origin) ? origin : undefined
}

function isAllowedHost(policy: RequestPolicy, name: string): boolean {
  if (LOOPBACK_NAMES.has(name)) return true
  if (name === policy.host.toLowerCase() || name === `[${policy.host.toLowerCase()}]`) return true
  if (policy.allowedHosts.includes(name)) return true
  // Listening everywhere: an address is no name that somebody else's DNS could answer for.
  return ANY_ADDRESS.has(policy.host) && isIP(name.replace(/^\[|\]$/g, '')) !== 0
}

/** Without the port, lower case. */
function hostNameOf(header: string): string {
  return header.replace(/:\d{1,5}$/, '').toLowerCase()
}
