/**
 * The gap that a snapshot leaves below it (docs/protocol/state-sync.md S.8): heights of the shard that this node will never
 * have. It is written down before the state is taken in, for the audit to tell it from a hole.
 */
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { Context } from './context.ts'
import { SPINE_HEIGHTS } from './restore-check.ts'
import { encodeNumbers, numberKey } from './table.ts'

export type SnapshotGap = {
  /** The state of `height` is to be taken in by a node that has executed up to `committed`. */
  readonly note: (height: number, committed: number) => void
  /** It is not, after all. */
  readonly forget: (height: number) => void
  /**
   * The chain goes on from this height. What was final just below it is taken off the index: a restart looks for holes down to
   * SPINE_HEIGHTS (restore-check.ts) and must find none.
   */
  readonly close: (height: number) => void
}

export function createSnapshotGap(context: Context, shard: ChainNumber): SnapshotGap {
  const lowestCut = (height: number): number => Math.max(1, height - SPINE_HEIGHTS)
  return {
    note: (height, committed) => {
      // Taken in before a restart, and noted then.
      if (committed >= height) return
      const value = encodeNumbers(Math.min(committed, lowestCut(height) - 1))
      const write = { kind: 'put', table: 'gap', key: numberKey(shard, height), value } as const
      context.emit({ kind: 'write', write, sync: true })
    },
    forget: (height) => {
      const write = { kind: 'delete', table: 'gap', key: numberKey(shard, height) } as const
      context.emit({ kind: 'write', write, sync: true })
    },
    close: (height) => {
      for (let below = lowestCut(height); below < height; below++) {
        const write = { kind: 'delete', table: 'final', key: numberKey(shard, below) } as const
        context.emit({ kind: 'write', write, sync: false })
      }
    },
  }
}
