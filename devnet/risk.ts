/**
 * What small committees cost in safety, said without comfort. Seats are drawn at random, so a few bad validators out of
 * many may meet in one committee; this module counts how often, exactly (integers, no sampling).
 */
import { choose } from './committee-risk.ts'
import { faultsTolerated, quorumOf, committeeSizeOf } from './parameters.ts'

/**
 * The chance that `bad` of `validators`, spread evenly over the shards by lot, put more than f into at least one shard
 * committee: enough to stop it or to fork it. A ratio of integers, so that nothing is rounded before it is shown.
 */
export function chanceOfBrokenShard(
  validators: number,
  shards: number,
  bad: number,
): { readonly broken: bigint; readonly draws: bigint } {
  const draws = choose(validators, bad)
  // Ways in which every shard stays within f: the coefficient of x^bad in the product of the committees' polynomials.
  let ways: bigint[] = [1n]
  for (let shard = 0; shard < shards; shard++) {
    const size = Math.floor(validators / shards) + (shard < validators % shards ? 1 : 0)
    ways = multiply(ways, harmlessWays(size), bad)
  }
  return { broken: draws - (ways[bad] ?? 0n), draws }
}

/** The sentence printed at the start of every devnet. */
export function riskSentence(validators: number, shards: number, beaconSeats?: number): string {
  const size = committeeSizeOf({ validators, shards })
  const faults = faultsTolerated(size)
  if (validators === 1) {
    return 'Development mode: one validator decides everything, so this network tolerates no fault at all.'
  }
  const bad = faults + 1
  const { broken, draws } = chanceOfBrokenShard(validators, shards, bad)
  return (
    `Each shard is decided by ${size} of ${validators} validators and tolerates ${faults}: ${bad} bad ones in one committee ` +
    `can halt or fork it, ${quorumOf(size)} can forge its state. With ${bad} bad validators in all, some committee is ` +
    `broken in ${percent(broken, draws)} of the draws. ${beaconSentence(validators, beaconSeats)}`
  )
}

/** B.15: a beacon that is drawn may draw the bad ones: the fewest that break it, and how often that many do. */
function beaconSentence(validators: number, seats = validators): string {
  if (seats >= validators)
    return `The beacon tolerates ${faultsTolerated(validators)} of ${validators}.`
  const faults = faultsTolerated(seats)
  const bad = faults + 1
  const broken = choose(validators - bad, seats - bad)
  return (
    `The beacon is decided by ${seats} of ${validators}, drawn by lot, and tolerates ${faults}: with ${bad} bad validators ` +
    `in all it is broken in ${percent(broken, choose(validators, seats))} of the draws.`
  )
}

/** Coefficient j: ways to choose j bad seats in a committee that survives them. */
function harmlessWays(size: number): bigint[] {
  return Array.from({ length: faultsTolerated(size) + 1 }, (_, bad) => choose(size, bad))
}

function multiply(left: readonly bigint[], right: readonly bigint[], degreeMax: number): bigint[] {
  const product = Array.from({ length: degreeMax + 1 }, () => 0n)
  for (const [i, a] of left.entries()) {
    for (const [j, b] of right.entries()) {
      if (i + j <= degreeMax) product[i + j] = (product[i + j] ?? 0n) + a * b
    }
  }
  return product
}

/** One decimal place, rounded down: `20.0 %`. */
function percent(part: bigint, whole: bigint): string {
  const tenths = (part * 1000n) / whole
  return `${tenths / 10n}.${tenths % 10n} %`
}
