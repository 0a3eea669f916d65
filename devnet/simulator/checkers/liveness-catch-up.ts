/**
 * L4, catching up: a node that was away and is back after healing, or at healing, stands where the others stood within a
 * fixed time and a twentieth of the time that the missed blocks took.
 */
import { entryOf, type CheckedNetwork, type NetworkChecker } from './network-observation.ts'

type Chase = { readonly since: number; readonly goal: number; readonly dueMs: number }

/** `fixedMs`: to connect and to ask; `intervalMs`: the time of one block. */
export function createCatchUpChecker(
  { committees, byzantineNodes }: CheckedNetwork,
  { fixedMs, intervalMs }: { readonly fixedMs: number; readonly intervalMs: number },
): NetworkChecker {
  const heights = new Map<string, number>()
  const chases = new Map<string, Chase>()
  const tops = new Map<number, number>()
  let hasHealed = false

  function chase(node: number, now: number): void {
    for (const [chain, committee] of committees.entries()) {
      if (!committee.includes(node)) continue
      const key = `${node}/${chain}`
      const goal = tops.get(chain) ?? 0
      const behind = goal - (heights.get(key) ?? 0)
      if (behind > 0)
        chases.set(key, { since: now, goal, dueMs: fixedMs + (behind * intervalMs) / 20 })
    }
  }

  function judge(key: string, { since, goal, dueMs }: Chase, now: number): string | undefined {
    if (now - since <= dueMs) return undefined
    const [node, chain] = key.split('/')
    return `node ${node} needed more than ${dueMs} ms to reach height ${goal} of chain ${chain}`
  }

  return {
    rule: 'L4',
    observe: (seen, now) => {
      if (seen.kind === 'healed') {
        hasHealed = true
        for (const node of committees[0] ?? []) if (!byzantineNodes.has(node)) chase(node, now)
      }
      if (seen.kind === 'started' && hasHealed) chase(seen.node, now)
      if (seen.kind === 'stopped') {
        for (const key of chases.keys()) if (key.startsWith(`${seen.node}/`)) chases.delete(key)
      }
      if (seen.kind !== 'final') return undefined
      const key = `${seen.node}/${seen.chain}`
      heights.set(
        key,
        Math.max(
          seen.height,
          entryOf(heights, key, () => 0),
        ),
      )
      tops.set(seen.chain, Math.max(seen.height, tops.get(seen.chain) ?? 0))
      const open = chases.get(key)
      if (open === undefined || seen.height < open.goal) return undefined
      chases.delete(key)
      return judge(key, open, now)
    },
    finish: (now) => {
      for (const [key, open] of chases) {
        const problem = judge(key, open, now)
        if (problem !== undefined) return problem
      }
      return undefined
    },
  }
}
