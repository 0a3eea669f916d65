/**
 * L7, views: after healing no more than f + 2 views of a chain are given up whose leader is honest and up, in all of its
 * epochs together. Views that some node had entered by then are not counted: what became of them was decided before; nor is the
 * first view of a later epoch, whose leader may be a newcomer that comes with the state a moment late.
 */
import { entryOf, type CheckedNetwork, type NetworkChecker } from './network-observation.ts'

export function createViewChecker({ committees, byzantineNodes }: CheckedNetwork): NetworkChecker {
  /** Chain and epoch -> highest view entered before healing. */
  const entered = new Map<string, number>()
  /** Chain -> views given up without need, as epoch and view. */
  const wasted = new Map<number, Set<string>>()
  const down = new Set<number>()
  let hasHealed = false

  function judge(chain: number, place: string): string | undefined {
    const views = entryOf(wasted, chain, () => new Set<string>()).add(place)
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
      if (seen.kind === 'view-entered' && !hasHealed) {
        const engine = `${seen.chain}/${seen.epoch}`
        entered.set(engine, Math.max(seen.view, entered.get(engine) ?? 0))
      }
      if (seen.kind !== 'nullified' || !hasHealed) return undefined
      const { chain, epoch, view, leader } = seen
      if (down.has(leader) || byzantineNodes.has(leader)) return undefined
      const isFirst = epoch > 0 && view === 1
      const isNew = !isFirst && view > (entered.get(`${chain}/${epoch}`) ?? 0)
      return isNew ? judge(chain, epoch === 0 ? `${view}` : `${view} of epoch ${epoch}`) : undefined
    },
  }
}
