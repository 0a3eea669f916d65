/**
 * The engine `sim`: a whole sharded network in virtual time (simulator/sharded-world.ts) with every checker at work. One
 * seed is one run, the same on every machine.
 */
import { setImmediate } from 'node:timers/promises'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import { createMockScheme } from '../../node/primitives/mock-signature.ts'
import type { ValidatorFact } from '../../node/validator/contract.ts'
import { corruptSimulated } from '../adversaries/corrupt-simulated.ts'
import type { Fault } from '../faults/fault.ts'
import { createCourt, type Court } from '../simulator/sharded-court.ts'
import type { WorldEvents } from '../simulator/sharded-plan.ts'
import { createShardedWorld, type ShardedWorld } from '../simulator/sharded-world.ts'
import type { AuditVerdict, Engine, Layout, NodeSight, Sight } from './engine.ts'
import type { Scenario } from './scenario.ts'
import { createSimulatedGenesis } from './simulated-genesis.ts'
import { createSimulatedLoad, type SimulatedLoad } from './simulated-load.ts'

/** Links of a good local network: a fifth of delta at most. */
const DELAY_MIN_MS = 5
const DELAY_MAX_MS = 20
/** First blocks of every chain, before the first step. */
const WARM_UP_MS = 2000

type Simulation = {
  readonly scenario: Scenario
  readonly world: ShardedWorld
  readonly court: Court
  readonly load: SimulatedLoad
  readonly accused: Set<number>
  readonly paused: Set<number>
  readonly lastHeights: ReadonlyMap<ChainNumber, number>[]
  startedMs: number
}

export function createSimulatedEngine(scenario: Scenario, seed: number): Engine {
  const simulation = createSimulation(scenario, seed)
  const { world, load } = simulation
  const nowMs = (): number => world.now() - simulation.startedMs
  return {
    name: 'sim',
    start: async () => start(simulation),
    nowMs,
    pass: async (ms) => {
      run(simulation, world.now() + Math.ceil(ms))
      // A turn for the process, so that a Ctrl-C is heard.
      await setImmediate()
    },
    apply: async (fault) => apply(simulation, fault),
    leader: async (chain) => leaderOf(simulation, chain),
    setRate: load.setRate,
    send: async (order) => load.send(order),
    look: async () => look(simulation, nowMs()),
    healed: async () => simulation.court.testimony.healed(),
    audit: async () => audit(simulation),
    hash: world.hash,
    stop: async () => {},
  }
}

function createSimulation(scenario: Scenario, seed: number): Simulation {
  const { network } = scenario
  const { genesis, secretKeys } = createSimulatedGenesis(network, seed)
  const scheme = createMockScheme()
  const accused = new Set<number>()
  const court = createCourt(genesis, () => world, scheme)
  const world: ShardedWorld = createShardedWorld(
    {
      genesis,
      secretKeys,
      scheme,
      seed,
      delayMinMs: DELAY_MIN_MS,
      delayMaxMs: DELAY_MAX_MS,
      corrupt: corruptSimulated,
    },
    hear(court, () => simulation),
  )
  const load = createSimulatedLoad({
    world,
    shardCount: network.shards,
    crossShardPerMille: scenario.load.crossShardPerMille,
    nodesFor: (shard) => nodesFor(simulation, shard),
    onCross: court.conservation.declare,
    onOffered: court.testimony.offered,
    onAccepted: court.testimony.accepted,
  })
  const lastHeights = Array.from({ length: network.validators }, () => new Map<number, number>())
  const paused = new Set<number>()
  const simulation = { scenario, world, court, load, accused, paused, lastHeights, startedMs: 0 }
  return simulation
}

/** The court hears everything; the books are kept from what honest nodes say. */
function hear(court: Court, simulation: () => Simulation): WorldEvents {
  const isHonest = (node: number): boolean => simulation().world.viceOf(node) === undefined
  return {
    ...court,
    onFact: (node, fact) => {
      court.onFact(node, fact)
      if (isHonest(node)) noteEvidence(simulation(), fact)
    },
    onOutcome: (node, shard, outcome) => {
      court.onOutcome(node, shard, outcome)
      if (isHonest(node)) simulation().load.block(shard, outcome)
    },
    onBeacon: (node, state) => {
      court.onBeacon(node, state)
      if (!isHonest(node)) return
      simulation().load.book.recorded(state.shards.map(({ height }) => height))
    },
    passes: (from, _to, message) => {
      court.onMessage(from, message)
      return true
    },
  }
}

