/**
 * A whole sharded network in one thread and in virtual time: real validators (node/validator), real execution, inline
 * workers, a disk per node. Trouble is done to it by `apply`: nodes stop, crash, pause, turn byzantine; links break; disks
 * and clocks fail (sharded-trouble.ts).
 *
 * Invariant: between two inputs nothing happens; every effect is performed in the order of a real node's turn
 * (sharded-turn.ts); every input is part of the event hash with a digest of what it carries.
 */
import { shardGenesis } from '../../node/beacon/genesis.ts'
import { assert, present } from '../../node/primitives/assert.ts'
import type { ChainNumber, Hash } from '../../node/primitives/identifiers.ts'
import { createPrng, type Prng } from '../../node/primitives/prng.ts'
import type { Result } from '../../node/primitives/result.ts'
import { genesisStateRoot } from '../../node/shards/genesis-state.ts'
import type { InlineExecutor } from '../../node/shards/io/inline.ts'
import type { ValidatorEvent } from '../../node/validator/contract.ts'
import type { MempoolRejectCode } from '../../node/shards/mempool-admission.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import type { Validator } from '../../node/validator/validator.ts'
import { decodeNodeMessage, encodeNodeMessage } from '../../node/validator/wire.ts'
import { labelWord } from './event-hash.ts'
import { createHostTimer, type HostTimer } from './host-timer.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { eventWord } from './sharded-digest.ts'
import { peerName } from './sharded-effects.ts'
import { applyTrouble, calm, startNode, stopNode } from './sharded-faults.ts'
import { createLinks, type Letter } from './sharded-links.ts'
import {
  createSimulatedNode,
  type Arrival,
  type NodeFoundation,
  type SimulatedNode,
} from './sharded-node.ts'
import type { ShardedPlan, WorldEvents } from './sharded-plan.ts'
import type { Trouble } from './sharded-trouble.ts'
import { takeInputs, type TurnTaker } from './sharded-turn.ts'

type Answer = (result: Result<Hash, MempoolRejectCode>) => void

export type ShardedWorld = {
  /** All nodes are down at first: `apply({ kind: 'start', nodes })`. Faults of devnet/faults and those of a simulator. */
  readonly apply: (trouble: Trouble) => void
  /** A client asks this node; `answer` never comes if the node ends before. */
  readonly submit: (node: number, shard: ChainNumber, raw: Uint8Array, answer?: Answer) => void
  /** Until this virtual time, or until `stopped`, asked after every event, says so. */
  readonly run: (untilMs: number, stopped?: () => boolean) => void
  readonly now: () => number
  /** Something a plan does at its time; part of the event hash. */
  readonly at: (atMs: number, kind: string, act: () => void) => void
  readonly stop: (node: number) => void
  readonly start: (node: number) => void
  readonly isUp: (node: number) => boolean
  /** Up, or paused. */
  readonly nodeCount: number
  /** The vice of a byzantine node. */
  readonly viceOf: (node: number) => string | undefined
  readonly validator: (node: number) => Validator
  readonly executor: (node: number, shard: ChainNumber) => InlineExecutor
  /** The executor dies over its next request and starts again from its store. */
  readonly killExecutor: (node: number, shard: ChainNumber) => void
  /** A stopped node loses a shard's state, but not its blocks. */
  readonly forgetState: (node: number, shard: ChainNumber) => void
  readonly setLoss: (perMille: number) => void
  /** All trouble is over but for nodes that are down or byzantine. */
  readonly calm: () => void
  /** The node's disk was damaged since it was last wiped: it may refuse to start. */
  readonly isDamaged: (node: number) => boolean
  /** The node's disk was damaged or wiped, ever: its guard may know more than its journal. */
  readonly wasDamaged: (node: number) => boolean
  readonly steps: () => number
  readonly hash: () => string
}

/** Some ten hours of a busy network of twenty: a run beyond it is in a circle. */
const STEPS_MAX = 50_000_000
/** The event hash and the traces name the world itself so. */
const WORLD = -1

type World = TurnTaker & { readonly scheduler: Scheduler }

export function createShardedWorld(plan: ShardedPlan, events: WorldEvents): ShardedWorld {
  const submissions = new Map<number, Answer>()
  const world = createWorld(plan, events, submissions)
  const { nodes, scheduler } = world
  const nodeAt = (index: number) => present(nodes[index], 'the node exists')
  let nextRequest = 1
  return {
    apply: (trouble) => applyTrouble(world, trouble),
    submit: (index, shard, raw, answer) => {
      const request = nextRequest++
      if (answer !== undefined) submissions.set(request, answer)
      world.post(nodeAt(index), scheduler.now(), { kind: 'submit', request, shard, raw })
    },
    run: (untilMs, stopped = () => false) => {
      const end = scheduler.run({ untilMs, stepsMax: STEPS_MAX, stopped })
      assert(end !== 'steps', 'the network does not run in circles')
    },
    now: scheduler.now,
    at: (atMs, kind, act) => scheduler.schedule(atMs, { node: WORLD, kind, payload: 0, act }),
    stop: (index) => stopNode(world, nodeAt(index)),
    start: (index) => startNode(world, nodeAt(index)),
    isUp: (index) => nodeAt(index).up,
    nodeCount: nodes.length,
    viceOf: (index) => nodeAt(index).vice,
    validator: (index) => nodeAt(index).validator,
    executor: (index, shard) =>
      present(nodeAt(index).executors.get(shard), 'the node hosts the shard'),
    killExecutor: (index, shard) => void nodeAt(index).doomed.add(shard),
    forgetState: (index, shard) => {
      assert(!nodeAt(index).up, 'only a stopped node loses its state')
      nodeAt(index).disk.forgetState(shard)
    },
    setLoss: (perMille) => {
      world.links.lossPerMille = perMille
    },
    calm: () => calm(world),
    isDamaged: (index) => nodeAt(index).disk.isDamaged(),
    wasDamaged: (index) => nodeAt(index).disk.wasDamaged(),
    steps: scheduler.steps,
    hash: scheduler.hash,
  }
}

