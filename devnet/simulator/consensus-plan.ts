/**
 * One seed is one plan: everything that will be done to a committee, as plain JSON, before the run begins. Expanding
 * draws it from the seed and a campaign's shape; running it needs no further decision, so a plan can be stored, edited,
 * shortened and run again.
 */
import { createPrng, type Prng } from '../../node/primitives/prng.ts'
import type { EngineTiming } from '../../node/consensus/engine-contract.ts'
import type { Vice } from './adversaries/vice.ts'
import type { Retention } from './disk.ts'
import type { NetworkPlan } from './network.ts'
import { drawPartitions } from './partition.ts'
import type { CampaignShape, WorkPattern } from './campaign-shape.ts'
import { drawSwarmShape } from './swarm.ts'

/** Least and greatest, both possible. */
export type Span = readonly [least: number, greatest: number]

export type CrashPlan = {
  readonly node: number
  readonly atMs: number
  /** The crash falls at this effect boundary after `atMs`, so that it hits the middle of a turn. */
  readonly effectsLater: number
  readonly downMs: number
  readonly retention: Retention
}

export type Latencies = {
  readonly syncMs: Span
  readonly signMs: Span
  readonly checkMs: Span
  readonly buildMs: Span
  readonly verifyMs: Span
}

export type ConsensusPlan = {
  readonly campaign: string
  readonly seed: number
  readonly seatCount: number
  readonly observerCount: number
  readonly adversaries: readonly { readonly seat: number; readonly vice: Vice }[]
  readonly timing: EngineTiming
  readonly latencies: Latencies
  readonly network: NetworkPlan
  readonly crashes: readonly CrashPlan[]
  /** Blocks that every honest node must take after the network is stable. */
  readonly heightsWanted: number
  /** How long after stabilization they may take. */
  readonly patienceMs: number
  readonly work: WorkPattern
  /** Hosts keep only the journal records that a restart needs, in the order of a database's keys (A.10). */
  readonly journalIsPruned: boolean
  /** By node: how far its clock is ahead. Only differences matter. */
  readonly clockSkewsMs: readonly number[]
  /** By node: its work takes this many times as long. */
  readonly slowness: readonly number[]
  /** Messages travel as bytes. */
  readonly messagesAreEncoded: boolean
  /** False plants a disk that loses what it said was synced. */
  readonly disksHonourSync: boolean
  readonly votesGuarded: boolean
}

const LATENCIES: Latencies = {
  syncMs: [0, 2],
  signMs: [0, 1],
  checkMs: [0, 3],
  buildMs: [2, 8],
  verifyMs: [2, 8],
}

/** How far into later turns a crash may fall. */
const EFFECTS_LATER_MAX = 12
/** A slow node needs 40 to 160 ms for what takes the others 2 to 8. */
const SLOWNESS = 20
const PARTITION_EPISODE_DELTAS = 15
const RETENTIONS: readonly Retention[] = ['none', 'prefix', 'subset']

export function expandPlan(campaign: CampaignShape, seed: number): ConsensusPlan {
  const dice = createPrng(seed).stream(`plan/${campaign.name}`)
  const shape = campaign.isSwarm ? drawSwarmShape(campaign, dice.stream('swarm')) : campaign
  const seats = Array.from({ length: shape.seatCount }, (_, seat) => seat)
  const order = dice.stream('adversaries').shuffle(seats)
  const adversaries = shape.vices.map((vice, index) => ({ seat: order[index] ?? 0, vice }))
  const twinCount = shape.vices.filter((vice) => vice === 'twins').length
  const nodeCount = shape.seatCount + twinCount + shape.observerCount
  const honest = seats.filter((seat) => !adversaries.some((adversary) => adversary.seat === seat))
  return {
    campaign: shape.name,
    seed,
    seatCount: shape.seatCount,
    observerCount: shape.observerCount,
    adversaries,
    timing: {
      deltaMs: shape.deltaMs,
      blockIntervalMs: shape.blockIntervalMs,
      idleIntervalMs: shape.idleIntervalMs,
      backoffMax: shape.backoffMax,
    },
    latencies: LATENCIES,
    network: expandNetwork(shape, nodeCount, dice),
    crashes: expandCrashes(shape, honest, dice.stream('crashes')),
    heightsWanted: shape.heightsWanted,
    patienceMs: shape.patienceMs,
    work: shape.work,
    journalIsPruned: dice.stream('journal').chance(1, 2),
    clockSkewsMs: drawEach(nodeCount, dice.stream('clocks'), shape.clockSkewMaxMs + 1),
    slowness: drawSlowness(nodeCount, dice.stream('slowness'), shape.slowOneIn),
    messagesAreEncoded: dice.stream('wire').chance(1, 8),
    disksHonourSync: shape.disksHonourSync,
    votesGuarded: shape.votesGuarded,
  }
}

function drawEach(count: number, dice: Prng, below: number): readonly number[] {
  return Array.from({ length: count }, () => dice.below(below))
}

function drawSlowness(count: number, dice: Prng, oneIn: number): readonly number[] {
  if (oneIn === 0) return Array.from({ length: count }, () => 1)
  return drawEach(count, dice, oneIn).map((drawn) => (drawn === 0 ? SLOWNESS : 1))
}

function expandNetwork(shape: CampaignShape, nodeCount: number, dice: Prng): NetworkPlan {
  const { stable, stableAtMs, deltaMs } = shape
  const partitions = shape.partitions
    ? drawPartitions(dice.stream('partitions'), {
        nodeCount,
        fromMs: 0,
        untilMs: stableAtMs,
        episodeMs: PARTITION_EPISODE_DELTAS * deltaMs,
      })
    : []
  return {
    nodeCount,
    stableAtMs,
    stable,
    unstable: {
      delayMinMs: stable.delayMinMs,
      delayHalfLifeMs: 2 * stable.delayHalfLifeMs,
      delayMaxMs: 12 * deltaMs,
      dropPerMyriad: shape.dropPerMyriad,
      duplicatePerMyriad: 200,
      replayPerMyriad: 100,
    },
    partitions,
  }
}

function expandCrashes(
  shape: CampaignShape,
  honest: readonly number[],
  dice: Prng,
): readonly CrashPlan[] {
  if (shape.crashes === 0) return []
  const crashes: CrashPlan[] = []
  for (const node of honest) {
    const count = dice.below(2 * shape.crashes + 1)
    for (let index = 0; index < count; index++) {
      crashes.push(drawCrash(shape, dice, node, dice.below(shape.stableAtMs)))
    }
  }
  // Everybody at once, in one seed of three: no surviving memory helps then (A.10.2).
  if (dice.chance(1, 3)) {
    const atMs = dice.below(shape.stableAtMs)
    for (const node of honest) crashes.push(drawCrash(shape, dice, node, atMs))
  }
  return crashes.toSorted((left, right) => left.atMs - right.atMs || left.node - right.node)
}

function drawCrash(shape: CampaignShape, dice: Prng, node: number, atMs: number): CrashPlan {
  return {
    node,
    atMs,
    effectsLater: dice.below(EFFECTS_LATER_MAX + 1),
    downMs: shape.deltaMs * (1 + dice.below(shape.downDeltasMax)),
    retention: dice.pick(RETENTIONS),
  }
}
