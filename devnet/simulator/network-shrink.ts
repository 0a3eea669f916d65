/**
 * Makes a failing plan smaller while it still fails in the same way: fewer troubles, adversaries, transfers and nodes, an
 * earlier end. Delta debugging (Zeller): pieces are left out, first large ones, then smaller ones.
 */
import type { NetworkPlan } from './network-plan.ts'
import type { Trouble } from './sharded-trouble.ts'

export type Shrinking = {
  /** Rule that the plan breaks; undefined: none. */
  readonly ruleOf: (plan: NetworkPlan) => string | undefined
  readonly onSmaller?: (plan: NetworkPlan, runs: number) => void
  /** Runs to spend. */
  readonly runsMax: number
}

type Search = Shrinking & {
  readonly rule: string
  best: NetworkPlan
  runs: number
}

/** The plan itself if it does not fail, or cannot be made smaller. */
export function shrinkPlan(plan: NetworkPlan, shrinking: Shrinking): NetworkPlan {
  const rule = shrinking.ruleOf(plan)
  if (rule === undefined) return plan
  const search: Search = { ...shrinking, rule, best: plan, runs: 1 }
  for (let before = sizeOf(plan) + 1; sizeOf(search.best) < before;) {
    before = sizeOf(search.best)
    leaveOut(
      search,
      (best) => best.troubles,
      (troubles) => ({ troubles }),
    )
    leaveOut(
      search,
      (best) => best.vices,
      (vices) => ({ vices }),
    )
    leaveOut(
      search,
      (best) => best.orders,
      (orders) => ({ orders }),
    )
    healEarlier(search)
    hitFewer(search)
  }
  return search.best
}

/** Entries, and nodes and links that they name. */
function sizeOf({ troubles, vices, orders }: NetworkPlan): number {
  const reach = troubles.reduce((sum, { trouble }) => sum + (targetsOf(trouble)?.length ?? 0), 0)
  return troubles.length + vices.length + orders.length + reach
}

/** Keeps `candidate` if it fails in the same way. */
function isSmaller(search: Search, candidate: NetworkPlan): boolean {
  if (search.runs >= search.runsMax) return false
  search.runs++
  if (search.ruleOf(candidate) !== search.rule) return false
  search.best = candidate
  search.onSmaller?.(candidate, search.runs)
  return true
}

function leaveOut<Item>(
  search: Search,
  read: (plan: NetworkPlan) => readonly Item[],
  write: (items: readonly Item[]) => Partial<NetworkPlan>,
): void {
  let piece = read(search.best).length
  while (piece >= 1) {
    for (let from = 0; from < read(search.best).length;) {
      const items = read(search.best)
      const rest = [...items.slice(0, from), ...items.slice(from + piece)]
      if (!isSmaller(search, { ...search.best, ...write(rest) })) from += piece
    }
    piece = Math.floor(piece / 2)
  }
}

/** Nothing happens after the last entry, so all may be healed then. */
function healEarlier(search: Search): void {
  const { troubles, orders, healMs } = search.best
  const last = Math.max(0, ...[...troubles, ...orders].map(({ atMs }) => atMs))
  if (last + 1 < healMs) isSmaller(search, { ...search.best, healMs: last + 1 })
}

/** Troubles that hit many hit half of them. */
function hitFewer(search: Search): void {
  for (let index = 0; index < search.best.troubles.length; index++) {
    for (let tries = 0; tries < 2; tries++) {
      const entry = search.best.troubles[index]
      const targets = entry && targetsOf(entry.trouble)
      if (entry === undefined || targets === undefined || targets.length < 2) break
      const half = Math.floor(targets.length / 2)
      const some = tries === 0 ? targets.slice(0, half) : targets.slice(half)
      const troubles = search.best.troubles.with(index, {
        atMs: entry.atMs,
        trouble: withTargets(entry.trouble, some),
      })
      if (isSmaller(search, { ...search.best, troubles })) tries = -1
    }
  }
}

function targetsOf(trouble: Trouble): readonly unknown[] | undefined {
  if ('nodes' in trouble) return trouble.nodes
  if ('links' in trouble) return trouble.links
  return undefined
}

function withTargets(trouble: Trouble, targets: readonly unknown[]): Trouble {
  const key = 'nodes' in trouble ? 'nodes' : 'links'
  return { ...trouble, [key]: targets }
}
