/**
 * Swarm testing (Groce et al.): instead of all faults a little in every run, every class of faults is off in half of the
 * runs and strong in some of the others, so that combinations occur which no campaign thought of. Never more byzantine
 * seats than the committee tolerates.
 */
import type { Prng } from '../../node/primitives/prng.ts'
import type { Vice } from './adversaries/vice.ts'
import type { CampaignShape } from './campaign-shape.ts'

/** 5, 6 and 8 are not of the form 3f + 1: there q = n - f and 2f + 1 differ. */
const SEAT_COUNTS = [4, 5, 6, 7, 8, 10] as const

const VICES: readonly Vice[] = [
  'silent',
  'twins',
  'vote-for-everything',
  'equivocating-leader',
  'selective-sender',
  'forger',
]

export function drawSwarmShape(base: CampaignShape, dice: Prng): CampaignShape {
  const seatCount = dice.pick(SEAT_COUNTS)
  const tolerated = Math.floor((seatCount - 1) / 3)
  const viceCount = dice.chance(1, 2) ? 1 + dice.below(tolerated) : 0
  return {
    ...base,
    seatCount,
    observerCount: dice.below(2),
    vices: Array.from({ length: viceCount }, () => dice.pick(VICES)),
    dropPerMyriad: dice.chance(1, 2) ? dice.below(4000) : 0,
    partitions: dice.chance(1, 2),
    crashes: dice.chance(1, 2) ? 1 + dice.below(5) : 0,
    downDeltasMax: dice.pick([10, 10, 100]),
    clockSkewMaxMs: dice.pick([0, 200, 3_600_000]),
    slowOneIn: dice.pick([0, 0, 5]),
    backoffMax: dice.pick([4, 8, 16]),
    blockIntervalMs: dice.pick([0, 0, 150, 500]),
    idleIntervalMs: dice.pick([0, 1000]),
    work: dice.pick(['always', 'always', 'never', 'comes-and-goes'] as const),
  }
}
