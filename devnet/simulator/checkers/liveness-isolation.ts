/**
 * L5, isolation: while a shard stands still, no other chain waits longer for its next final block than an idle chain's
 * heartbeat and a bound.
 */
import type { CheckedNetwork, NetworkChecker } from './network-observation.ts'

/** `gapMaxMs`: heartbeat and bound together. */
export function createIsolationChecker(
  { shardCount }: CheckedNetwork,
  gapMaxMs: number,
): NetworkChecker {
  const stalled = new Set<number>()
  /** Chain -> when it last took a block, or since when that is asked of it. */
  const since = new Map<number, number>()

  function restart(now: number): void {
    for (let chain = 0; chain <= shardCount; chain++) since.set(chain, now)
  }

  function judge(chain: number, now: number): string | undefined {
    const gap = now - (since.get(chain) ?? now)
    if (stalled.size === 0 || stalled.has(chain) || gap <= gapMaxMs) return undefined
    return `chain ${chain} stood for ${gap} ms while shard ${[...stalled].join()} was away`
  }

  return {
    rule: 'L5',
    observe: (seen, now) => {
      if (seen.kind === 'stalled') {
        if (stalled.size === 0) restart(now)
        stalled.add(seen.shard)
      }
      if (seen.kind === 'resumed') {
        const problem = judgeAll(now)
        stalled.delete(seen.shard)
        since.set(seen.shard, now)
        return problem
      }
      if (seen.kind !== 'final') return undefined
      const problem = judge(seen.chain, now)
      since.set(seen.chain, now)
      return problem
    },
    finish: judgeAll,
  }

  function judgeAll(now: number): string | undefined {
    let problem: string | undefined
    for (let chain = 0; chain <= shardCount; chain++) problem ??= judge(chain, now)
    return problem
  }
}
