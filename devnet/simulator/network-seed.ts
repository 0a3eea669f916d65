/**
 * Expands a seed to a plan of a whole network: sizes, speeds, adversaries, troubles and traffic, each out of a stream of its
 * own, so that a new draw in one place changes no other.
 */
import { createPrng, type Prng } from '../../node/primitives/prng.ts'
import { withEpochs } from './network-epochs.ts'
import { committeesOf } from './network-genesis.ts'
import type { ChurnPlan, NetworkOrder, NetworkPlan } from './network-plan.ts'
import { withOpening } from './network-opening.ts'
import { withStakes } from './network-stake.ts'
import { drawFaulty, drawTroubles } from './network-troubles.ts'

export type SeedOptions = {
  /** Names to draw adversaries from; none: nobody is byzantine. */
  readonly vices: readonly string[]
  readonly shape: PlanShape
}

/** What a campaign's plans are drawn from. */
export type PlanShape = {
  /** Also the name of its dice: a seed of another campaign is another plan. */
  readonly name: string
  readonly shardCounts: readonly number[]
  readonly seats: readonly number[]
  readonly healMs: readonly number[]
  readonly shardIntervalMs: readonly number[]
  readonly beaconIntervalMs: readonly number[]
  readonly idleIntervalMs: readonly number[]
  readonly orders: readonly number[]
  /** Beacon blocks per epoch; absent: one epoch for ever. */
  readonly epochBlocks?: readonly number[]
  readonly rotationPermille?: number
  /** Most seats of the beacon, which draws its committee (B.15); absent: it seats everybody. */
  readonly beaconSeats?: readonly number[]
  /** In place of the drawn troubles. */
  readonly churn?: ChurnPlan
  /** Validators join and leave. */
  readonly hasStakes?: boolean
  /** The network gets a shard more. */
  readonly opens?: boolean
}

/** Small networks find most and cost least; large ones find what needs many. */
export const NETWORK_SHAPE: PlanShape = {
  name: 'network',
  shardCounts: [1, 1, 2, 2, 2, 3, 4],
  seats: [4, 4, 4, 4, 5, 6, 7],
  healMs: [4_000, 6_000, 12_000],
  shardIntervalMs: [100, 250, 500],
  beaconIntervalMs: [250, 500, 1_000],
  idleIntervalMs: [2_000, 10_000],
  orders: [0, 10, 30, 60],
}

/** The same troubles closer together, in the networks that cost least: for many seeds. */
export const SHORT_SHAPE: PlanShape = {
  name: 'network-short',
  shardCounts: [1, 1, 2],
  seats: [4, 4, 4, 4, 4, 5],
  healMs: [2_000, 3_000, 4_000],
  shardIntervalMs: [100, 250],
  beaconIntervalMs: [250, 500],
  idleIntervalMs: [2_000],
  orders: [0, 4, 8, 16],
}

/** Short plans in networks whose committees change every few beacon blocks (network-epochs.ts). */
export const EPOCHS_SHAPE: PlanShape = {
  ...SHORT_SHAPE,
  name: 'network-epochs',
  shardCounts: [1, 2, 2, 3],
  healMs: [4_000, 6_000, 12_000],
  orders: [0, 8, 16, 30],
  epochBlocks: [4, 5, 8],
}

/** The same with a beacon of a few seats, of which each epoch draws others (B.15). */
export const SAMPLED_SHAPE: PlanShape = {
  ...EPOCHS_SHAPE,
  name: 'network-sampled',
  shardCounts: [2, 3, 4],
  seats: [4],
  healMs: [6_000, 12_000],
  orders: [8, 16, 30],
  epochBlocks: [4],
  beaconSeats: [4, 5, 6, 7],
}

/** The same, in which validators join and leave (network-stake.ts). */
export const REGISTRY_SHAPE: PlanShape = {
  ...EPOCHS_SHAPE,
  name: 'network-registry',
  shardCounts: [1, 2],
  healMs: [12_000, 20_000],
  epochBlocks: [8],
  hasStakes: true,
}

