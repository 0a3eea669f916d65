/**
 * How fast the simulator is: a healthy network of twenty validators (four shards and the beacon, mock signatures, a devnet's
 * block times), under three loads, against real time. Processor time is what counts: other work on the machine does not
 * lengthen it much, and one simulation uses one processor.
 */
import type { NetworkOrder, NetworkPlan } from './network-plan.ts'
import { runNetwork } from './network-run.ts'

export type SpeedLoad = {
  readonly name: string
  readonly seconds: number
  /** Transfers per minute, half of them to another shard. */
  readonly perMinute: number
}

export const SPEED_LOADS: readonly SpeedLoad[] = [
  { name: 'quiet', seconds: 600, perMinute: 0 },
  { name: 'modest', seconds: 600, perMinute: 6 },
  { name: 'busy', seconds: 60, perMinute: 600 },
]

export type SpeedFigures = {
  readonly load: string
  readonly virtualMs: number
  readonly cpuMs: number
  readonly events: number
  readonly settled: number
  readonly timesRealTime: number
  readonly hash: string
}

const SHARDS = 4
const VALIDATORS = 20
const ACCOUNTS = 10
const BEGIN_MS = 1_000
/** Long enough for the compiler to have seen every path. */
const WARM_UP: SpeedLoad = { name: 'warm-up', seconds: 20, perMinute: 60 }

/** Throws if the network broke a rule: then its speed is of no interest. */
export function measureSpeed(load: SpeedLoad): SpeedFigures {
  runNetwork(speedPlan(WARM_UP))
  const plan = speedPlan(load)
  const before = process.threadCpuUsage()
  const { virtualMs, steps: events, settled, hash, violation } = runNetwork(plan)
  const { user, system } = process.threadCpuUsage(before)
  if (violation !== undefined) throw new Error(`${violation.rule}: ${violation.sentence}`)
  const cpuMs = (user + system) / 1000
  const timesRealTime = Math.round(virtualMs / cpuMs)
  return {
    load: load.name,
    virtualMs,
    cpuMs: Math.round(cpuMs),
    events,
    settled,
    timesRealTime,
    hash,
  }
}

function speedPlan(load: SpeedLoad): NetworkPlan {
  return {
    kind: 'network',
    seed: 1,
    scheme: 'mock',
    shardCount: SHARDS,
    validatorCount: VALIDATORS,
    delayMinMs: 5,
    delayMaxMs: 20,
    deltaMs: 100,
    shardIntervalMs: 500,
    beaconIntervalMs: 1_000,
    idleIntervalMs: 10_000,
    gasLimit: 30_000_000,
    vices: [],
    troubles: [],
    orders: ordersOf(load),
    healMs: load.seconds * 1_000,
    patienceMs: 60_000,
  }
}

function ordersOf({ seconds, perMinute }: SpeedLoad): readonly NetworkOrder[] {
  const count = Math.floor((seconds * perMinute) / 60)
  return Array.from({ length: count }, (_, index): NetworkOrder => {
    const shard = 1 + (index % SHARDS)
    const crosses = index % 2 === 0
    return {
      atMs: BEGIN_MS + Math.floor((index * 60_000) / perMinute),
      shard,
      sender: index % ACCOUNTS,
      destination: crosses ? 1 + (shard % SHARDS) : shard,
      to: 'account',
      amount: 1 + index,
      node: index % VALIDATORS,
    }
  })
}
