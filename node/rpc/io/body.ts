/**
 * Reading a request's body within its limit.
 */
import type { IncomingMessage } from 'node:http'

/** Bytes of one request, over HTTP and WebSocket: thirty transactions of the largest size, or a batch of a hundred sends. */
export const BODY_BYTES_MAX = 1_000_000

export type Body =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'broken' }

/** Resolves when the body is complete, too large, or cut off; never rejects. */
export function readBody(request: IncomingMessage): Promise<Body> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > BODY_BYTES_MAX) return Promise.resolve({ kind: 'too-large' })
  const { promise, resolve } = Promise.withResolvers<Body>()
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > BODY_BYTES_MAX) {
      request.removeAllListeners('data')
      resolve({ kind: 'too-large' })
    } else chunks.push(chunk)
  })
  request.on('end', () => resolve({ kind: 'text', text: Buffer.concat(chunks).toString('utf8') }))
  request.on('error', () => resolve({ kind: 'broken' }))
  request.on('close', () => resolve({ kind: 'broken' }))
  return promise
}
