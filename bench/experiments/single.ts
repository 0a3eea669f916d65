/**
 * `weft bench single`: one shard with one validator, every write synced where the node syncs, against the signature bound,
 * and on request beside anvil, by the same generator, in turns (Weft, anvil, anvil, Weft). Both are read as any Ethereum
 * chain: a transfer counts when it stands in a block that the node calls final (Weft: settled; anvil: its newest).
 */
import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { alignColumns } from '../../devnet/display/words.ts'
import { TRANSFER_WORKLOAD } from '../../devnet/load/workload-plan.ts'
import { readPssMiB, sumOver } from '../../devnet/processes/process-figures.ts'
import { drawChart } from '../report/chart.ts'
import type { Page } from '../report/page.ts'
import { describeWindow } from '../run/describe-window.ts'
import { withNetwork } from '../run/measured-network.ts'
import { awaitQuietMachine } from '../run/quiet-machine.ts'
import { saturate } from '../run/saturation.ts'
import type { SearchStart } from '../run/search.ts'
import { measureRecoverSeconds, signatureBoundTps } from '../run/signature-bound.ts'
import type { Point } from '../sweep/plan.ts'
import type { MeasuredRun } from '../sweep/results.ts'
import { spreadOf, type Spread } from '../sweep/statistics.ts'
import { startAnvil } from './anvil.ts'
import {
  beginExperiment,
  endExperiment,
  saveExperiment,
  type Experiment,
  type ExperimentOptions,
} from './experiment.ts'

export type SingleOptions = ExperimentOptions & {
  readonly seconds: number
  readonly repeats: number
  readonly against?: 'anvil'
  /** The program. */
  readonly anvil: string
}

type System = 'weft' | 'anvil'

export type SingleRun = MeasuredRun & { readonly experiment: 'single'; readonly system: System }

/** Where the first search begins: the signature bound of one seat is far above what one process does. */
const FIRST_TPS = 1000
/** Thousands per second in blocks of a second: more senders than for a committee. */
const ACCOUNTS = 1000
/** 8192 transfers, the most that a block may hold: fees stay low up to half of that. */
const GAS_LIMIT = 8192 * 21_000
const POINT: Point = {
  shards: 1,
  validators: 1,
  crossShard: 0,
  workload: 'transfer',
  chain: 'sharded',
}

export async function single(options: SingleOptions): Promise<void> {
  const experiment = await beginExperiment(options)
  const runs: SingleRun[] = []
  for (const [index, system] of planSystems(options).entries()) {
    experiment.onProgress(`run ${index + 1}: ${system}`)
    const known = knownOf(runs.findLast((run) => run.system === system)?.settledTps)
    const measure = system === 'weft' ? measureWeft : measureAnvil
    const run = await measure(experiment, options, known)
    runs.push({ experiment: 'single', system, ...run, repeat: 1 + Math.floor(index / 2) })
    await saveExperiment(experiment, runs, pageOf(runs))
  }
  endExperiment(experiment, options, { runs, lines: singleTable(runs) })
}

function knownOf(settledTps: number | undefined): SearchStart {
  if (settledTps === undefined) return { rateTps: FIRST_TPS, known: 'similar' }
  return { rateTps: settledTps, known: 'same' }
}

/** A B B A. */
export function planSystems({
  repeats,
  against,
}: Pick<SingleOptions, 'repeats' | 'against'>): readonly System[] {
  const round: readonly System[] = against === 'anvil' ? ['weft', 'anvil'] : ['weft']
  return Array.from({ length: repeats }, (_, index) =>
    index % 2 === 0 ? round : round.toReversed(),
  ).flat()
}

async function measureWeft(
  experiment: Experiment,
  { seconds }: SingleOptions,
  known: SearchStart,
): Promise<MeasuredRun> {
  const plan = {
    ...POINT,
    workload: TRANSFER_WORKLOAD,
    gasLimit: GAS_LIMIT,
    loadAccounts: ACCOUNTS,
    plain: { path: '/shard/1', tag: 'finalized' },
  } as const
  const { measured, audit } = await withNetwork(plan, experiment, async (network) => {
    const { window } = await saturate(network, { windowSeconds: seconds, known })
    const pssMiB = await sumOver(network.supervisor.nodePids, readPssMiB)
    return { network, window, pssMiB }
  })
  return describeWindow({ ...measured, point: POINT, repeat: 1, audit })
}

