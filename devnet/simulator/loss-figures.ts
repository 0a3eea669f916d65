/**
 * What lost messages cost a committee: the time between blocks, and the messages that a block takes. Everything else is
 * quiet: no crash, no partition, nobody lies, and links that take 20 to 100 ms.
 *
 * The time between blocks is that between two moments at which the chain of a quorum grew: no single unlucky seat is
 * measured, and no lucky one, and blocks that become final together are one growth.
 */
import type { Observation } from './checkers/observation.ts'
import { QUIET } from './consensus-campaigns.ts'
import { expandPlan, type ConsensusPlan } from './consensus-plan.ts'
import { runConsensus, type ConsensusRunOptions } from './consensus-world.ts'
import { MYRIAD } from './network.ts'

export type LossSetting = {
  readonly seatCount: number
  readonly lossPercent: number
  /** Simulated time of one run. */
  readonly runMs: number
  readonly blockIntervalMs: number
  /** A chain without work, which beats its heart that often; absent where there always is some. */
  readonly idleIntervalMs?: number | undefined
}

export type LossFigures = {
  readonly blocks: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** From the first seat that took a block to the last, in 99 of 100 cases. */
  readonly lagP99Ms: number
  readonly messagesPerBlock: number
}

export function measureLoss(
  setting: LossSetting,
  seeds: number,
  options: Pick<ConsensusRunOptions, 'rules'> = {},
): LossFigures {
  const gaps: number[] = []
  const lags: number[] = []
  let sent = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const clock = createBlockClock(setting.seatCount)
    const { observe } = clock
    const { network, violation } = runConsensus(lossyPlan(setting, seed), { ...options, observe })
    if (violation !== undefined) throw new Error(`seed ${seed}: ${violation.sentence}`)
    gaps.push(...clock.gaps(setting.runMs))
    lags.push(...clock.lags(setting.runMs))
    sent += network.sent
  }
  return {
    blocks: gaps.length,
    p50Ms: quantile(gaps, 0.5),
    p99Ms: quantile(gaps, 0.99),
    maxMs: quantile(gaps, 1),
    lagP99Ms: quantile(lags, 0.99),
    messagesPerBlock: Math.round(sent / gaps.length),
  }
}

function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((left, right) => left - right)
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Infinity
}

/** The whole run is the time before the network is stable, with links as good as afterwards but for what they lose. */
function lossyPlan(setting: LossSetting, seed: number): ConsensusPlan {
  const { seatCount, lossPercent, runMs, blockIntervalMs, idleIntervalMs } = setting
  const shape = {
    ...QUIET,
    name: `loss/${lossPercent}`,
    seatCount,
    blockIntervalMs,
    patienceMs: 0,
    work: idleIntervalMs === undefined ? QUIET.work : 'never',
    idleIntervalMs: idleIntervalMs ?? QUIET.idleIntervalMs,
  } as const
  const plan = expandPlan(shape, seed)
  const unstable = { ...QUIET.stable, dropPerMyriad: (lossPercent * MYRIAD) / 100 }
  return { ...plan, network: { ...plan.network, stableAtMs: runMs, unstable } }
}

type BlockClock = {
  readonly observe: (now: number, seen: Observation) => void
  readonly gaps: (endMs: number) => readonly number[]
  readonly lags: (endMs: number) => readonly number[]
}

function createBlockClock(seatCount: number): BlockClock {
  const quorum = seatCount - Math.floor((seatCount - 1) / 3)
  const times: number[] = [0]
  const taken = new Map<number, { count: number; readonly firstMs: number; lastMs: number }>()
  return {
    observe: (now, seen) => {
      if (seen.kind !== 'delivered') return
      const known = taken.get(seen.height) ?? { count: 0, firstMs: now, lastMs: now }
      taken.set(seen.height, known)
      known.count++
      known.lastMs = now
      if (known.count === quorum && times.at(-1) !== now) times.push(now)
    },
    // The last gap, and a lag that has not ended, count for what they are known to be.
    gaps: (endMs) => [...times.slice(1), endMs].map((end, index) => end - (times[index] ?? 0)),
    lags: (endMs) =>
      [...taken.values()].map(({ count, firstMs, lastMs }) => {
        return (count < seatCount ? endMs : lastMs) - firstMs
      }),
  }
}
