/**
 * A whole sharded network in one thread and in virtual time: real validators (node/validator), real execution, inline
 * workers, a store image per node. Links delay and lose; nodes can be stopped and started again from their stores, and
 * executors can die.
 *
 * Invariant: between two inputs nothing happens; every effect is performed at the virtual time of its input, in order;
 * every input is part of the event hash with a digest of what it carries.
 */
import { shardGenesis } from '../../node/beacon/genesis.ts'
import { assert, present } from '../../node/primitives/assert.ts'
import type { ChainNumber, Hash } from '../../node/primitives/identifiers.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import type { Result } from '../../node/primitives/result.ts'
import { genesisStateRoot } from '../../node/shards/genesis-state.ts'
import type { InlineExecutor } from '../../node/shards/io/inline.ts'
import { imageWrites } from '../../node/storage/io/ordered-image.ts'
import type { ValidatorEvent } from '../../node/validator/contract.ts'
import type { MempoolRejectCode } from '../../node/shards/mempool-admission.ts'
import type { Validator } from '../../node/validator/validator.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { eventWord } from './sharded-digest.ts'
import { performEffect, type Performer } from './sharded-effects.ts'
import {
  createSimulatedNode,
  forgetState,
  reviveNode,
  type NodeFoundation,
  type SimulatedNode,
} from './sharded-node.ts'
import type { ShardedPlan, WorldEvents } from './sharded-plan.ts'

type Answer = (result: Result<Hash, MempoolRejectCode>) => void

export type ShardedWorld = {
  readonly submit: (node: number, shard: ChainNumber, raw: Uint8Array, answer?: Answer) => void
  readonly run: (untilMs: number, stopped?: () => boolean) => void
  readonly now: () => number
  readonly stop: (node: number) => void
  readonly start: (node: number) => void
  readonly isUp: (node: number) => boolean
  readonly validator: (node: number) => Validator
  readonly executor: (node: number, shard: ChainNumber) => InlineExecutor
  /** The executor dies over its next request and starts again from its store. */
  readonly killExecutor: (node: number, shard: ChainNumber) => void
  /** A stopped node loses a shard's state, but not its blocks. */
  readonly forgetState: (node: number, shard: ChainNumber) => void
  readonly setLoss: (perMille: number) => void
  readonly hash: () => string
}

const STEPS_MAX = 20_000_000

type World = Performer & { readonly scheduler: Scheduler }

export function createShardedWorld(plan: ShardedPlan, events: WorldEvents): ShardedWorld {
  const submissions = new Map<number, Answer>()
  const world = createWorld(plan, events, submissions)
  const { nodes, scheduler, foundation } = world
  const nodeAt = (index: number) => present(nodes[index], 'the node exists')
  let nextRequest = 1
  return {
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
    stop: (index) => {
      const node = nodeAt(index)
      node.up = false
      node.life++
      node.doomed.clear()
    },
    start: (index) => {
      const node = nodeAt(index)
      const restore = reviveNode(node, foundation)
      events.onStarted?.(index, restore)
      handle(world, node, { kind: 'start', restore })
      introduce(world, node)
    },
    isUp: (index) => nodeAt(index).up,
    validator: (index) => nodeAt(index).validator,
    executor: (index, shard) =>
      present(nodeAt(index).executors.get(shard), 'the node hosts the shard'),
    killExecutor: (index, shard) => void nodeAt(index).doomed.add(shard),
    forgetState: (index, shard) => forgetState(nodeAt(index), shard),
    setLoss: (perMille) => {
      world.lossPerMille = perMille
    },
    hash: scheduler.hash,
  }
}

function createWorld(
  plan: ShardedPlan,
  events: WorldEvents,
  submissions: Map<number, Answer>,
): World {
  const dice = createPrng(plan.seed).stream('links')
  const scheduler = createScheduler({ diceCursor: () => dice.cursor() })
  const foundation = foundationOf(plan)
  const world: World = {
    plan,
    events,
    foundation,
    nodes: plan.genesis.validators.map((_, index) => createSimulatedNode(foundation, index)),
    dice,
    scheduler,
    now: scheduler.now,
    post: (node, at, event) => {
      const { life } = node
      schedule(world, node, at, event, () => node.life === life)
    },
    arm: (node, at) => {
      node.tickAt = at
      if (!Number.isFinite(at)) return
      const { life } = node
      schedule(world, node, at, { kind: 'tick' }, () => node.life === life && node.tickAt === at)
    },
    answer: ({ request, result }) => {
      submissions.get(request)?.(result)
      submissions.delete(request)
    },
    lossPerMille: 0,
  }
  return world
}

function foundationOf({ genesis }: ShardedPlan): NodeFoundation {
  const shards = Array.from({ length: genesis.shardCount }, (_, index) => index + 1)
  const shardStateRoots = shards.map((shard) => genesisStateRoot(shardGenesis(genesis, shard)))
  return { genesis, shardStateRoots }
}

function schedule(
  world: World,
  node: SimulatedNode,
  at: number,
  event: ValidatorEvent,
  isWanted: () => boolean,
): void {
  world.scheduler.schedule(at, {
    node: node.index,
    kind: event.kind,
    payload: eventWord(event),
    act: () => {
      if (node.up && isWanted()) handle(world, node, event)
    },
  })
}

function handle(world: World, node: SimulatedNode, event: ValidatorEvent): void {
  const effects = node.validator.handle({ ...event, now: world.now() })
  const writes = effects.filter((effect) => effect.kind === 'write').map(({ write }) => write)
  node.image.apply(imageWrites(writes, (_, value) => value.slice()))
  for (const effect of effects) performEffect(world, node, effect)
}

/** Whoever is up is connected with everybody who is. */
function introduce(world: World, node: SimulatedNode): void {
  for (const other of world.nodes) {
    if (other === node || !other.up) continue
    const now = world.now()
    world.post(node, now, { kind: 'validator-connected', validator: other.index })
    world.post(other, now, { kind: 'validator-connected', validator: node.index })
  }
}
