/**
 * The shape of a campaign: what all its seeds have in common. Plans (consensus-plan.ts) are drawn from it.
 */
import type { Vice } from './adversaries/vice.ts'
import type { LinkQuality } from './network.ts'

/** Whether the chain has something to put into a block; without, it beats its heart only (A.7). */
export type WorkPattern = 'always' | 'never' | 'comes-and-goes'

/** What a campaign fixes; everything else is drawn. */
export type CampaignShape = {
  readonly name: string
  /** What is done to the committee, for people. */
  readonly title: string
  /** Size, vices and faults are drawn for every seed (swarm.ts), whatever this shape says about them. */
  readonly isSwarm: boolean
  readonly seatCount: number
  readonly observerCount: number
  /** One byzantine seat each, at random places. */
  readonly vices: readonly Vice[]
  readonly stableAtMs: number
  readonly dropPerMyriad: number
  readonly partitions: boolean
  /** Crashes per honest node, on average, before stabilization. */
  readonly crashes: number
  /** A crashed node comes back within this many deltas. */
  readonly downDeltasMax: number
  /** Clocks differ by at most this. */
  readonly clockSkewMaxMs: number
  /** One node in this many works slowly; 0 for none. */
  readonly slowOneIn: number
  readonly heightsWanted: number
  readonly deltaMs: number
  /** Links after stabilization; within delta unless the campaign is about a wrong delta. */
  readonly stable: LinkQuality
  readonly backoffMax: number
  readonly blockIntervalMs: number
  readonly idleIntervalMs: number
  readonly work: WorkPattern
  readonly patienceMs: number
  readonly disksHonourSync: boolean
  readonly votesGuarded: boolean
}
