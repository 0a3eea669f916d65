/**
 * What was seen so far: the newest sight, how high each chain stands among honest nodes, and when it last rose. Finality
 * has no forks, so the highest honest node tells how far a chain is.
 */
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import type { Layout, NodeSight, Sight } from './engine.ts'
import type { Chains } from './scenario.ts'

/** A chain without a new block for this long stands still; blocks come every half second, idle ones are loaded first. */
export const HALTED_AFTER_MS = 5_000
/** Members of one chain this close are caught up: votes and blocks are always under way. */
const CAUGHT_UP_BLOCKS = 2

export type Watch = {
  readonly layout: Layout
  readonly see: (sight: Sight) => void
  readonly sight: () => Sight
  readonly height: (chain: ChainNumber) => number
  readonly isHalted: (chain: ChainNumber) => boolean
  readonly node: (node: number) => NodeSight | undefined
  /** Chains in which this node is further behind than is usual. */
  readonly lags: (node: number) => readonly ChainNumber[]
  readonly honest: () => readonly NodeSight[]
}

const NOTHING: Sight = {
  atMs: 0,
  nodes: [],
  settled: 0,
  pending: 0,
  accused: new Set(),
  slashed: new Set(),
  reorganised: new Map(),
  violations: [],
}

export function createWatch(
  layout: Layout,
  byzantine: ReadonlySet<number>,
  haltedAfterMs: number,
): Watch {
  const heights = layout.committees.map(() => 0)
  const risenAt = layout.committees.map(() => 0)
  let newest = NOTHING

  const honest = (): readonly NodeSight[] => newest.nodes.filter(({ node }) => !byzantine.has(node))
  const height = (chain: ChainNumber): number => heights[chain] ?? 0

  return {
    layout,
    see: (sight) => {
      newest = sight
      for (const chain of heights.keys()) {
        const seen = Math.max(0, ...honest().map((one) => one.heights.get(chain) ?? 0))
        if (seen <= height(chain)) continue
        heights[chain] = seen
        risenAt[chain] = sight.atMs
      }
    },
    sight: () => newest,
    height,
    isHalted: (chain) => newest.atMs - (risenAt[chain] ?? 0) >= haltedAfterMs,
    node: (node) => newest.nodes[node],
    lags: (node) => {
      const own = newest.nodes[node]?.heights ?? new Map<ChainNumber, number>()
      return [...own]
        .filter(([chain, at]) => at < height(chain) - CAUGHT_UP_BLOCKS)
        .map(([chain]) => chain)
    },
    honest,
  }
}

/** The chains that words mean. */
export function chainsOf({ shards }: Layout, chains: Chains): readonly ChainNumber[] {
  if (chains !== 'every-shard') return [chains]
  return Array.from({ length: shards }, (_, index) => index + 1)
}

export function chainName(chain: ChainNumber): string {
  return chain === 0 ? 'beacon' : `shard ${chain}`
}
