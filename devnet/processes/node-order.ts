/**
 * What the supervisor and a node of a devnet say to each other about faults over their IPC channel. All of it survives JSON.
 *
 * An order is the whole condition of the node and not a change of it, so that a node which is started anew is told in one
 * message all that it has to suffer, and an order that comes twice does nothing the second time.
 */
import type { ShardChange } from '../../node/beacon/shard-change.ts'
import type { DiskMode } from '../faults/fault.ts'
import { NO_FAULTY_LINKS, type NodeLinks } from '../faults/link-state.ts'

export type NodeCondition = {
  readonly links: NodeLinks
  readonly disk: DiskMode
  /** How far the node's clock is ahead, milliseconds. */
  readonly skewMs: number
  /** What the node asks for in the blocks it proposes (beacon.md B.7). */
  readonly changes: readonly ShardChange[]
}

export const HEALTHY: NodeCondition = { links: NO_FAULTY_LINKS, disk: 'ok', skewMs: 0, changes: [] }

/** The first one must come before the node starts; it waits for it. */
export type NodeOrder = {
  readonly kind: 'condition'
  readonly number: number
  readonly condition: NodeCondition
}

/** The condition of this order is in force. */
export type NodeObeyed = { readonly kind: 'obeyed'; readonly number: number }
