/**
 * Kept snapshots: the states of a few crosslinked heights that other nodes may be fetching (docs/protocol/state-sync.md S.6).
 *
 * A snapshot is a root of the tree that is held on to: it costs the nodes that have changed since, at most the state again.
 *
 * Invariant: at most SNAPSHOTS_KEPT are held and as many expected; the oldest make room.
 */
import type { StateTree } from './state-tree.ts'

/** The newest, and the one before it, for whoever began to fetch it when it was the newest. */
const SNAPSHOTS_KEPT = 2

export type KeptSnapshots = {
  /** Keeps this state as a snapshot. */
  readonly keep: (height: number, tree: StateTree) => void
  /** The height is not reached yet: keep it when it is. */
  readonly expect: (height: number) => void
  readonly isExpected: (height: number) => boolean
  /** undefined: not kept. */
  readonly at: (height: number) => { readonly tree: StateTree } | undefined
  /** The chain has gone back: states above are of no block any more (B.8). */
  readonly dropAbove: (height: number) => void
  readonly heights: () => readonly number[]
}

export function createKeptSnapshots(): KeptSnapshots {
  const kept = new Map<number, { readonly tree: StateTree }>()
  let expected: number[] = []
  return {
    keep: (height, tree) => {
      kept.set(height, { tree })
      expected = expected.filter((one) => one > height)
      while (kept.size > SNAPSHOTS_KEPT) kept.delete(Math.min(...kept.keys()))
    },
    expect: (height) => {
      expected = [...expected.filter((one) => one !== height), height].slice(-SNAPSHOTS_KEPT)
    },
    isExpected: (height) => expected.includes(height),
    at: (height) => kept.get(height),
    dropAbove: (height) => {
      for (const one of kept.keys()) if (one > height) kept.delete(one)
    },
    heights: () => [...kept.keys()].toSorted((left, right) => left - right),
  }
}
