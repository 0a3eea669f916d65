/**
 * Kept states: the newest finalized states by height, as many as two limits allow: a count, and the records that their
 * blocks changed, because a state costs the nodes that it does not share with the next.
 *
 * Invariant: heights are added without gaps; the newest state is always kept, the oldest make room.
 */
import { assert } from '../primitives/assert.ts'
import type { StateTree } from './state-tree.ts'

export type KeptStatesLimits = { readonly statesMax: number; readonly changesMax: number }

export type KeptStates = {
  /** `changes`: records by which the state differs from the one before. */
  readonly add: (
    height: number,
    state: { readonly tree: StateTree; readonly changes: number },
  ) => void
  /** undefined: not kept (an empty tree is kept as such). */
  readonly at: (height: number) => { readonly tree: StateTree } | undefined
}

export function createKeptStates(limits: KeptStatesLimits): KeptStates {
  /** Oldest first. */
  const states = new Map<number, { readonly tree: StateTree; readonly changes: number }>()
  let changesKept = 0
  let newest: number | undefined

  function dropOldest(): void {
    for (const [height, { changes }] of states) {
      const fits = states.size <= limits.statesMax && changesKept <= limits.changesMax
      if (fits || height === newest) return
      states.delete(height)
      changesKept -= changes
    }
  }

  return {
    add: (height, state) => {
      assert(newest === undefined || height === newest + 1, 'heights have no gaps')
      newest = height
      states.set(height, state)
      changesKept += state.changes
      dropOldest()
    },
    at: (height) => states.get(height),
  }
}
