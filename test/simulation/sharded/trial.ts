/**
 * A sharded network on trial: a world of whole validators, traffic drawn from a seed, and the court that watches both.
 */
import { personalAccounts } from '../../../devnet/accounts.ts'
import { createCourt, type Court } from '../../../devnet/simulator/sharded-court.ts'
import type { WorldEvents } from '../../../devnet/simulator/sharded-plan.ts'
import { createShardedWorld, type ShardedWorld } from '../../../devnet/simulator/sharded-world.ts'
import type { Genesis } from '../../../node/beacon/genesis.ts'
import { bigIntToBytes, compareBytes } from '../../../node/primitives/bytes.ts'
import { hashTagged } from '../../../node/primitives/hash.ts'
import { createMockScheme, mockKeyFromSeed } from '../../../node/primitives/mock-signature.ts'
import { createTraffic, type Traffic } from './traffic.ts'

export type TrialOptions = {
  readonly shardCount: number
  readonly seed: number
  readonly genesis?: Partial<Genesis>
  readonly events?: WorldEvents
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

export const CHAIN_ID_BASE = 713_000
const SEATS = 4

export function createTrial(options: TrialOptions): Trial {
  const nodeCount = options.shardCount * SEATS
  const keys = Array.from({ length: nodeCount }, (_, index) => mockKeyFromSeed(label('key', index)))
  const genesis = { ...genesisOf(options.shardCount, keys), ...options.genesis }
  const court = createCourt(genesis, () => world)
  const world = createShardedWorld(
    {
      genesis,
      secretKeys: keys.map(({ secretKey }) => secretKey),
      scheme: createMockScheme(),
      seed: options.seed,
      delayMinMs: 5,
      delayMaxMs: 20,
    },
    heard(court, () => traffic, options.events ?? {}),
  )
  const traffic: Traffic = createTraffic({
    world,
    court,
    shardCount: options.shardCount,
    nodeCount,
  })
  const start = (node: number): void => {
    world.start(node)
    court.onStarted(node)
  }
  const all = Array.from({ length: nodeCount }, (_, index) => index)
  return {
    world,
    court,
    traffic,
    genesis,
    nodeCount,
    start,
    startAll: () => {
      for (const node of all) if (!world.isUp(node)) start(node)
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
    onSigned: (node, chain, vote) => {
      court.onSigned(node, chain, vote)
      events.onSigned?.(node, chain, vote)
    },
    passes: (from, to, message) => {
      court.onMessage(from, message)
      return events.passes?.(from, to, message) ?? true
    },
  }
}

function genesisOf(
  shardCount: number,
  keys: readonly { readonly publicKey: Uint8Array }[],
): Genesis {
  const allocations = personalAccounts().map(({ address }) => {
    return { address, shard: 0, balance: 10n ** 22n }
  })
  return {
    version: 1,
    networkName: 'devnet-simulation',
    chainIdBase: CHAIN_ID_BASE,
    shardCount,
    certificateScheme: 'mock',
    timestampMs: 0,
    seed: hashTagged('seed'),
    shardTiming: { blockIntervalMs: 500, idleIntervalMs: 10_000, deltaMs: 100 },
    beaconTiming: { blockIntervalMs: 1000, idleIntervalMs: 10_000, deltaMs: 100 },
    gasLimit: 30_000_000,
    initialBaseFee: 1_000_000_000n,
    validators: keys.map(({ publicKey }, index) => ({
      publicKey,
      possession: new Uint8Array(96),
      peer: `peer-${index}`,
      payout: label('payout', index).slice(0, 20),
    })),
    allocations: allocations.sort((left, right) => compareBytes(left.address, right.address)),
  }
}

function label(tag: string, index: number): Uint8Array {
  return hashTagged(tag, bigIntToBytes(BigInt(index), 8))
}
