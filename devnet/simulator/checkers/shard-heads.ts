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
  const crosslinked = new Map<number, number>()
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
    cut: ({ beaconHeight, heads }) => {
      for (const [index, { height, hash }] of heads.entries()) {
        const shard = index + 1
        if (height === 0) continue
        const known = executed.get(`${shard}/${height}`)
        if (known?.hash !== hash)
          return `beacon block ${beaconHeight} crosslinks ${hash} of shard ${shard}, not its own block`
        if (height < (crosslinked.get(shard) ?? 0))
          return `beacon block ${beaconHeight} takes shard ${shard} back to height ${height}`
        crosslinked.set(shard, height)
      }
      return undefined
    },
  }
}
