/**
 * The counters that nodes show at /metrics, summed over nodes: work done and bytes sent. They depend on the protocol and the
 * code, not on how fast the machine is.
 */
import { createRpcClient, RpcUnreachableError } from '../../devnet/observe/rpc-client.ts'

export type NodeCounters = {
  /** By kind: senders-recovered, transactions-executed, ... */
  readonly work: Readonly<Record<string, number>>
  /** Of messages sent directly, by plane. */
  readonly planeBytes: Readonly<Record<string, number>>
  /** All bytes handed to streams, by channel; gossip is here alone. */
  readonly channelBytes: Readonly<Record<string, number>>
}

const REQUEST_TIMEOUT_MS = 5000

/** A node that does not answer counts as nothing; a window in which that happens shows it by its sum. */
export async function readNodeCounters(endpoints: readonly string[]): Promise<NodeCounters> {
  const texts = await Promise.all(endpoints.map(readMetrics))
  return texts.map(parseNodeCounters).reduce(addCounters, NO_COUNTERS)
}

const NO_COUNTERS: NodeCounters = { work: {}, planeBytes: {}, channelBytes: {} }

async function readMetrics(url: string): Promise<string> {
  const client = createRpcClient(url, { timeoutMs: REQUEST_TIMEOUT_MS })
  try {
    return (await client.get('/metrics')).text
  } catch (error) {
    if (error instanceof RpcUnreachableError) return ''
    throw error
  } finally {
    client.close()
  }
}

/** Lines of Prometheus: `name{label="key"} value`. */
export function parseNodeCounters(text: string): NodeCounters {
  return {
    work: valuesOf(text, 'weft_work', 'kind'),
    planeBytes: valuesOf(text, 'weft_message_bytes_sent', 'plane'),
    channelBytes: valuesOf(text, 'weft_network_bytes_sent', 'plane'),
  }
}

function valuesOf(text: string, name: string, label: string): Record<string, number> {
  const values: Record<string, number> = {}
  for (const [, key, value] of text.matchAll(
    new RegExp(String.raw`^${name}\{${label}="([^"]+)"\} (\S+)$`, 'gm'),
  )) {
    if (key !== undefined) values[key] = Number(value)
  }
  return values
}

function addCounters(left: NodeCounters, right: NodeCounters): NodeCounters {
  return combine(left, right, (one, other) => one + other)
}

/** What was counted between two readings. */
export function countersBetween(before: NodeCounters, after: NodeCounters): NodeCounters {
  return combine(after, before, (late, early) => late - early)
}

function combine(
  left: NodeCounters,
  right: NodeCounters,
  operation: (left: number, right: number) => number,
): NodeCounters {
  const merge = (
    one: Readonly<Record<string, number>>,
    other: Readonly<Record<string, number>>,
  ): Record<string, number> =>
    Object.fromEntries(
      [...new Set([...Object.keys(one), ...Object.keys(other)])].map((key) => [
        key,
        operation(one[key] ?? 0, other[key] ?? 0),
      ]),
    )
  return {
    work: merge(left.work, right.work),
    planeBytes: merge(left.planeBytes, right.planeBytes),
    channelBytes: merge(left.channelBytes, right.channelBytes),
  }
}
