/**
 * L7, views: after healing no more than f + 2 views of a chain are given up whose leader is honest and up. Views that some
 * node had entered by then are not counted: what became of them was decided before.
 */
import { entryOf, type CheckedNetwork, type NetworkChecker } from './network-observation.ts'

export function createViewChecker({ committees, byzantineNodes }: CheckedNetwork): NetworkChecker {
  /** Chain -> highest view entered before healing. */
  const entered = new Map<number, number>()
  /** Chain -> views given up without need. */
  const wasted = new Map<number, Set<number>>()
  const down = new Set<number>()
  let hasHealed = false

  function judge(chain: number, view: number): string | undefined {
    const views = entryOf(wasted, chain, () => new Set<number>()).add(view)
    const faults = Math.floor(((committees[chain]?.length ?? 1) - 1) / 3)
    if (views.size <= faults + 2) return undefined
    return `chain ${chain} gave up ${views.size} views of honest leaders after healing: ${[...views].join()}`
  }

  return {
    rule: 'L7',
    observe: (seen) => {
      if (seen.kind === 'healed') hasHealed = true
      if (seen.kind === 'started') down.delete(seen.node)
      if (seen.kind === 'stopped') down.add(seen.node)
      if (seen.kind === 'view-entered' && !hasHealed)
        entered.set(seen.chain, Math.max(seen.view, entered.get(seen.chain) ?? 0))
      if (seen.kind !== 'nullified' || !hasHealed) return undefined
      const { chain, view, leader } = seen
      if (down.has(leader) || byzantineNodes.has(leader)) return undefined
      return view > (entered.get(chain) ?? 0) ? judge(chain, view) : undefined
    },
  }
}
