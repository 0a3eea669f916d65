/**
 * The chance that lots put too many bad validators into one committee, counted with integers and rounded only to be shown.
 *
 * Two different failures (n seats, f = floor((n - 1) / 3)): with f + 1 bad seats a committee can be stopped or forked; with
 * n - f bad seats, a quorum, it can certify a state that is not valid. Seats of one committee are drawn without putting
 * back, so the number of bad ones is hypergeometric. For several committees the chances are added (union bound): exact for
 * events that exclude each other, otherwise a little too high; capped at 1.
 */
import { assert } from '../node/primitives/assert.ts'
import { faultsTolerated, quorumOf } from './parameters.ts'

export type CommitteeRisk = {
  readonly validators: number
  readonly shards: number
  /** Of one committee. */
  readonly seats: number
  readonly byzantine: number
  readonly faultsTolerated: number
  readonly quorum: number
  /** Some shard can be stopped or forked: at least f + 1 bad seats. */
  readonly forkFailure: FailureChance
  /** Some shard can certify an invalid state: at least n - f bad seats. */
  readonly quorumFailure: FailureChance
  /**
   * Among how many draws the bad ones choose on average, by withholding the last blocks of an epoch (B.2): by so much at
   * most every chance here can be multiplied. null: no bound, half of all validators are bad.
   */
  readonly biasFactor: number | null
}

export type FailureChance = {
  readonly perDraw: number
  readonly perYear: number
  /** Mean time until it happens; null: never. */
  readonly yearsToFailure: number | null
}

const SECONDS_PER_YEAR = 365 * 24 * 3600

export function committeeRisk(question: {
  readonly validators: number
  readonly shards: number
  readonly seats: number
  readonly byzantine: number
  /** How long a draw stands. */
  readonly epochSeconds: number
}): CommitteeRisk {
  const { validators, shards, seats, byzantine, epochSeconds } = question
  assert(seats >= 1 && seats <= validators, 'a committee has between one seat and all of them')
  assert(byzantine >= 0 && byzantine <= validators, 'the bad ones are some of all')
  const quorum = quorumOf(seats)
  const chanceFrom = (count: number): FailureChance =>
    overTime(Math.min(1, shards * chanceOfAtLeast({ validators, byzantine, seats }, count)), {
      drawsPerYear: SECONDS_PER_YEAR / epochSeconds,
    })
  return {
    validators,
    shards,
    seats,
    byzantine,
    faultsTolerated: faultsTolerated(seats),
    quorum,
    forkFailure: chanceFrom(faultsTolerated(seats) + 1),
    quorumFailure: chanceFrom(quorum),
    biasFactor: biasFactor(byzantine / validators),
  }
}

/**
 * B.2: whoever leads the last t views of an epoch chooses among 2^t mixes. With a share p of the leaders that happens with
 * p^t (1 - p), so the expected number of choices is the sum of (2p)^t (1 - p), which is (1 - p) / (1 - 2p).
 */
function biasFactor(share: number): number | null {
  return share < 0.5 ? (1 - share) / (1 - 2 * share) : null
}

/** P[X >= count] for the number X of bad seats among `seats` drawn from `validators`, `byzantine` of which are bad. */
function chanceOfAtLeast(
  drawn: { readonly validators: number; readonly byzantine: number; readonly seats: number },
  count: number,
): number {
  const { validators, byzantine, seats } = drawn
  const good = validators - byzantine
  let ways = 0n
  for (let bad = count; bad <= Math.min(seats, byzantine); bad++) {
    ways += choose(byzantine, bad) * choose(good, seats - bad)
  }
  return ratio(ways, choose(validators, seats))
}

function overTime(perDraw: number, { drawsPerYear }: { drawsPerYear: number }): FailureChance {
  return {
    perDraw,
    // 1 - (1 - p)^draws, without losing small p.
    perYear: perDraw >= 1 ? 1 : -Math.expm1(drawsPerYear * Math.log1p(-perDraw)),
    yearsToFailure: perDraw === 0 ? null : 1 / (perDraw * drawsPerYear),
  }
}

/** Ways to choose `count` of `from`, without order. */
export function choose(from: number, count: number): bigint {
  if (count < 0 || count > from) return 0n
  let ways = 1n
  for (let index = 0; index < count; index++) {
    ways = (ways * BigInt(from - index)) / BigInt(index + 1)
  }
  return ways
}

/** The quotient of two large integers as the nearest number, also where it is far below one. */
function ratio(part: bigint, whole: bigint): number {
  if (part === 0n) return 0
  const bits = 64 - (bitLength(part) - bitLength(whole))
  const scaled = bits >= 0 ? (part << BigInt(bits)) / whole : part / (whole << BigInt(-bits))
  return Number(scaled) / 2 ** bits
}

function bitLength(value: bigint): number {
  return value.toString(2).length
}