/** The same, in which a shard opens (network-opening.ts): committees of eight have the seats for one more. */
export const ELASTIC_SHAPE: PlanShape = {
  ...EPOCHS_SHAPE,
  name: 'network-elastic',
  shardCounts: [1, 1, 2],
  seats: [8],
  opens: true,
}

/**
 * A hundred and more epochs in every plan, in the cheapest networks that rotate: three of ten validators are away at any time,
 * and three of ten seats change.
 */
export const EPOCHS_LONG_SHAPE: PlanShape = {
  ...SHORT_SHAPE,
  name: 'epochs-long',
  shardCounts: [2],
  seats: [4, 5],
  healMs: [120_000],
  shardIntervalMs: [250],
  beaconIntervalMs: [250],
  idleIntervalMs: [1_000],
  orders: [40, 80],
  epochBlocks: [4, 5, 8],
  rotationPermille: 300,
  churn: { awayPermille: 300, everyMs: 500 },
}

/** One seed in so many has real signatures; such networks are small. */
const REAL_SIGNATURES_ONE_IN = 100
const ACCOUNTS = 10
const PATIENCE_MS = 240_000

type Sizes = Pick<NetworkPlan, 'seed' | 'scheme' | 'shardCount' | 'validatorCount'>

export function expandNetworkPlan(seed: number, options: SeedOptions): NetworkPlan {
  const { shape } = options
  const dice = createPrng(seed).stream(`plan/${shape.name}`)
  const sizes = drawSizes(seed, shape, dice.stream('sizes'))
  const committees = committeesOf(sizes)
  const faults = dice.stream('faulty')
  const faulty = drawFaulty(committees, faults)
  const isByzantine = options.vices.length > 0 && faults.chance(2, 3)
  const speeds = dice.stream('speeds')
  const healMs = speeds.pick(shape.healMs)
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
  const plan: NetworkPlan = {
    kind: 'network',
    ...sizes,
    delayMinMs: 1,
    delayMaxMs: speeds.pick([5, 20, 60]),
    deltaMs,
    shardIntervalMs: speeds.pick(shape.shardIntervalMs),
    beaconIntervalMs: speeds.pick(shape.beaconIntervalMs),
    idleIntervalMs: speeds.pick(shape.idleIntervalMs),
    gasLimit: speeds.pick([1_000_000, 30_000_000]),
    vices: isByzantine ? faulty.map((node) => ({ node, vice: faults.pick(options.vices) })) : [],
    troubles,
    orders: drawOrders(
      { sizes, healMs, honest: honestNodes(committees, faulty), counts: shape.orders },
      dice.stream('orders'),
    ),
    healMs,
    patienceMs: PATIENCE_MS,
  }
  if (shape.epochBlocks === undefined) return plan
  const { beaconSeats } = shape
  const seated =
    beaconSeats === undefined
      ? plan
      : { ...plan, beaconSeats: dice.stream('beacon-seats').pick(beaconSeats) }
  const turning = withEpochs(seated, dice.stream('epochs').pick(shape.epochBlocks), shape)
  if (shape.opens === true) return withOpening(turning, dice.stream('opening'))
  return shape.hasStakes === true ? withStakes(turning, dice.stream('stakes')) : turning
}

function drawSizes(seed: number, shape: PlanShape, dice: Prng): Sizes {
  const isReal = seed % REAL_SIGNATURES_ONE_IN === 0
  const shardCount = dice.pick(isReal ? [1, 2] : shape.shardCounts)
  const seats = dice.pick(isReal && shape.opens !== true ? [4] : shape.seats)
  // Committees of different sizes, in some seeds.
  const extra = isReal ? 0 : dice.below(shardCount)
  return {
    seed,
    scheme: isReal ? (seed % (2 * REAL_SIGNATURES_ONE_IN) === 0 ? 'by-size' : 'bls') : 'mock',
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
  setting: {
    readonly sizes: Sizes
    readonly healMs: number
    readonly honest: readonly number[]
    readonly counts: readonly number[]
  },
  dice: Prng,
): readonly NetworkOrder[] {
  const { sizes, healMs, honest } = setting
  const count = dice.pick(setting.counts)
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
