/**
 * `weft bench cost`: processor time of a settled payment at rates far below saturation, on one network (docs/measuring.md).
 * Nothing is searched for and nobody is starved, so two versions can be compared on a machine that others use too: what
 * they do to the clock they do to both. Two rates tell what views cost from what payments do.
 */
import { alignColumns } from '../../devnet/display/words.ts'
import { TRANSFER_WORKLOAD } from '../../devnet/load/workload-plan.ts'
import { readPssMiB, sumOver } from '../../devnet/processes/process-figures.ts'
import { describeWindow } from '../run/describe-window.ts'
import { withNetwork } from '../run/measured-network.ts'
import { THREAD_ROLES } from '../run/process-cost.ts'
import { drain, measureWindow, warmUp } from '../run/window.ts'
import type { Point } from '../sweep/plan.ts'
import type { MeasuredRun } from '../sweep/results.ts'
import {
  beginExperiment,
  endExperiment,
  saveExperiment,
  type ExperimentOptions,
} from './experiment.ts'

export type CostOptions = ExperimentOptions & {
  readonly shards: number
  readonly validators: number
  /** Of the beacon (B.15); absent: everybody. */
  readonly beaconSeats?: number
  readonly crossShard: number
  readonly seconds: number
  /** Offered one after the other, payments per second. */
  readonly rates: readonly number[]
}

type CostRun = MeasuredRun & { readonly experiment: 'cost' }

export async function cost(options: CostOptions): Promise<void> {
  const { shards, validators, beaconSeats, crossShard, seconds, rates } = options
  const experiment = await beginExperiment(options)
  const point: Point = { shards, validators, crossShard, workload: 'transfer', chain: 'sharded' }
  const plan = { shards, validators, beaconSeats, crossShard, workload: TRANSFER_WORKLOAD }
  const { measured, audit } = await withNetwork(plan, experiment, async (network) => {
    await warmUp(network, Math.max(...rates))
    const windows = []
    for (const rate of rates) {
      experiment.onProgress(`offering ${rate} tx/s`)
      windows.push(await measureWindow(network, rate, seconds * 1000))
      await drain(network)
    }
    const pssMiB = await sumOver(network.supervisor.nodePids, readPssMiB)
    return { network, windows, pssMiB }
  })
  const { network, windows, pssMiB } = measured
  const runs = windows.map((window): CostRun => {
    const run = describeWindow({ point, repeat: 1, window, network, pssMiB, audit })
    return { experiment: 'cost', ...run }
  })
  const lines = [...costTable(runs), ...splitWords(runs)]
  await saveExperiment(experiment, runs, {
    title: 'Cost of a payment',
    headline: splitWords(runs)[0] ?? 'One rate was measured.',
    figures: [],
    tables: [{ title: 'All rates', lines, note: 'Processor time of all nodes.' }],
  })
  endExperiment(experiment, options, { runs, lines })
}

function costTable(runs: readonly CostRun[]): readonly string[] {
  const header = [
    'offered',
    'settled',
    'CPU ms/tx',
    'in checks',
    ...THREAD_ROLES,
    'bytes/tx and member',
    'finalized, settled p50 ms',
    'others',
  ]
  return alignColumns([
    header,
    ...runs.map((run) => [
      run.offeredTps.toFixed(0),
      run.settledTps.toFixed(0),
      run.cpuMsPerTx.toFixed(2),
      run.cpuInChecks.toFixed(1),
      ...THREAD_ROLES.map((role) => run.cpuMsPerTxByThread[role].toFixed(2)),
      (sumOfValues(run.bytesPerTx) / run.committeeSize).toFixed(0),
      `${run.latencyMs.intraFinalized.p50}, ${run.latencyMs.intra.p50}`,
      `${(run.foreignShare * 100).toFixed(0)} %`,
    ]),
  ])
}

function sumOfValues(values: Readonly<Record<string, number>>): number {
  return Object.values(values).reduce((sum, value) => sum + value, 0)
}

/** Processor time that does not depend on the rate, and that of one payment more; undefined without two rates. */
export function splitCost(
  runs: readonly Pick<MeasuredRun, 'settledTps' | 'cpuMsPerTx'>[],
): { readonly fixedMsPerSecond: number; readonly marginalMs: number } | undefined {
  const byRate = [...runs].sort((left, right) => left.settledTps - right.settledTps)
  const low = byRate[0]
  const high = byRate.at(-1)
  if (low === undefined || high === undefined || high.settledTps <= low.settledTps) return undefined
  const lowMs = low.settledTps * low.cpuMsPerTx
  const highMs = high.settledTps * high.cpuMsPerTx
  const marginalMs = (highMs - lowMs) / (high.settledTps - low.settledTps)
  return { fixedMsPerSecond: lowMs - low.settledTps * marginalMs, marginalMs }
}

function splitWords(runs: readonly CostRun[]): readonly string[] {
  const split = splitCost(runs)
  if (split === undefined) return []
  const { fixedMsPerSecond, marginalMs } = split
  return [
    `${fixedMsPerSecond.toFixed(0)} ms per second whatever the rate, and ${marginalMs.toFixed(2)} ms for one payment more.`,
  ]
}
