/**
 * When this node admitted which transaction, for whoever asks how long it took. By this node's own clock, in memory only:
 * nothing is decided by it.
 */
import { toHex } from '../primitives/bytes.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'

export type Admissions = {
  readonly note: (shard: ChainNumber, hash: Hash) => void
  /** Milliseconds since the Unix epoch; undefined: never admitted here, or too long ago. */
  readonly of: (shard: ChainNumber, hash: Hash) => number | undefined
}

/** About 2 MiB of names and times; the oldest are forgotten. */
const ADMISSIONS_MAX = 16_384

export function createAdmissions(now: () => number): Admissions {
  const times = new Map<string, number>()
  /** Names in the order of admission, round and round: asking a map for its oldest key passes over all that were deleted. */
  const names: string[] = []
  let next = 0
  const nameOf = (shard: ChainNumber, hash: Hash): string => `${shard}:${toHex(hash)}`
  return {
    note: (shard, hash) => {
      const name = nameOf(shard, hash)
      // A transaction that was forgotten and pushed again was first admitted then.
      if (times.has(name)) return
      times.set(name, now())
      const oldest = names[next]
      if (oldest !== undefined) times.delete(oldest)
      names[next] = name
      next = (next + 1) % ADMISSIONS_MAX
    },
    of: (shard, hash) => times.get(nameOf(shard, hash)),
  }
}
