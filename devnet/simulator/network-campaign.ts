/**
 * Runs seeds of whole networks and sums them up.
 */
import { corruptSimulated } from '../adversaries/corrupt-simulated.ts'
import { ADVERSARY_NAMES } from '../adversaries/registry.ts'
import { falseAccuser } from '../adversaries/false-accuser.ts'
import { forker } from '../adversaries/forker.ts'
import { wrongChunk } from '../adversaries/wrong-chunk.ts'
import { createEventHash } from './event-hash.ts'
import type { NetworkPlan } from './network-plan.ts'
import { runNetwork, type NetworkOutcome, type NetworkRunOptions } from './network-run.ts'
import {
  ELASTIC_SHAPE,
  EPOCHS_LONG_SHAPE,
  EPOCHS_SHAPE,
  expandNetworkPlan,
  NETWORK_SHAPE,
  REGISTRY_SHAPE,
  SAMPLED_SHAPE,
  SHORT_SHAPE,
  type PlanShape,
} from './network-seed.ts'
import type { Verdict } from './sharded-court.ts'

/** Under these names their seeds stand beside the consensus campaigns. */
export const NETWORK_CAMPAIGNS: readonly PlanShape[] = [
  NETWORK_SHAPE,
  SHORT_SHAPE,
  EPOCHS_SHAPE,
  REGISTRY_SHAPE,
  ELASTIC_SHAPE,
  SAMPLED_SHAPE,
  EPOCHS_LONG_SHAPE,
]

/** Played by name only: whoever asks for all campaigns waits long enough without them; a long one costs 4 s a seed. */
export const NAMED_ONLY: readonly string[] = [
  REGISTRY_SHAPE.name,
  ELASTIC_SHAPE.name,
  SAMPLED_SHAPE.name,
  EPOCHS_LONG_SHAPE.name,
]

/** Plans are over long before a snapshot is due, so there its server would be honest and one liar less be drawn; and a forker needs its gang. A name more would make other plans of all seeds. */
const VICES = ADVERSARY_NAMES.filter(
  (name) => ![wrongChunk.name, forker.name, falseAccuser.name].includes(name),
)

/** A seed names a plan only together with its campaign. */
export type NetworkSeed = { readonly shape: PlanShape; readonly seed: number }

/** Plain data: it crosses threads, and is printed as a line of JSON. */
export type NetworkResult = {
  readonly seed: number
  readonly ok: boolean
  readonly hash: string
  readonly virtualMs: number
  /** From healing until all was as it should be. */
  readonly recoveryMs: number | undefined
  readonly wallMs: number
  /** Processor time, which other work on the machine does not lengthen. */
  readonly cpuMs: number
  readonly events: number
  readonly settled: number
  /** That the beacon has begun. */
  readonly epochs: number
  readonly violations: readonly Verdict[]
}

export function networkPlanOf(seed: number, shape = NETWORK_SHAPE): NetworkPlan {
  return expandNetworkPlan(seed, { vices: VICES, shape })
}

/** With the adversaries of the registry. */
export function playNetwork(plan: NetworkPlan, options: NetworkRunOptions = {}): NetworkOutcome {
  return runNetwork(plan, { corrupt: corruptSimulated, ...options })
}

/** `twice`: plays the seed a second time; a different event hash is a violation. */
export function playSeed({ seed, shape }: NetworkSeed, twice: boolean): NetworkResult {
  const startedAt = performance.now()
  const cpuBefore = process.threadCpuUsage()
  const plan = networkPlanOf(seed, shape)
  const outcome = playNetwork(plan)
  const { hash, virtualMs, recoveryMs, steps: events, settled, epochs, violation } = outcome
  const violations = violation === undefined ? [] : [violation]
  if (twice) {
    const again = playNetwork(plan).hash
    const sentence = `the second run of the seed has event hash ${again}, not ${hash}`
    if (again !== hash) violations.push({ rule: 'determinism', sentence, atMs: virtualMs })
  }
  const wallMs = Math.round(performance.now() - startedAt)
  const { user, system } = process.threadCpuUsage(cpuBefore)
  const cpuMs = (user + system) / 1000
  const ok = violations.length === 0
  const figures = { virtualMs, recoveryMs, wallMs, cpuMs, events, settled, epochs }
  return { seed, ok, hash, ...figures, violations }
}

export type NetworkFigures = {
  readonly seeds: number
  readonly failures: number
  readonly virtualMs: number
  readonly cpuMs: number
  readonly events: number
  readonly settled: number
  readonly epochs: number
  readonly recoveryP50Ms: number | undefined
  readonly recoveryMaxMs: number | undefined
  /** Over the hashes of all seeds, in their order. */
  readonly hash: string
}

export function sumUp(results: readonly NetworkResult[]): NetworkFigures {
  const ordered = results.toSorted((left, right) => left.seed - right.seed)
  const recoveries = ordered
    .flatMap(({ recoveryMs }) => recoveryMs ?? [])
    .toSorted((left, right) => left - right)
  const hash = createEventHash()
  for (const { seed, hash: one } of ordered) {
    hash.absorb(seed)
    hash.absorb(Number.parseInt(one.slice(0, 8), 16))
    hash.absorb(Number.parseInt(one.slice(8), 16))
  }
  return {
    seeds: ordered.length,
    failures: ordered.filter(({ ok }) => !ok).length,
    virtualMs: total(ordered.map(({ virtualMs }) => virtualMs)),
    cpuMs: Math.round(total(ordered.map(({ cpuMs }) => cpuMs))),
    events: total(ordered.map(({ events }) => events)),
    settled: total(ordered.map(({ settled }) => settled)),
    epochs: total(ordered.map(({ epochs }) => epochs)),
    recoveryP50Ms: recoveries[recoveries.length >> 1],
    recoveryMaxMs: recoveries.at(-1),
    hash: hash.digest(),
  }
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
