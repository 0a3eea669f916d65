/**
 * C2, cursors: what a block's header and the beacon's record say was consumed of every channel is what was consumed.
 */
import { entryOf, type NetworkChecker } from './network-observation.ts'
import type { SeenBlock, SeenCut } from './sharded-observation.ts'

export function createCursorChecker(): NetworkChecker {
  /** shard -> counts after each height; counts by source chain. */
  const histories = new Map<number, number[][]>()

  function historyOf(shard: number): number[][] {
    return entryOf(histories, shard, () => [[]])
  }

  function judgeBlock({ shard, height, consumed, cursors }: SeenBlock): string | undefined {
    const history = historyOf(shard)
    const counts = [...(history[height - 1] ?? [])]
    for (const { receipt } of consumed) counts[receipt.source] = (counts[receipt.source] ?? 0) + 1
    history[height] = counts
    if (isSame(counts, cursors)) return undefined
    return `the header at height ${height} of shard ${shard} says ${cursors.join()}; consumed were ${counts.join()}`
  }

  function judgeCut({ beaconHeight, heads }: SeenCut): string | undefined {
    for (const [index, { height, cursors }] of heads.entries()) {
      const counts = historyOf(index + 1)[height]
      if (counts === undefined || isSame(counts, cursors)) continue
      return `beacon block ${beaconHeight} records ${cursors.join()} for shard ${index + 1}; consumed were ${counts.join()}`
    }
    return undefined
  }

  return {
    rule: 'C2',
    observe: (seen) => {
      if (seen.kind === 'cut') return judgeCut(seen.cut)
      return seen.kind === 'block' && seen.isFirst ? judgeBlock(seen.block) : undefined
    },
  }
}

/** The lists of a shard grow with the layout (B.7); what is not counted yet is 0. */
function isSame(counts: readonly number[], cursors: readonly number[]): boolean {
  const chains = Math.max(counts.length, cursors.length)
  return Array.from({ length: chains }, (_, chain) => chain).every(
    (chain) => (counts[chain] ?? 0) === (cursors[chain] ?? 0),
  )
}
