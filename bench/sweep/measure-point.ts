/**
 * One run of one point: a fresh devnet of real processes, warmed up, driven to saturation, measured, audited, gone.
 */
import { DEFAULT_PARAMETERS } from '../../devnet/parameters.ts'
import { readPssMiB, sumOver } from '../../devnet/processes/process-figures.ts'
import type { WorkloadPlan } from '../../devnet/load/workload-plan.ts'
import { sampleComponents } from '../run/component-samples.ts'
import { describeWindow } from '../run/describe-window.ts'
import { withNetwork, type MeasureSurroundings, type NetworkPlan } from '../run/measured-network.ts'
import { saturate } from '../run/saturation.ts'
import type { SearchStart } from '../run/search.ts'
import type { PlannedRun } from './plan.ts'
import { limitOf, type Experiment, type RunResult } from './results.ts'

export type PointOptions = MeasureSurroundings & {
  readonly experiment: Experiment
  readonly workload: WorkloadPlan
  readonly windowSeconds: number
  /** What an earlier run of the same point, or a similar one, has sustained. */
  readonly known: SearchStart | undefined
  readonly capCores: number | undefined
  /** Looks into one node afterwards, to say which part of the program the time goes into. */
  readonly samples: boolean
}

/** Of a plain transfer. */
const TRANSFER_GAS = 21_000
/** Where the slot is to be the limit: so few that sixteen nodes on two cores are mostly idle. */
const SLOT_TRANSFERS = 20

export async function measurePoint(run: PlannedRun, options: PointOptions): Promise<RunResult> {
  const { experiment, windowSeconds, known } = options
  const plan = networkPlanOf(run, options)
  const { measured, audit } = await withNetwork(plan, options, async (network) => {
    const saturation = await saturate(network, {
      windowSeconds,
      known: known ?? (experiment === 'scaling-slot' ? belowSlot(plan) : undefined),
    })
    const componentShares = options.samples ? await sampleComponents(network) : undefined
    const pssMiB = await sumOver(network.supervisor.nodePids, readPssMiB)
    return { network, ...saturation, componentShares, pssMiB }
  })
  const described = describeWindow({ ...measured, point: run, repeat: run.repeat, audit })
  const { curve } = measured
  return {
    ...described,
    experiment,
    limitedBy: limitOf(described.idleShare, described.settledTps / slotRate(plan)),
    curve: curve.map(({ offeredTps, settledTps }) => ({ offeredTps, settledTps })),
  }
}

function networkPlanOf(
  { shards, validators, crossShard, chain }: PlannedRun,
  { workload, capCores, experiment }: PointOptions,
): NetworkPlan {
  const isSlotLimited = experiment === 'scaling-slot'
  return {
    shards,
    validators,
    crossShard,
    workload,
    isBare: chain === 'bare',
    capCores,
    ...(isSlotLimited
      ? { gasLimit: SLOT_TRANSFERS * TRANSFER_GAS, feeCapGwei: SLOT_FEE_GWEI }
      : {}),
  }
}

/**
 * Full blocks raise the base fee by an eighth each, so that payments which offer the usual cap would be priced out after
 * half a minute, and the fee would be the limit. 10^11 times the usual price lasts for over 200 full blocks.
 */
const SLOT_FEE_GWEI = 100_000_000_000

function belowSlot(plan: NetworkPlan): SearchStart {
  return { rateTps: slotRate(plan) * 0.8, known: 'similar' }
}

/** Transactions per second that fit into the blocks of all shards. */
function slotRate({ shards, gasLimit = DEFAULT_PARAMETERS.gasLimit }: NetworkPlan): number {
  const perBlock = Math.floor(gasLimit / TRANSFER_GAS)
  return (shards * perBlock * 1000) / DEFAULT_PARAMETERS.shardBlockMs
}
