/**
 * Which beacon block counts as settled. One node could be wrong or lie, so a cut counts only when f + 1 nodes of the beacon
 * committee have finalized it or something later: at least one of them is honest, and honest finality has no forks.
 *
 * Pure. Two nodes that report different blocks at one height are a violation in words (S1).
 */
import type { BeaconCut } from './read-answer.ts'

export type CutTracker = {
  /** What node `node` reports as its newest finalized beacon block. */
  readonly report: (node: number, cut: BeaconCut) => readonly string[]
  /** Forget a node that no longer answers: what it said may be old. */
  readonly forget: (node: number) => void
  /** The newest block that f + 1 nodes have reached, if it is newer than the last one returned. */
  readonly take: () => BeaconCut | undefined
}

/** Hashes by height, to compare late reports with; older ones cannot matter to a poller that sees every second. */
const HEIGHTS_KEPT = 256

export function createCutTracker(faultsTolerated: number): CutTracker {
  const newest = new Map<number, BeaconCut>()
  const hashes = new Map<number, string>()
  let taken = -1

  function report(node: number, cut: BeaconCut): string[] {
    const violations: string[] = []
    const known = hashes.get(cut.beaconHeight)
    if (known !== undefined && known !== cut.beaconHash) {
      violations.push(
        `beacon: two finalized blocks at height ${cut.beaconHeight}: ${known} and ${cut.beaconHash}`,
      )
    }
    const before = newest.get(node)
    if (before !== undefined && before.beaconHeight > cut.beaconHeight) {
      violations.push(
        `node ${node}: its finalized beacon height fell from ${before.beaconHeight} to ${cut.beaconHeight}`,
      )
    }
    hashes.set(cut.beaconHeight, known ?? cut.beaconHash)
    for (const height of hashes.keys()) {
      if (hashes.size <= HEIGHTS_KEPT) break
      hashes.delete(height)
    }
    newest.set(node, cut)
    return violations
  }

  return {
    report,
    forget: (node) => void newest.delete(node),
    take: () => {
      const descending = [...newest.values()].toSorted(
        (left, right) => right.beaconHeight - left.beaconHeight,
      )
      const cut = descending[faultsTolerated]
      if (cut === undefined || cut.beaconHeight <= taken) return undefined
      taken = cut.beaconHeight
      return cut
    },
  }
}
