/**
 * JSON-RPC over WebSocket, with subscriptions. A client that reads more slowly than it asks or subscribes is dropped: what
 * it has not read lies in this process's memory.
 */
import type { WebSocket } from 'ws'
import type { ChainNumber } from '../../primitives/identifiers.ts'
import { busy } from '../error-code.ts'
import { formatReply } from '../envelope.ts'
import type { Route } from '../dispatch.ts'
import type { SubscriptionPort } from '../method.ts'
import { formatNotification, notificationOf, type SubscriptionKind } from '../subscription.ts'
import { newId, type RpcHost } from './host.ts'

/** Subscriptions of one connection. */
const SUBSCRIPTIONS_MAX = 5
/** Messages of one connection under way at once. */
const MESSAGES_MAX = 100
/** Bytes that may wait for a client to read them: two of the largest replies. */
const UNREAD_BYTES_MAX = 10_000_000
/** RFC 6455: the server will not serve this any more. */
const GOING_AWAY = 1001
/** A client that answers no ping for this long is gone. */
const PING_INTERVAL_MS = 30_000

export function serveWebSocket(host: RpcHost, socket: WebSocket, route: Route): void {
  const subscriptions = new Map<string, { shard: ChainNumber; kind: SubscriptionKind }>()
  let underWay = 0
  let isAlive = true

  function send(text: string): void {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > UNREAD_BYTES_MAX) return socket.terminate()
    socket.send(text)
  }

  /** A subscription that would be silent from now on is ended where its owner hears of it. */
  function leave(left: ChainNumber): void {
    const isConcerned = [...subscriptions.values()].some(({ shard }) => shard === left)
    if (isConcerned) socket.close(GOING_AWAY, `this node no longer holds shard ${left}`)
  }

  const port: SubscriptionPort = {
    subscribe: (shard, kind) => {
      if (subscriptions.size >= SUBSCRIPTIONS_MAX) return undefined
      const id = newId()
      subscriptions.set(id, { shard, kind })
      return id
    },
    unsubscribe: (id) => subscriptions.delete(id),
  }
  const stopListening = host.listen((event) => {
    if (event.kind === 'shard-left') return leave(event.shard)
    for (const [id, { shard, kind }] of subscriptions) {
      const result = notificationOf(kind, shard, event)
      if (result !== undefined) send(formatNotification(id, result))
    }
  })
  const heartbeat = setInterval(() => {
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  }, PING_INTERVAL_MS)

  async function answer(text: string): Promise<void> {
    underWay += 1
    const reply = await host.answer(route, text, port)
    underWay -= 1
    if (reply !== undefined) send(reply)
  }

  socket.on('message', (data, isBinary) => {
    if (isBinary) return socket.close(1003, 'send text')
    if (underWay >= MESSAGES_MAX) return send(formatReply(null, busy()))
    void answer(textOf(data))
  })
  socket.on('pong', () => {
    isAlive = true
  })
  // The library reports protocol errors of the client here and closes by itself.
  socket.on('error', () => undefined)
  socket.on('close', () => {
    clearInterval(heartbeat)
    stopListening()
  })
}

function textOf(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8')
  return Buffer.from(data as Buffer).toString('utf8')
}
