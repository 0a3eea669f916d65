/**
 * Consistent cuts: the shard heights that one beacon block records. Both workloads that read several shards at once hold
 * their cuts to this: a later beacon block never stands lower on any shard, and one beacon block names one cut.
 */
import type { Place } from './line.ts'

export type SeenCut = {
  readonly process: number
  readonly line: number
  readonly beacon: number
  /** Height by shard. */
  readonly heights: ReadonlyMap<number, number>
}

export type CutFault = {
  readonly kind: 'session' | 'order'
  readonly lines: readonly number[]
  readonly sentence: string
}

export function cutOf(
  place: { readonly process: number; readonly line: number; readonly beacon: number },
  shards: readonly Place[],
): SeenCut {
  return { ...place, heights: new Map(shards.map(({ shard, height }) => [shard, height])) }
}

/** Ascending by beacon height; of equal ones the first told first. */
export function sortCuts(cuts: readonly SeenCut[]): readonly SeenCut[] {
  return cuts.toSorted((left, right) => left.beacon - right.beacon || left.line - right.line)
}

/** `cuts` in the order in which they were told. */
export function faultsOfCuts(cuts: readonly SeenCut[]): readonly CutFault[] {
  return [...sessionFaults(cuts), ...orderFaults(sortCuts(cuts))]
}

function sessionFaults(cuts: readonly SeenCut[]): CutFault[] {
  const faults: CutFault[] = []
  const last = new Map<number, SeenCut>()
  for (const cut of cuts) {
    const before = last.get(cut.process)
    if (before !== undefined && before.beacon > cut.beacon) {
      faults.push({
        kind: 'session',
        lines: [before.line, cut.line],
        sentence: `process ${cut.process} is told the cut of beacon block ${cut.beacon} after that of ${before.beacon}`,
      })
    }
    last.set(cut.process, cut)
  }
  return faults
}

function orderFaults(ascending: readonly SeenCut[]): CutFault[] {
  const faults: CutFault[] = []
  for (const [index, later] of ascending.entries()) {
    const earlier = ascending[index - 1]
    if (earlier === undefined) continue
    for (const [shard, height] of later.heights) {
      const before = earlier.heights.get(shard) ?? 0
      const same = earlier.beacon === later.beacon
      if (height > before ? !same : height === before) continue
      const words = same ? 'and also' : `although beacon block ${earlier.beacon} recorded`
      faults.push({
        kind: 'order',
        lines: [earlier.line, later.line],
        sentence: `beacon block ${later.beacon} records block ${height} of shard ${shard} ${words} ${before}`,
      })
    }
  }
  return faults
}
