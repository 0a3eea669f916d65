/**
 * The engine `sim`: a whole sharded network in virtual time (simulator/sharded-world.ts) with every checker at work. One
 * seed is one run, the same on every machine.
 */
import { setImmediate } from 'node:timers/promises'
import { planOf, type BeaconState } from '../../node/beacon/state.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import { createMockScheme } from '../../node/primitives/mock-signature.ts'
import type { BlockOutcome } from '../../node/shards/executor.ts'
import type { ValidatorFact } from '../../node/validator/contract.ts'
import { corruptSimulated } from '../adversaries/corrupt-simulated.ts'
import type { Fault } from '../faults/fault.ts'
import { createBranchHold, type BranchHold } from '../simulator/branch-hold.ts'
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
  readonly slashed: Set<number>
  readonly reorganised: Map<ChainNumber, Set<number>>
  /** Of a captured shard the load counts what the beacon records. */
  readonly hold: BranchHold<ToldOutcome>
  readonly paused: Set<number>
  readonly lastHeights: ReadonlyMap<ChainNumber, number>[]
  startedMs: number
}

type ToldOutcome = { readonly shard: ChainNumber; readonly outcome: BlockOutcome }

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
  const simulation: Simulation = {
    scenario,
    world,
    court,
    load,
    accused: new Set(),
    slashed: new Set(),
    reorganised: new Map(),
    hold: createBranchHold(court.isCaptured),
    paused: new Set(),
    lastHeights,
    startedMs: 0,
  }
  return simulation
}

/** The court hears everything; the books are kept from what honest nodes say. */
function hear(court: Court, simulation: () => Simulation): WorldEvents {
  const isHonest = (node: number): boolean => simulation().world.viceOf(node) === undefined
  return {
    ...court,
    onFact: (node, fact) => {
      court.onFact(node, fact)
      if (isHonest(node)) noteFact(simulation(), node, fact)
    },
    onOutcome: (node, shard, outcome) => {
      court.onOutcome(node, shard, outcome)
      if (isHonest(node)) count(simulation(), { shard, outcome })
    },
    onBeacon: (node, state) => {
      court.onBeacon(node, state)
      if (isHonest(node)) settle(simulation(), state)
    },
    passes: (from, _to, message) => {
      court.onMessage(from, message)
      return true
    },
  }
}

function count({ hold, load }: Simulation, { shard, outcome }: ToldOutcome): void {
  const { height, parentHash } = outcome.header
  const place = { shard, height, hash: toHex(outcome.hash), parentHash: toHex(parentHash) }
  for (const told of hold.tell(place, { shard, outcome })) load.block(told.shard, told.outcome)
}

function settle({ hold, load, slashed }: Simulation, { shards, validators }: BeaconState): void {
  for (const [index, { status }] of validators.entries()) {
    if (status === 'slashed') slashed.add(index)
  }
  const heads = shards.map(({ height, hash }) => ({ height, hash: toHex(hash) }))
  for (const told of hold.record(heads)) load.block(told.shard, told.outcome)
  load.book.recorded(heads.map(({ height }) => height))
}

function noteFact(simulation: Simulation, node: number, fact: ValidatorFact): void {
  const { world, accused, reorganised } = simulation
  if (fact.kind === 'reorganised' && fact.orphans > 0) {
    const known = reorganised.get(fact.shard) ?? new Set()
    reorganised.set(fact.shard, known.add(node))
  }
  if (fact.kind !== 'evidence') return
  const { domain, seat } = fact.evidence
  const guilty = planOf(world.validator(node).beacon.head(), domain.epoch)?.committees[
    domain.chain
  ]?.[seat]
  if (guilty !== undefined) accused.add(guilty)
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
  const { world, court, load, accused, slashed, reorganised } = simulation
  const violation = court.violation()
  return {
    atMs,
    nodes: Array.from({ length: world.nodeCount }, (_, node) => sightOf(simulation, node)),
    settled: load.book.settledCount(),
    pending: load.book.pendingCount(),
    accused,
    slashed,
    reorganised,
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
  const shards = Array.from({ length: world.validator(0).beacon.head().shards.length })
  const captured = [...shards.keys()].map((index) => index + 1).filter(court.isCaptured)
  const counted = captured.map(
    (shard) => `; shard ${shard} was captured: of it counts what the beacon recorded`,
  )
  return {
    ok: cuts > 0,
    sentence: `conserved at ${cuts} beacon blocks up to ${height}; ${consumed} receipts consumed, ${bounced} bounced${counted.join('')}`,
  }
}
