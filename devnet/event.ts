/**
 * What a devnet says while it runs. These are the lines of `weft devnet up --json`; programs read them, so fields are
 * added and never changed or removed (docs/devnet.md).
 */

import type { Fault } from './faults/fault.ts'

export type ProcessRole = 'validator' | 'traffic'

export type DevnetEvent =
  | {
      readonly event: 'process'
      readonly role: ProcessRole
      /** Validator index; null for the traffic process. */
      readonly node: number | null
      readonly pid: number
    }
  | ReadyEvent
  | {
      readonly event: 'first-settled'
      /** Since the start of the command. */
      readonly ms: number
      readonly tx: string
      readonly from: number
      readonly to: number
    }
  | TickEvent
  | { readonly event: 'violation'; readonly message: string }
  | ProcessEndEvent
  /** A fault is being brought about by order; what follows from it comes later. */
  | {
      readonly event: 'fault'
      readonly fault: Fault
      /** After so long it is taken back; null: it stays. */
      readonly forMs: number | null
      readonly message: string
    }
  | { readonly event: 'notice'; readonly message: string }
  | { readonly event: 'stopped'; readonly summary: StopSummary }

/** A process ended while the devnet runs. */
export type ProcessEndEvent = {
  readonly event: 'exit'
  readonly role: ProcessRole
  readonly node: number | null
  readonly pid: number
  readonly code: number | null
  readonly signal: string | null
  /** The fault that ended it; null: nobody had told it to. */
  readonly order: 'stop' | 'crash' | 'byzantine' | 'disk' | null
  readonly message: string
}

export type ReadyEvent = {
  readonly event: 'ready'
  readonly ms: number
  readonly resumed: boolean
  readonly shards: readonly {
    readonly shard: number
    readonly chainId: number
    readonly rpc: string
    readonly ws: string
    readonly log: string
    /** Finalized height: above 0 when a stored devnet goes on. */
    readonly height: number
  }[]
  readonly beacon: string
  readonly accounts: readonly { readonly address: string; readonly privateKey: string }[]
  /** Null as long as there is none. */
  readonly explorer: string | null
  readonly metrics: string
  readonly risk: string
}

export type TickEvent = {
  readonly event: 'tick'
  /** Seconds since ready. */
  readonly t: number
  readonly shards: readonly {
    readonly shard: number
    readonly height: number
    readonly settledHeight: number
    readonly tps: number
    readonly pending: number
  }[]
  readonly beaconHeight: number
  /** Of the beacon; seats rotate with it. */
  readonly epoch: number
  /** Seats that changed hands with the last epoch, and shards that nodes are still catching up with. */
  readonly seatsMoved: number
  readonly syncing: number
  readonly settledTps: number
  /** Payments settled since the start. */
  readonly settled: number
  /** When the newest of them were, in seconds since ready: they come in bursts, and rates are exact only from burst to burst. */
  readonly settledAt: number
  readonly validatorsUp: number
}

export type StopSummary = {
  readonly settled: number
  readonly intra: number
  readonly cross: number
  readonly failed: number
  readonly refused: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of all processes together, at the end; null where there is no /proc. */
  readonly pssMiB: number | null
  readonly cpuSeconds: number | null
  /** `ok`, or what is wrong in words. */
  readonly audit: string
}
