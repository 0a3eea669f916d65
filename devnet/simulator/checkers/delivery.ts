/**
 * S8: every node takes finalized blocks in height order without gaps, each on top of the one before, also across restarts.
 * A height may be delivered again (delivery is at least once), then with the same block; a restart may lose heights whose
 * writes were not synced, but never invents one. Only whoever fetches the state of a height may leap to it.
 */
import type { CheckedCommittee, Checker } from './observation.ts'

export function createDeliveryChecker(committee: CheckedCommittee): Checker {
  const nodes = new Map<number, NodeHistory>()

  function historyOf(node: number): NodeHistory {
    const known = nodes.get(node) ?? {
      applied: committee.genesis.height,
      fetched: undefined,
      digests: new Map([[committee.genesis.height, committee.genesis.digest]]),
    }
    nodes.set(node, known)
    return known
  }

  return {
    rule: 'S8',
    observe: (seen) => {
      if (seen.kind === 'restarted') {
        return restart(historyOf(seen.node), seen.node, seen.appliedHeight)
      }
      if (seen.kind === 'fetches') {
        historyOf(seen.node).fetched = seen.height
        return undefined
      }
      if (seen.kind !== 'delivered') return undefined
      return deliver(historyOf(seen.node), seen)
    },
  }
}

type NodeHistory = {
  /** Height of the application now. */
  applied: number
  /** Of the state that the node fetches. */
  fetched: number | undefined
  /** Everything ever delivered, kept over restarts. */
  readonly digests: Map<number, string>
}

type Delivery = {
  readonly node: number
  readonly height: number
  readonly digest: string
  readonly parentDigest: string
}

function deliver(history: NodeHistory, seen: Delivery): string | undefined {
  const { node, height, digest } = seen
  const isLeap = height === history.fetched
  if (!isLeap && height > history.applied + 1) {
    return `node ${node} took height ${height} while it stood at ${history.applied}`
  }
  const known = history.digests.get(height)
  if (known !== undefined && known !== digest) {
    return `node ${node} took ${digest} at height ${height}, where it had taken ${known}`
  }
  if (!isLeap && history.digests.get(height - 1) !== seen.parentDigest) {
    return `node ${node} took height ${height} on a parent that it never took`
  }
  history.digests.set(height, digest)
  history.applied = Math.max(history.applied, height)
  return undefined
}

function restart(history: NodeHistory, node: number, height: number): string | undefined {
  if (height > history.applied) {
    return `node ${node} restarted at height ${height}, above ${history.applied} that it had taken`
  }
  history.applied = height
  return undefined
}
