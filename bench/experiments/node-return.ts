/**
 * How long nodes that were killed take to be back, as they tell by their metrics: until each has signed a vote, and until each
 * stands where the chain stood when they were started.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import { createRpcClient, RpcUnreachableError } from '../../devnet/observe/rpc-client.ts'

const REQUEST_TIMEOUT_MS = 1000
const POLL_MS = 50

export type Return = {
  /** Of the last of them, from the order to start. */
  readonly secondsToVote: number
  readonly secondsToHead: number
}

export type ReturnGoal = {
  readonly chain: ChainNumber
  readonly height: number
  readonly sinceMs: number
  /** What has not happened after so long counts as this. */
  readonly giveUpMs: number
}

export async function watchReturn(urls: readonly string[], goal: ReturnGoal): Promise<Return> {
  const each = await Promise.all(urls.map((url) => watchOne(url, goal)))
  return {
    secondsToVote: Math.max(0, ...each.map(({ secondsToVote }) => secondsToVote)),
    secondsToHead: Math.max(0, ...each.map(({ secondsToHead }) => secondsToHead)),
  }
}

async function watchOne(url: string, goal: ReturnGoal): Promise<Return> {
  const { chain, height, sinceMs, giveUpMs } = goal
  const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS })
  const seen: { vote: number | undefined; head: number | undefined } = {
    vote: undefined,
    head: undefined,
  }
  try {
    for (;;) {
      const text = await client.get('/metrics').then((page) => page.text, unlessUnreachable)
      const seconds = (performance.now() - sinceMs) / 1000
      if ((metricOf(text, 'weft_votes_signed', chain) ?? 0) > 0) seen.vote ??= seconds
      if ((metricOf(text, 'weft_height', chain) ?? 0) >= height) seen.head ??= seconds
      const isOver = seconds * 1000 > giveUpMs
      if (isOver || (seen.vote !== undefined && seen.head !== undefined)) {
        return { secondsToVote: seen.vote ?? seconds, secondsToHead: seen.head ?? seconds }
      }
      await delay(POLL_MS)
    }
  } finally {
    client.close()
  }
}

/** Of a line of Prometheus, `name{chain="1"} 7`; undefined: there is none. */
export function metricOf(text: string, name: string, chain: ChainNumber): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${name}{chain="${chain}"} `))
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1))
}

function unlessUnreachable(error: unknown): string {
  if (error instanceof RpcUnreachableError) return ''
  throw error
}
