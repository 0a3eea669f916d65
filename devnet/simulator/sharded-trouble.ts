/**
 * What can happen to a simulated network: the faults that real processes know too (devnet/faults/fault.ts), and those that
 * only a simulator can do to the very write. Plain JSON.
 */
import type { Fault } from '../faults/fault.ts'
import type { Retention } from './disk.ts'

export type Trouble =
  | Fault
  /** A crash in the middle of a turn: after so many more steps (a commit, a signature, a message) of the node's turns. */
  | {
      readonly kind: 'crash-amid'
      readonly node: number
      readonly stepsLater: number
      readonly retention: Retention
    }
  /** Executors of all shards of these nodes die over their next request and start again from their stores. */
  | { readonly kind: 'executor-loss'; readonly nodes: readonly number[] }
  /** The next read of these nodes' disks fails. */
  | { readonly kind: 'read-error'; readonly nodes: readonly number[] }
  /** Bits of stored records flip. */
  | { readonly kind: 'bit-flips'; readonly nodes: readonly number[]; readonly records: number }
  /** The nodes crash, and stored records are silently missing afterwards. */
  | { readonly kind: 'lost-records'; readonly nodes: readonly number[]; readonly records: number }
  /** The operator removes store and states of a stopped node and keeps its vote guard. */
  | { readonly kind: 'wipe'; readonly nodes: readonly number[] }
  /** Of a thousand messages so many bring an old message along, to its old receiver. Until `heal`. */
  | { readonly kind: 'replay'; readonly perMille: number }
  /** Of a thousand messages on any link so many are lost. Until `heal`. */
  | { readonly kind: 'loss'; readonly perMille: number }
