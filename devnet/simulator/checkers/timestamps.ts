/**
 * S3, time: the time of blocks never goes backwards along a chain, and no final block is stamped further ahead of the real
 * time than a follower tolerates, clocks that are off included.
 */
import type { NetworkChecker } from './network-observation.ts'

/** A follower tolerates five seconds. */
const AHEAD_MAX_MS = 5_000

/** `skewMaxMs`: how far any honest clock is or was off. */
export function createTimestampChecker(skewMaxMs: () => number): NetworkChecker {
  const newest = new Map<number, number>()
  return {
    rule: 'S3',
    observe: (seen, now) => {
      if (seen.kind !== 'block' || !seen.isFirst) return undefined
      const { shard, height, timestampMs } = seen.block
      const before = newest.get(shard) ?? 0
      newest.set(shard, timestampMs)
      const place = `height ${height} of shard ${shard}`
      if (timestampMs < before) return `${place} is stamped ${timestampMs}, its parent ${before}`
      if (timestampMs > now + AHEAD_MAX_MS + skewMaxMs())
        return `${place} is stamped ${timestampMs}, and it is ${now}`
      return undefined
    },
  }
}
