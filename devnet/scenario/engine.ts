/**
 * The contract of an engine: a network on which a scenario runs. `sim` is one in virtual time, `processes` one of real
 * processes. The runner (runner.ts) knows no more of a network than this, so a scenario means the same on both.
 *
 * Time is the engine's own: milliseconds since `start` resolved, virtual or real. It passes only in `pass`, in the
 * simulator, and always, on real processes.
 */
import type { Fault } from '../faults/fault.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'

export const ENGINE_NAMES = ['sim', 'processes'] as const
export type EngineName = (typeof ENGINE_NAMES)[number]

/** Who sits where; known once the network has started. */
export type Layout = {
  readonly shards: number
  readonly validators: number
  /** Node per seat, index = chain; the beacon's at 0. */
  readonly committees: readonly (readonly number[])[]
}

export type NodeSight = {
  readonly node: number
  /** Answers; a paused one does not. */
  readonly isUp: boolean
  /** Newest finalized height per chain that this node has a seat in, as last seen. */
  readonly heights: ReadonlyMap<ChainNumber, number>
}

/** What can be seen of a network from outside at one moment. */
export type Sight = {
  readonly atMs: number
  /** In order of number. */
  readonly nodes: readonly NodeSight[]
  /** Payments since the start. */
  readonly settled: number
  /** Taken by a node and neither settled nor failed. */
  readonly pending: number
  /** Nodes that honest nodes hold proof against. */
  readonly accused: ReadonlySet<number>
  /** Nodes whose validators the beacon has slashed. */
  readonly slashed: ReadonlySet<number>
  /** By shard: honest nodes that took blocks back because the beacon recorded another branch, and said so (C.7). */
  readonly reorganised: ReadonlyMap<ChainNumber, ReadonlySet<number>>
  /** Broken rules so far, in words. */
  readonly violations: readonly string[]
}

export type AuditVerdict = {
  readonly ok: boolean
  /** What was compared and what came out. */
  readonly sentence: string
}

export type SendOrder = {
  readonly count: number
  readonly from: ChainNumber
  readonly to: ChainNumber
}

export type Engine = {
  readonly name: EngineName
  /** Resolves when the whole network answers and traffic runs. Throws `CommandError`. */
  readonly start: () => Promise<Layout>
  readonly nowMs: () => number
  /** Lets time pass. */
  readonly pass: (ms: number) => Promise<void>
  readonly apply: (fault: Fault) => Promise<void>
  /** The node that proposes next on this chain, as far as can be seen. */
  readonly leader: (chain: ChainNumber) => Promise<number | undefined>
  /** Payments per second from now on. */
  readonly setRate: (perSecond: number) => void
  /** Transfers besides the load. */
  readonly send: (order: SendOrder) => Promise<void>
  readonly look: () => Promise<Sight>
  /** All faults are over and every honest node was told to start: whoever judges may demand progress from now on. */
  readonly healed: () => Promise<void>
  /** Conservation and receipts, at a cut at which nothing is under way. */
  readonly audit: () => Promise<AuditVerdict>
  /** 16 digits over everything that happened; undefined where a run cannot be repeated exactly. */
  readonly hash: () => string | undefined
  /** Ends everything; nothing is left. Asking twice is asking once. */
  readonly stop: () => Promise<void>
}