function createWorld(
  plan: ShardedPlan,
  events: WorldEvents,
  submissions: Map<number, Answer>,
): World {
  const root = createPrng(plan.seed)
  const allDice: Prng[] = []
  const diceOf = (name: string): Prng => {
    const dice = root.stream(name)
    allDice.push(dice)
    return dice
  }
  const scheduler = createScheduler({ diceCursor: () => sumOfCursors(allDice) })
  const foundation = foundationOf(plan, (node) => diceOf(`adversary/${node}`))
  const world: World = {
    plan,
    events,
    foundation,
    // Whoever may join has a node as well, and observes until it has seats.
    nodes: plan.secretKeys.map((_, index) => createSimulatedNode(foundation, index)),
    links: createLinks({
      nodeCount: plan.secretKeys.length,
      delayMinMs: plan.delayMinMs,
      delayMaxMs: plan.delayMaxMs,
      dice: diceOf('links'),
      now: scheduler.now,
      deliver: (letter, at) => deliver(world, letter, at),
    }),
    senders: new Map(),
    diskDice: diceOf('disks'),
    scheduler,
    now: scheduler.now,
    post: (node, at, event) => post(world, node, at, event),
    arm: (node, at) => arm(world, node, at),
    later: (node, delayMs, kind, act) => {
      const { life, index } = node
      scheduler.schedule(scheduler.now() + delayMs, {
        node: index,
        kind,
        payload: 0,
        act: () => {
          if (node.life === life) act()
        },
      })
    },
    answer: ({ request, result }) => {
      submissions.get(request)?.(result)
      submissions.delete(request)
    },
  }
  return world
}

function sumOfCursors(allDice: readonly Prng[]): number {
  let sum = 0
  for (const dice of allDice) sum += dice.cursor()
  return sum
}

function foundationOf(plan: ShardedPlan, diceOf: NodeFoundation['diceOf']): NodeFoundation {
  const { genesis } = plan
  const shards = Array.from({ length: genesis.shardCount }, (_, index) => index + 1)
  const shardStateRoots = shards.map((shard) => genesisStateRoot(shardGenesis(genesis, shard)))
  return { plan, genesis, shardStateRoots, diceOf }
}

function deliver(world: World, letter: Letter, at: number): void {
  const { from, to, message, gossip } = letter
  const receiver = present(world.nodes[to], 'a letter has a receiver')
  const peer = peerName(from)
  const read = world.plan.isWired === true ? readFromBytes(receiver, message) : message
  world.post(receiver, at, { kind: 'message', peer, validator: from, message: read, gossip })
}

/** What liars say was made of bytes already, so everything that is sent can be read. */
function readFromBytes({ validator }: SimulatedNode, message: NodeMessage): NodeMessage {
  const decoded = decodeNodeMessage(encodeNodeMessage(message), validator.wire)
  assert(decoded.ok, 'a message that was sent can be read')
  return decoded.value
}

/**
 * What reaches a node at one moment is taken in one turn, as a process takes what its sockets and threads brought since the
 * last one. What a turn itself brings about at once (signatures, checks, executed blocks) is for the next turn.
 */
function post(world: World, node: SimulatedNode, at: number, event: ValidatorEvent): void {
  const when = Math.max(at, world.scheduler.now())
  const word = eventWord(event) ^ labelWord(event.kind)
  const known = node.arrivals.get(when)
  if (known?.life === node.life) {
    known.inputs.push(event)
    known.payload = joined(known.payload, word)
    return
  }
  const { index, life, arrivals } = node
  const arrival: Arrival = {
    node: index,
    kind: 'turn',
    payload: joined(0, word),
    life,
    inputs: [event],
    act: () => {
      if (arrivals.get(when) === arrival) arrivals.delete(when)
      if (node.up && node.life === life) takeInputs(world, node, arrival.inputs)
    },
  }
  arrivals.set(when, arrival)
  world.scheduler.schedule(when, arrival)
}

/** The order counts. */
function joined(payload: number, word: number): number {
  const mixed = Math.imul(payload ^ word, 0x9e3779b1)
  return (mixed << 13) | (mixed >>> 19)
}

/** `at` is the node's own steady time. */
function arm(world: World, node: SimulatedNode, at: number): void {
  node.timer ??= timerOf(world, node)
  const ahead = world.plan.genesis.timestampMs
  node.timer.set(Number.isFinite(at) ? Math.max(0, at - ahead) : Infinity)
}

/** Ends with this life of the node. */
function timerOf(world: World, node: SimulatedNode): HostTimer {
  const { life, index } = node
  return createHostTimer({
    now: world.now,
    schedule: (at, act) =>
      world.scheduler.schedule(at, {
        node: index,
        kind: 'timer',
        payload: 0,
        act: () => {
          if (node.up && node.life === life) act()
        },
      }),
    fire: () => takeInputs(world, node, [{ kind: 'tick' }]),
  })
}
