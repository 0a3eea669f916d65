/**
 * What a vice costs: the same simulated network under the same demand, once with honest nodes and once per vice with as
 * many bad seats as every committee tolerates, beacon included. Virtual time, so the figures are the same on every machine;
 * they count messages and timers, not the processor.
 */
import { ADVERSARY_NAMES } from '../adversaries/registry.ts'
import { createSimulatedEngine } from './simulated-engine.ts'
import type { Engine, Layout, Sight } from './engine.ts'
import { nodesOf } from './lookup.ts'
import type { Scenario } from './scenario.ts'

export type CostOptions = {
  /** Each draws other keys, committees, delays and lies; figures are means over them. */
  readonly seeds: readonly number[]
  /** How long is counted; what the table in docs/reliability.md counts if absent. */
  readonly measureMs?: number
}

export type Cost = {
  /** undefined: nobody is bad. */
  readonly vice: string | undefined
  readonly settledPerSecond: number
  /** Per shard. */
  readonly shardBlocksPerSecond: number
  readonly beaconBlocksPerSecond: number
  /** Broken rules, seen by the simulator's court. */
  readonly violations: readonly string[]
}

/** The vice has come into force, and blocks are full. */
const SETTLE_IN_MS = 10_000
/** Not longer: 80 full blocks in a row bring the base fee to what the payments offer at most, and then blocks are half full. */
const MEASURE_MS = 20_000

/**
 * Two shards of four and a beacon of eight, so one liar of four and two of eight. Blocks hold ten plain payments and the
 * demand is twice what honest shards can settle: what is settled is what the network can.
 */
const NETWORK: Scenario = {
  name: 'vice-cost',
  story: 'Demand beyond capacity, with as many liars as every committee tolerates.',
  network: {
    shards: 2,
    validators: 8,
    shardBlockMs: 500,
    beaconBlockMs: 1000,
    idleMs: 10_000,
    epochBlocks: 0,
    gasLimit: 210_000,
  },
  load: { perSecond: 80, crossShardPerMille: 250 },
  groups: new Map(),
  steps: [],
}

/** Honest nodes first, then every vice, in the order of the registry. */
export async function* costs(
  { seeds, measureMs = MEASURE_MS }: CostOptions,
  vices: readonly string[] = ADVERSARY_NAMES,
): AsyncGenerator<Cost> {
  for (const vice of [undefined, ...vices]) {
    const runs: Cost[] = []
    for (const seed of seeds) runs.push(await costOf(vice, seed, measureMs))
    yield meanOf(vice, runs)
  }
}

function meanOf(vice: string | undefined, runs: readonly Cost[]): Cost {
  const mean = (pick: (run: Cost) => number): number =>
    runs.reduce((sum, run) => sum + pick(run), 0) / runs.length
  return {
    vice,
    settledPerSecond: mean((run) => run.settledPerSecond),
    shardBlocksPerSecond: mean((run) => run.shardBlocksPerSecond),
    beaconBlocksPerSecond: mean((run) => run.beaconBlocksPerSecond),
    violations: runs.flatMap(({ violations }) => violations),
  }
}

async function costOf(vice: string | undefined, seed: number, measureMs: number): Promise<Cost> {
  const engine = createSimulatedEngine(NETWORK, seed)
  const layout = await engine.start()
  if (vice !== undefined) {
    const nodes = await toleratedNodes(engine, layout)
    await engine.apply({ kind: 'byzantine', nodes, vice })
  }
  await engine.pass(SETTLE_IN_MS)
  const before = await engine.look()
  await engine.pass(measureMs)
  const after = await engine.look()
  return { vice, ...ratesOf(before, after, layout), violations: after.violations }
}

async function toleratedNodes(engine: Engine, layout: Layout): Promise<readonly number[]> {
  const surroundings = { layout, groups: new Map(), leader: engine.leader }
  return nodesOf(surroundings, [{ kind: 'tolerated' }])
}

function ratesOf(
  before: Sight,
  after: Sight,
  { shards }: Layout,
): Omit<Cost, 'vice' | 'violations'> {
  const seconds = (after.atMs - before.atMs) / 1000
  const rose = (chain: number): number => heightOf(after, chain) - heightOf(before, chain)
  const shardBlocks = Array.from({ length: shards }, (_, index) => rose(index + 1))
  return {
    settledPerSecond: (after.settled - before.settled) / seconds,
    shardBlocksPerSecond: shardBlocks.reduce((sum, blocks) => sum + blocks, 0) / shards / seconds,
    beaconBlocksPerSecond: rose(0) / seconds,
  }
}

function heightOf({ nodes }: Sight, chain: number): number {
  return Math.max(0, ...nodes.map(({ heights }) => heights.get(chain) ?? 0))
}