async function measureAnvil(
  experiment: Experiment,
  { seconds, anvil: program }: SingleOptions,
  known: SearchStart,
): Promise<MeasuredRun> {
  const { dataDirectory, onProgress } = experiment
  const busyShareBefore = await awaitQuietMachine(onProgress)
  const recoverSeconds = measureRecoverSeconds()
  const bound = signatureBoundTps(availableParallelism(), 1, recoverSeconds)
  const supervisor = await startAnvil({ program, dataDirectory, accounts: ACCOUNTS, onProgress })
  let audit = 'not possible: the measurement failed'
  try {
    const network = {
      supervisor,
      dataDirectory,
      onProgress,
      recoverSeconds,
      signatureBoundTps: bound,
      busyShareBefore,
      isCapped: false,
    }
    const { window } = await saturate(network, { windowSeconds: seconds, known })
    const pssMiB = await sumOver(supervisor.nodePids, readPssMiB)
    audit = await supervisor.stop()
    return describeWindow({ point: POINT, repeat: 1, window, network, pssMiB, audit })
  } catch (error) {
    await supervisor.stop()
    throw error
  } finally {
    await rm(dataDirectory, { recursive: true, force: true })
  }
}

function spreadFor(
  runs: readonly SingleRun[],
  system: System,
  pick: (run: SingleRun) => number,
): Spread {
  return spreadOf(runs.filter((run) => run.system === system && run.audit === 'ok').map(pick))
}

function singleTable(runs: readonly SingleRun[]): readonly string[] {
  const header = [
    'system',
    'runs',
    'settled tx/s',
    'min-max',
    'CPU ms/tx',
    'in checks',
    'of signature bound',
    'settled p50 ms',
    'disk bytes/tx',
    'MiB',
  ]
  const systems = [...new Set(runs.map(({ system }) => system))]
  return alignColumns([
    header,
    ...systems.map((system) => {
      const of = (pick: (run: SingleRun) => number): Spread => spreadFor(runs, system, pick)
      const settled = of((run) => run.settledTps)
      return [
        system,
        String(runs.filter((run) => run.system === system).length),
        settled.median.toFixed(0),
        `${settled.min.toFixed(0)}-${settled.max.toFixed(0)}`,
        of((run) => run.cpuMsPerTx).median.toFixed(3),
        of((run) => run.cpuInChecks).median.toFixed(1),
        `${(of((run) => run.settledTps / run.signatureBoundTps).median * 100).toFixed(0)} %`,
        of((run) => run.latencyMs.intra.p50).median.toFixed(0),
        of((run) => run.diskBytesPerTx).median.toFixed(0),
        of((run) => run.pssMiB).median.toFixed(0),
      ]
    }),
  ])
}

function pageOf(runs: readonly SingleRun[]): Omit<Page, 'metadata'> {
  const systems = [...new Set(runs.map(({ system }) => system))]
  const chart = (title: string, yLabel: string, pick: (run: SingleRun) => number): string =>
    drawChart({
      title,
      caption: 'Medians; the bars are the extremes of the repeats.',
      xLabel: '',
      yLabel,
      places: systems,
      series: [
        {
          name: 'measured',
          mark: 'series-1',
          points: systems.map((system, at) => {
            const { median: value, min, max } = spreadFor(runs, system, pick)
            return { at, value, min, max }
          }),
        },
      ],
    })
  return {
    title: 'One validator, one shard',
    headline: 'The same generator against one process of each, in turns on one machine.',
    figures: [
      chart('Settled transfers per second', 'transfers per second', (run) => run.settledTps),
      chart('Processor time per transfer', 'CPU-milliseconds', (run) => run.cpuMsPerTx),
    ],
    tables: [
      {
        title: 'All runs',
        lines: singleTable(runs),
        note: 'Weft syncs its votes and blocks to disk and has a beacon; anvil has one-second blocks, no consensus and no disk. Neither tolerates a fault.',
      },
    ],
  }
}
