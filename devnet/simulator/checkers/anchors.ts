/**
 * X5, anchors: every final block of a shard leans on a beacon block that was final by then, and never on an older one than
 * the block before it.
 */
import type { NetworkChecker } from './network-observation.ts'
import type { SeenBlock } from './sharded-observation.ts'

/** `genesisHash`: of beacon block 0, which is final from the start. */
export function createAnchorChecker(genesisHash: string): NetworkChecker {
  const finalAt = new Map([[0, genesisHash]])
  const newest = new Map<number, number>()

  function judge({ shard, height, anchor }: SeenBlock): string | undefined {
    const place = `height ${height} of shard ${shard}`
    const known = finalAt.get(anchor.height)
    if (known === undefined) return `${place} leans on beacon block ${anchor.height}, not final yet`
    if (known !== anchor.hash) return `${place} leans on ${anchor.hash}, no block of the beacon`
    if (anchor.height < (newest.get(shard) ?? 0))
      return `${place} leans on beacon block ${anchor.height}, its parent on ${newest.get(shard)}`
    newest.set(shard, anchor.height)
    return undefined
  }

  return {
    rule: 'X5',
    observe: (seen) => {
      if (seen.kind === 'final' && seen.chain === 0) finalAt.set(seen.height, seen.hash)
      return seen.kind === 'block' && seen.isFirst ? judge(seen.block) : undefined
    },
  }
}
