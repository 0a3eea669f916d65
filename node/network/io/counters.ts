/**
 * What the network counts; `stats()` reads it. One mutable object per node, shared by the parts under `io/`.
 */
import type { StreamChannel } from '../network.ts'

export type Counters = {
  readonly framesSent: Record<StreamChannel, number>
  readonly bytesSent: Record<StreamChannel | 'gossip' | 'request', number>
  framesDropped: number
}

export function createCounters(): Counters {
  return {
    framesSent: { consensus: 0, relay: 0 },
    bytesSent: { consensus: 0, relay: 0, gossip: 0, request: 0 },
    framesDropped: 0,
  }
}
