/**
 * The RPC of one node without its sockets: methods, filters, room for requests, and the node's events spread to whoever
 * listens. The HTTP server and peers that forward calls both speak to it.
 */
import { randomBytes } from 'node:crypto'
import type { ChainNumber } from '../../primitives/identifiers.ts'
import type { HeadEvent, NetworkBackend } from '../backend.ts'
import { dispatch, type Route } from '../dispatch.ts'
import { createFilterStore } from '../filters.ts'
import type { SubscriptionPort } from '../method.ts'
import { createGate } from './gate.ts'

export type RpcHostOptions = {
  readonly backend: NetworkBackend
  /** Milliseconds for a request that names no deadline of its own. */
  readonly deadlineMs?: number
  /** Told of exceptions out of methods: bugs of ours, never the caller's doing. */
  readonly onFailure?: (method: string, error: unknown) => void
}

export type RpcHost = {
  /** The reply to one JSON-RPC text; undefined when it holds notifications only. Never rejects. */
  readonly answer: (
    route: Route,
    text: string,
    subscriptions?: SubscriptionPort,
  ) => Promise<string | undefined>
  /** Returns the function that ends the listening. */
  readonly listen: (listener: (event: HeadEvent) => void) => () => void
  readonly close: () => void
}

export function openRpcHost(options: RpcHostOptions): RpcHost {
  const { backend } = options
  const gate = createGate(options.deadlineMs)
  const filters = createFilterStore(newId)
  const listeners = new Set<(event: HeadEvent) => void>([filters.note])
  const stopWatching = backend.subscribe((event) => {
    for (const listener of listeners) listener(event)
  })

  function listen(listener: (event: HeadEvent) => void): () => void {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  /** Ends every wait for a block. */
  const waits = new Set<() => void>()

  function waitForBlock(shard: ChainNumber, until: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const giveUp = () => resolve(false)
    waits.add(giveUp)
    const stop = listen((event) => {
      if (event.kind === 'block' && event.shard === shard) resolve(true)
    })
    const timer = setTimeout(giveUp, Math.max(0, until - Date.now()))
    return promise.finally(() => {
      clearTimeout(timer)
      waits.delete(giveUp)
      stop()
    })
  }

  const reportFailure = options.onFailure ?? (() => undefined)
  return {
    answer: (route, text, subscriptions) => {
      const { perform } = gate
      const now = Date.now()
      const port = { backend, filters, waitForBlock, subscriptions, now, perform, reportFailure }
      return dispatch(port, route, text)
    },
    listen,
    close: () => {
      stopWatching()
      listeners.clear()
      for (const giveUp of waits) giveUp()
    },
  }
}

/** 128 bits that nobody guesses, in the form of geth's ids. */
export function newId(): string {
  return `0x${randomBytes(16).toString('hex')}`
}
