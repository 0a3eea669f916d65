/**
 * S6, deterministic execution, and X1 and S7 of crosslinks: all nodes execute a height alike, and what the beacon
 * crosslinks is what they executed, never falling back.
 */
import type { SeenBlock, SeenCut } from './sharded-observation.ts'

export type ShardHeadChecker = {
  /** True of a block that is seen for the first time. */
  readonly isNew: (block: SeenBlock) => boolean
  readonly block: (node: number, block: SeenBlock) => string | undefined
  readonly cut: (cut: SeenCut) => string | undefined
}

export function createShardHeadChecker(): ShardHeadChecker {
  /** `shard/height` -> what was executed there. */
  const executed = new Map<string, { readonly hash: string; readonly stateRoot: string }>()
  /** Cuts seen, by beacon height. */
  const cuts = new Map<number, SeenCut>()

  /** The crosslinked heights never fall from one beacon block to a later one, in whatever order they are seen. */
  function regression(cut: SeenCut): string | undefined {
    let below: SeenCut | undefined
    let above: SeenCut | undefined
    for (const other of cuts.values()) {
      const { beaconHeight } = other
      if (beaconHeight < cut.beaconHeight && beaconHeight > (below?.beaconHeight ?? -1))
        below = other
      if (beaconHeight > cut.beaconHeight && beaconHeight < (above?.beaconHeight ?? Infinity))
        above = other
    }
    for (const [earlier, later] of [
      [below, cut],
      [cut, above],
    ] as const) {
      if (earlier === undefined || later === undefined) continue
      const fallen = later.heads.findIndex(
        ({ height }, index) => height < (earlier.heads[index]?.height ?? 0),
      )
      if (fallen >= 0)
        return `beacon block ${later.beaconHeight} takes shard ${fallen + 1} back to height ${later.heads[fallen]?.height}`
    }
    return undefined
  }

  return {
    isNew: ({ shard, height }) => !executed.has(`${shard}/${height}`),
    block: (node, { shard, height, hash, stateRoot }) => {
      const key = `${shard}/${height}`
      const known = executed.get(key)
      executed.set(key, known ?? { hash, stateRoot })
      if (known === undefined) return undefined
      if (known.hash === hash && known.stateRoot === stateRoot) return undefined
      return `node ${node} executed ${hash} at ${key}, another node ${known.hash}`
    },
    cut: (cut) => {
      const { beaconHeight, heads } = cut
      for (const [index, { height, hash }] of heads.entries()) {
        const shard = index + 1
        if (height === 0) continue
        const known = executed.get(`${shard}/${height}`)
        if (known?.hash !== hash)
          return `beacon block ${beaconHeight} crosslinks ${hash} of shard ${shard}, not its own block`
      }
      const problem = regression(cut)
      cuts.set(beaconHeight, cut)
      return problem
    },
  }
}
