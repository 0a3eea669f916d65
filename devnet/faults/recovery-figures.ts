/** Figures of many recoveries, in words. */
import type { Recovery } from './mortal-run.ts'

export function describeRecoveries(recoveries: readonly Recovery[]): string {
  const line = (name: string, pick: (recovery: Recovery) => number): string => {
    const sorted = recoveries.map(pick).sort((left, right) => left - right)
    const at = (percent: number) => sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0
    return `${name}: p50 ${at(50)} ms, p99 ${at(99)} ms, max ${at(100)} ms`
  }
  return [
    `${recoveries.length} kills`,
    line('answers RPC', ({ readyMs }) => readyMs),
    line('first new vote', ({ firstVoteMs }) => firstVoteMs),
    line('votes on every chain', ({ votingMs }) => votingMs),
    line('at the head', ({ headMs }) => headMs),
  ].join('\n')
}
