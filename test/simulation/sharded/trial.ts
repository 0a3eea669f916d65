/**
 * A sharded network on trial: a world of whole validators, traffic drawn from a seed, and the court that watches both.
 */
import { corruptSimulated } from '../../../devnet/adversaries/corrupt-simulated.ts'
import { createCourt, type Court } from '../../../devnet/simulator/sharded-court.ts'
import type { Corrupt, ShardedPlan, WorldEvents } from '../../../devnet/simulator/sharded-plan.ts'
import { createShardedWorld, type ShardedWorld } from '../../../devnet/simulator/sharded-world.ts'
import type { Genesis } from '../../../node/beacon/genesis.ts'
import { createMockScheme } from '../../../node/primitives/mock-signature.ts'
import type { SnapshotRules } from '../../../node/validator/snapshot-points.ts'
import { genesisOf, keyOf } from './genesis.ts'
import { createTraffic, type Traffic } from './traffic.ts'

export type TrialOptions = {
  readonly shardCount: number
  readonly seed: number
  /** Four per shard if absent. */
  readonly nodeCount?: number
  readonly genesis?: Partial<Genesis>
  readonly events?: WorldEvents
  readonly snapshotRules?: SnapshotRules
  /** Vices by name; those of devnet/adversaries if absent. */
  readonly corrupt?: Corrupt
  /** What every honest validator becomes. */
  readonly replaced?: ShardedPlan['replaced']
}

export type Trial = {
  readonly world: ShardedWorld
  readonly court: Court
  readonly traffic: Traffic
  readonly genesis: Genesis
  readonly nodeCount: number
  readonly start: (node: number) => void
  readonly startAll: () => void
  readonly stopAll: () => void
  /** Runs until everything submitted is settled and all is quiet, at most this long; false: it was not. */
  readonly settle: (withinMs: number) => boolean
}

const SEATS = 4

export function createTrial(options: TrialOptions): Trial {
  const { nodeCount = options.shardCount * SEATS } = options
  const keys = Array.from({ length: nodeCount }, (_, index) => keyOf(index))
  const genesis = { ...genesisOf(options.shardCount, keys), ...options.genesis }
  const scheme = createMockScheme()
  const court = createCourt(genesis, () => world, scheme)
  const world = createShardedWorld(
    {
      genesis,
      secretKeys: keys.map(({ secretKey }) => secretKey),
      scheme,
      seed: options.seed,
      delayMinMs: 5,
      delayMaxMs: 20,
      corrupt: options.corrupt ?? corruptSimulated,
      ...(options.replaced === undefined ? {} : { replaced: options.replaced }),
      ...(options.snapshotRules === undefined ? {} : { snapshotRules: options.snapshotRules }),
    },
    heard(court, () => traffic, options.events ?? {}),
  )
  const traffic: Traffic = createTraffic({
    world,
    court,
    shardCount: options.shardCount,
    nodeCount,
  })
  const all = Array.from({ length: nodeCount }, (_, index) => index)
  return {
    world,
    court,
    traffic,
    genesis,
    nodeCount,
    start: world.start,
    startAll: () => {
      for (const node of all) if (!world.isUp(node)) world.start(node)
    },
    stopAll: () => {
      for (const node of all) if (world.isUp(node)) world.stop(node)
    },
    settle: (withinMs) => {
      const isOver = (): boolean => court.violation() !== undefined || isSettled()
      world.run(world.now() + withinMs, isOver)
      return court.violation() === undefined && isSettled()
    },
  }

  /** The beacon of every running node has recorded the blocks in which everything ended. */
  function isSettled(): boolean {
    const heights = traffic.lastHeights()
    if (heights === undefined) return false
    return all.every((node) => {
      if (!world.isUp(node)) return true
      const { shards } = world.validator(node).beacon.head()
      return shards.every((record, index) => record.height >= (heights[index] ?? 0))
    })
  }
}

function heard(court: Court, traffic: () => Traffic, events: WorldEvents): WorldEvents {
  return {
    onStarted: court.onStarted,
    onOpened: court.onOpened,
    onWritten: (node, writes) => {
      court.onWritten(node, writes)
      events.onWritten?.(node, writes)
    },
    onTrouble: (trouble) => {
      court.onTrouble(trouble)
      events.onTrouble?.(trouble)
    },
    onEnded: (node, end) => {
      court.onEnded(node, end)
      events.onEnded?.(node, end)
    },
    onRefused: court.onRefused,
    onFact: (node, fact) => {
      court.onFact(node, fact)
      events.onFact?.(node, fact)
    },
    onOutcome: (node, shard, outcome) => {
      court.onOutcome(node, shard, outcome)
      traffic().observe(shard, outcome)
      events.onOutcome?.(node, shard, outcome)
    },
    onBeacon: (node, validator) => {
      court.onBeacon(node, validator)
      events.onBeacon?.(node, validator)
    },
    onSigned: (node, place, vote, root) => {
      court.onSigned(node, place, vote, root)
      events.onSigned?.(node, place, vote, root)
    },
    passes: (from, to, message) => {
      court.onMessage(from, message)
      return events.passes?.(from, to, message) ?? true
    },
  }
}
