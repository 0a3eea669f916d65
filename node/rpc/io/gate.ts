/**
 * Room for requests: so many run at once, so many wait, the rest is turned away. Every request has a deadline that counts
 * from its arrival. Requests with a deadline of their own (they wait for blocks) have a room of their own, so that they
 * do not keep out the short ones.
 */
import { busy, timedOut, type RpcOutcome } from '../error-code.ts'

/** Requests under way at once. */
const ACTIVE_MAX = 100
/** Requests that wait for their turn: ten full batches. */
const WAITING_MAX = 1_000
/** Requests that wait for a block at once. */
const LONG_MAX = 100
/** Milliseconds for any request that names no deadline of its own. */
const DEADLINE_MS = 5_000

export type Gate = {
  readonly perform: (
    work: () => Promise<RpcOutcome>,
    deadlineMs: number | undefined,
  ) => Promise<RpcOutcome>
  readonly counts: () => {
    readonly active: number
    readonly waiting: number
    readonly long: number
  }
}

export function createGate(deadlineMsDefault = DEADLINE_MS): Gate {
  const waiting: (() => void)[] = []
  let active = 0
  let long = 0

  /** Resolves when there is room; the caller then holds a place until it calls `leave`. */
  function enter(): Promise<void> {
    if (active < ACTIVE_MAX) {
      active += 1
      return Promise.resolve()
    }
    return new Promise((resolve) => waiting.push(resolve))
  }

  function leave(): void {
    // The place passes on to the next in line.
    const next = waiting.shift()
    if (next === undefined) active -= 1
    else next()
  }

  async function performShort(work: () => Promise<RpcOutcome>): Promise<RpcOutcome> {
    const latest = performance.now() + deadlineMsDefault
    await enter()
    try {
      // Its caller has been answered already: do not spend a place on it.
      if (performance.now() > latest) return timedOut()
      return await work()
    } finally {
      leave()
    }
  }

  async function performLong(work: () => Promise<RpcOutcome>): Promise<RpcOutcome> {
    long += 1
    try {
      return await work()
    } finally {
      long -= 1
    }
  }

  return {
    perform: (work, deadlineMs) => {
      if (deadlineMs !== undefined) {
        if (long >= LONG_MAX) return Promise.resolve(busy())
        return withDeadline(performLong(work), deadlineMs)
      }
      if (waiting.length >= WAITING_MAX) return Promise.resolve(busy())
      return withDeadline(performShort(work), deadlineMsDefault)
    },
    counts: () => ({ active, waiting: waiting.length, long }),
  }
}

async function withDeadline(work: Promise<RpcOutcome>, deadlineMs: number): Promise<RpcOutcome> {
  const { promise, resolve } = Promise.withResolvers<RpcOutcome>()
  const timer = setTimeout(() => resolve(timedOut()), deadlineMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