function noteEvidence({ world, accused }: Simulation, fact: ValidatorFact): void {
  if (fact.kind !== 'evidence') return
  const { domain, seat } = fact.evidence
  const node = world.validator(0).beacon.head().committees[domain.chain]?.[seat]
  if (node !== undefined) accused.add(node)
}

function start(simulation: Simulation): Layout {
  const { world, load, scenario } = simulation
  const { shards, validators } = scenario.network
  world.apply({ kind: 'start', nodes: Array.from({ length: validators }, (_, node) => node) })
  load.setRate(scenario.load.perSecond)
  run(simulation, WARM_UP_MS)
  simulation.startedMs = world.now()
  return { shards, validators, committees: world.validator(0).beacon.head().committees }
}

/** A paused node stays paused through these. */
const SPARING: ReadonlySet<Fault['kind']> = new Set(['start', 'disk', 'clock', 'support'])

function apply({ world, paused }: Simulation, fault: Fault): void {
  world.apply(fault)
  if (!('nodes' in fault)) return
  for (const node of fault.nodes) {
    if (fault.kind === 'pause') paused.add(node)
    else if (!SPARING.has(fault.kind)) {
      paused.delete(node)
    }
  }
}

/** To this virtual time, with the arrivals of the load on the way. */
function run({ world, load, court }: Simulation, untilMs: number): void {
  const isOver = (): boolean => court.violation() !== undefined
  while (world.now() < untilMs && !isOver()) {
    const nextMs = Math.max(world.now() + 1, load.offer())
    world.run(Math.min(untilMs, nextMs), isOver)
  }
}

/** Honest members of the shard that answer. */
function nodesFor({ world, paused }: Simulation, shard: ChainNumber): readonly number[] {
  const members = world.validator(0).beacon.head().committees[shard] ?? []
  return members.filter(
    (node) => world.isUp(node) && !paused.has(node) && world.viceOf(node) === undefined,
  )
}

/** As the member that is furthest sees it. */
function leaderOf({ world, paused }: Simulation, chain: ChainNumber): number | undefined {
  const members = world.validator(0).beacon.head().committees[chain] ?? []
  const engines = members
    .filter((node) => world.isUp(node) && !paused.has(node))
    .flatMap((node) => world.validator(node).chains.get(chain) ?? [])
    .toSorted((left, right) => right.status().view - left.status().view)
  const [first] = engines
  return first?.leader(Math.max(1, first.status().view))
}

function look(simulation: Simulation, atMs: number): Sight {
  const { world, court, load, accused } = simulation
  const violation = court.violation()
  return {
    atMs,
    nodes: Array.from({ length: world.nodeCount }, (_, node) => sightOf(simulation, node)),
    settled: load.book.settledCount(),
    pending: load.book.pendingCount(),
    accused,
    violations: violation === undefined ? [] : [violation],
  }
}

function sightOf({ world, lastHeights, paused }: Simulation, node: number): NodeSight {
  const isUp = world.isUp(node) && !paused.has(node)
  if (isUp) {
    const { chains } = world.validator(node)
    lastHeights[node] = new Map(
      [...chains].map(([chain, { status }]) => [chain, status().deliveredHeight]),
    )
  }
  return { node, isUp, heights: lastHeights[node] ?? new Map<ChainNumber, number>() }
}

function audit({ court, world }: Simulation): AuditVerdict {
  court.testimony.finish()
  const problem = court.violation() ?? court.receipts.finish()
  if (problem !== undefined) return { ok: false, sentence: problem }
  const { consumed, bounced } = court.receipts.counts()
  const { height } = world.validator(0).beacon.head()
  const cuts = court.conservation.cutCount()
  return {
    ok: cuts > 0,
    sentence: `conserved at ${cuts} beacon blocks up to ${height}; ${consumed} receipts consumed, ${bounced} bounced`,
  }
}
