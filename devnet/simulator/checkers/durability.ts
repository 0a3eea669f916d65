/**
 * S11, durability: a transaction that some node has called final stays where it was, on every node, for ever; and a node
 * that comes back from its disk, or takes a shard up again, stands no lower than what it had told.
 */
import { entryOf, type NetworkChecker } from './network-observation.ts'
import type { SeenBlock } from './sharded-observation.ts'

export function createDurabilityChecker(): NetworkChecker {
  /** transaction -> `shard/height/index`, as first told. */
  const places = new Map<string, string>()
  /** node -> shard -> highest height told. */
  const told = new Map<number, Map<number, number>>()

  function tell(node: number, { shard, height, transactions }: SeenBlock): string | undefined {
    const heights = entryOf(told, node, () => new Map<number, number>())
    heights.set(shard, Math.max(height, heights.get(shard) ?? 0))
    for (const [index, { hash }] of transactions.entries()) {
      const place = `${shard}/${height}/${index}`
      const known = entryOf(places, hash, () => place)
      if (known !== place) return `node ${node} says ${hash} is at ${place}; it was at ${known}`
    }
    return undefined
  }

  function comesBack(
    node: number,
    stands: { readonly chain: number; readonly height: number },
  ): string | undefined {
    const height = told.get(node)?.get(stands.chain) ?? 0
    if (stands.height >= height) return undefined
    return `node ${node} told of height ${height} of shard ${stands.chain} and came back at ${stands.height}`
  }

  return {
    rule: 'S11',
    observe: (seen) => {
      if (seen.kind === 'block') return tell(seen.node, seen.block)
      if (seen.kind === 'disk-lost') told.delete(seen.node)
      if (seen.kind === 'opened') return comesBack(seen.node, seen)
      if (seen.kind !== 'started') return undefined
      for (const head of seen.heads) {
        const sentence = comesBack(seen.node, head)
        if (sentence !== undefined) return sentence
      }
      return undefined
    },
  }
}
