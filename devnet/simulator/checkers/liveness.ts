/**
 * Liveness: from the time at which the network is stable and all crashed nodes are back, every honest node takes new
 * heights. Recovery is the time until each has taken a block above everything known at stabilization; the run is done
 * when each has taken `heightsWanted` of them.
 */
import type { CheckedCommittee, Observation } from './observation.ts'

export type LivenessWatch = {
  readonly observe: (now: number, observation: Observation) => void
  /** The network is stable from now on. */
  readonly stabilized: (now: number) => void
  readonly isDone: () => boolean
  /** Milliseconds from stabilization until the slowest honest node had a new height; undefined before that. */
  readonly recoveryMs: () => number | undefined
  /** By node, honest and byzantine: the highest block taken. */
  readonly heights: () => readonly number[]
}

export type LivenessGoal = {
  readonly committee: CheckedCommittee
  readonly nodeCount: number
  readonly heightsWanted: number
}

export function createLivenessWatch(goal: LivenessGoal): LivenessWatch {
  const heights = Array.from({ length: goal.nodeCount }, () => goal.committee.genesis.height)
  const honest = heights.map((_, node) => node).filter((node) => isHonest(goal, node))
  let stableAt = Infinity
  let base = Infinity
  let recoveredAt: number | undefined
  let done = false

  function lowest(): number {
    return Math.min(...honest.map((node) => heights[node] ?? 0))
  }

  function update(now: number): void {
    const height = lowest()
    if (recoveredAt === undefined && height > base) recoveredAt = now
    done = height >= base + goal.heightsWanted
  }

  return {
    observe: (now, seen) => {
      if (seen.kind !== 'delivered' || seen.height <= (heights[seen.node] ?? 0)) return
      heights[seen.node] = seen.height
      if (now >= stableAt) update(now)
    },
    stabilized: (now) => {
      stableAt = now
      base = Math.max(...honest.map((node) => heights[node] ?? 0))
    },
    isDone: () => done,
    recoveryMs: () => (recoveredAt === undefined ? undefined : recoveredAt - stableAt),
    heights: () => heights,
  }
}

function isHonest(goal: LivenessGoal, node: number): boolean {
  return !goal.committee.byzantineNodes.has(node)
}
