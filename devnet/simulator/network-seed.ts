/**
 * Expands a seed to a plan of a whole network: sizes, speeds, adversaries, troubles and traffic, each out of a stream of its
 * own, so that a new draw in one place changes no other.
 */
import { createPrng, type Prng } from '../../node/primitives/prng.ts'
import { committeesOf } from './network-genesis.ts'
import type { NetworkOrder, NetworkPlan } from './network-plan.ts'
import { drawFaulty, drawTroubles } from './network-troubles.ts'

export type SeedOptions = {
  /** Names to draw adversaries from; none: nobody is byzantine. */
  readonly vices: readonly string[]
}

/** One seed in so many has real signatures; such networks are small. */
const REAL_SIGNATURES_ONE_IN = 100
const ACCOUNTS = 10
const PATIENCE_MS = 240_000

type Sizes = Pick<NetworkPlan, 'seed' | 'scheme' | 'shardCount' | 'validatorCount'>

export function expandNetworkPlan(seed: number, options: SeedOptions): NetworkPlan {
  const dice = createPrng(seed).stream('plan/network')
  const sizes = drawSizes(seed, dice.stream('sizes'))
  const committees = committeesOf(sizes)
  const faults = dice.stream('faulty')
  const faulty = drawFaulty(committees, faults)
  const isByzantine = options.vices.length > 0 && faults.chance(2, 3)
  const speeds = dice.stream('speeds')
  const healMs = speeds.pick([4_000, 6_000, 12_000])
  const deltaMs = 100
  const troubles = drawTroubles(
    {
      committees,
      healMs,
      deltaMs,
      sound: honestNodes(committees, faulty),
      fragile: isByzantine ? [] : faulty,
    },
    dice.stream('troubles'),
  )
  return {
    kind: 'network',
    ...sizes,
    delayMinMs: 1,
    delayMaxMs: speeds.pick([5, 20, 60]),
    deltaMs,
    shardIntervalMs: speeds.pick([100, 250, 500]),
    beaconIntervalMs: speeds.pick([250, 500, 1_000]),
    idleIntervalMs: speeds.pick([2_000, 10_000]),
    gasLimit: speeds.pick([1_000_000, 30_000_000]),
    vices: isByzantine ? faulty.map((node) => ({ node, vice: faults.pick(options.vices) })) : [],
    troubles,
    orders: drawOrders(
      { sizes, healMs, honest: honestNodes(committees, faulty) },
      dice.stream('orders'),
    ),
    healMs,
    patienceMs: PATIENCE_MS,
  }
}

function drawSizes(seed: number, dice: Prng): Sizes {
  const isReal = seed % REAL_SIGNATURES_ONE_IN === 0
  // Small networks find most and cost least; large ones find what needs many.
  const shardCount = dice.pick(isReal ? [1, 2] : [1, 1, 2, 2, 2, 3, 4])
  const seats = dice.pick(isReal ? [4] : [4, 4, 4, 4, 5, 6, 7])
  // Committees of different sizes, in some seeds.
  const extra = isReal ? 0 : dice.below(shardCount)
  return {
    seed,
    scheme: isReal ? 'bls' : 'mock',
    shardCount,
    validatorCount: shardCount * seats + extra,
  }
}

function honestNodes(
  committees: readonly (readonly number[])[],
  faulty: readonly number[],
): readonly number[] {
  return (committees[0] ?? []).filter((node) => !faulty.includes(node))
}

function drawOrders(
  setting: { readonly sizes: Sizes; readonly healMs: number; readonly honest: readonly number[] },
  dice: Prng,
): readonly NetworkOrder[] {
  const { sizes, healMs, honest } = setting
  const count = dice.pick([0, 10, 30, 60])
  const orders = Array.from({ length: count }, (): NetworkOrder => {
    const shard = 1 + dice.below(sizes.shardCount)
    const crosses = sizes.shardCount > 1 && dice.chance(1, 2)
    const hops = crosses ? 1 + dice.below(sizes.shardCount - 1) : 0
    return {
      atMs: 500 + dice.below(healMs),
      shard,
      sender: dice.below(ACCOUNTS),
      destination: 1 + ((shard - 1 + hops) % sizes.shardCount),
      to: crosses && dice.chance(1, 6) ? 'bounce' : 'account',
      amount: 1 + dice.below(1_000_000),
      node: dice.pick(honest),
    }
  })
  return orders.toSorted((left, right) => left.atMs - right.atMs)
}
