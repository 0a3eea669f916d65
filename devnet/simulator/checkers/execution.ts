/**
 * S6, execution: the block that a node executed and committed at a height is the one that its committee finalized there,
 * and follows the one before it.
 */
import type { NetworkChecker } from './network-observation.ts'
import type { SeenBlock } from './sharded-observation.ts'

export function createExecutionChecker(): NetworkChecker {
  /** `chain/height` -> what was finalized there. */
  const finalAt = new Map<string, string>()

  function judge(node: number, { shard, height, hash, parentHash }: SeenBlock): string | undefined {
    const final = finalAt.get(`${shard}/${height}`)
    if (final !== hash)
      return `node ${node} committed ${hash} at height ${height} of shard ${shard}, final is ${final ?? 'nothing'}`
    const parent = finalAt.get(`${shard}/${height - 1}`)
    if (height === 1 || parent === parentHash) return undefined
    return `height ${height} of shard ${shard} follows ${parentHash}, below it is ${parent ?? 'nothing'}`
  }

  return {
    rule: 'S6',
    observe: (seen) => {
      if (seen.kind === 'final') {
        const key = `${seen.chain}/${seen.height}`
        if (!finalAt.has(key)) finalAt.set(key, seen.hash)
      }
      return seen.kind === 'block' ? judge(seen.node, seen.block) : undefined
    },
  }
}
