/**
 * L1, finality returns: within its bound after healing, every node has taken a new final block of every chain it sits on.
 */
import type { CheckedNetwork, NetworkChecker } from './network-observation.ts'

export function createFinalityReturnChecker(
  { committees, byzantineNodes }: CheckedNetwork,
  boundMs: number,
): NetworkChecker {
  let healedAt = Infinity
  /** `node/chain` that are still waited for. */
  const waiting = new Set<string>()
  return {
    rule: 'L1',
    observe: (seen, now) => {
      if (seen.kind === 'healed') {
        healedAt = now
        for (const [chain, committee] of committees.entries()) {
          for (const node of committee)
            if (!byzantineNodes.has(node)) waiting.add(`${node}/${chain}`)
        }
      }
      if (seen.kind !== 'final' || !waiting.delete(`${seen.node}/${seen.chain}`)) return undefined
      if (now <= healedAt + boundMs) return undefined
      return `node ${seen.node} took a block of chain ${seen.chain} only ${now - healedAt} ms after healing`
    },
    finish: (now) => {
      const [late] = waiting
      if (late === undefined || now <= healedAt + boundMs) return undefined
      const [node, chain] = late.split('/')
      return `node ${node} took no block of chain ${chain} in ${now - healedAt} ms after healing`
    },
  }
}
