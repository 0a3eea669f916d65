/**
 * L6, quiet: with nothing to do the network says no more than its heartbeats need: so many messages per node and second.
 */
import type { CheckedNetwork, NetworkChecker } from './network-observation.ts'

/** A shorter silence says nothing about a rate: one heartbeat of every chain falls into it or not. */
const SPAN_MIN_MS = 20_000

export function createQuietChecker(
  { committees }: CheckedNetwork,
  perNodeAndSecondMax: number,
): NetworkChecker {
  const nodeCount = committees[0]?.length ?? 0
  let since: number | undefined
  let spoken = 0

  function judge(now: number): string | undefined {
    if (since === undefined || now - since < SPAN_MIN_MS) return undefined
    const rate = (spoken * 1000) / ((now - since) * nodeCount)
    if (rate <= perNodeAndSecondMax) return undefined
    return `${spoken} messages in ${now - since} ms without work, ${rate.toFixed(1)} per node and second`
  }

  return {
    rule: 'L6',
    hearsTalk: true,
    observe: (seen, now) => {
      if (seen.kind === 'spoken') spoken++
      if (seen.kind !== 'idle') return undefined
      const problem = judge(now)
      since = seen.isIdle ? now : undefined
      spoken = 0
      return problem
    },
    finish: judge,
  }
}
