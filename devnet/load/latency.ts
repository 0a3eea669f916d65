/**
 * Latencies in logarithmic buckets: any number of samples in a few kilobytes, each percentile within one percent of the
 * true value. A devnet runs for days; keeping samples would be a leak.
 */

/** Neighbouring buckets differ by 2 %, so the middle of one is within 1 % of every sample in it. */
const GROWTH = 1.02
/** Bucket 0 holds everything up to 1 ms, the last one everything beyond an hour. */
const BUCKETS = Math.ceil(Math.log(3_600_000) / Math.log(GROWTH)) + 1

export type LatencySummary = {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  /** Milliseconds at each of CURVE_SHARES, for a curve of the distribution. */
  readonly curve: readonly number[]
}

/** Shares of the samples at which the distribution is told. */
export const CURVE_SHARES = [
  0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1,
] as const

export const NO_LATENCY: LatencySummary = {
  count: 0,
  p50: 0,
  p90: 0,
  p99: 0,
  max: 0,
  curve: CURVE_SHARES.map(() => 0),
}

export type LatencyHistogram = {
  readonly add: (milliseconds: number) => void
  readonly summary: () => LatencySummary
  readonly clear: () => void
}

export function createLatencyHistogram(): LatencyHistogram {
  const counts = new Uint32Array(BUCKETS)
  let count = 0
  let max = 0

  /** The smallest value that at least this share of the samples does not exceed. */
  function percentile(share: number): number {
    const rank = Math.ceil(count * share)
    let seen = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += counts[bucket] ?? 0
      if (seen >= rank && rank > 0) return Math.min(max, middleOf(bucket))
    }
    return 0
  }

  return {
    add: (milliseconds) => {
      const bucket = bucketOf(milliseconds)
      counts[bucket] = (counts[bucket] ?? 0) + 1
      count++
      max = Math.max(max, milliseconds)
    },
    summary: () => ({
      count,
      p50: Math.round(percentile(0.5)),
      p90: Math.round(percentile(0.9)),
      p99: Math.round(percentile(0.99)),
      max: Math.round(max),
      curve: CURVE_SHARES.map((share) => Math.round(percentile(share))),
    }),
    clear: () => {
      counts.fill(0)
      count = 0
      max = 0
    },
  }
}

function bucketOf(milliseconds: number): number {
  if (milliseconds <= 1) return 0
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(milliseconds) / Math.log(GROWTH)))
}

function middleOf(bucket: number): number {
  return GROWTH ** (bucket - 0.5)
}
