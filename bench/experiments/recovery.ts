/**
 * `weft bench recovery`: under load a leader, the beacon's proposer and a whole shard are killed (docs/measuring.md,
 * experiment 9): seconds to the next block, seconds to 95 % of the throughput, payments that had to wait, and how long those
 * that were killed take to be back, once they are started.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { present } from '../../node/primitives/assert.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import { alignColumns } from '../../devnet/display/words.ts'
import type { TrafficReport } from '../../devnet/load/message.ts'
import { TRANSFER_WORKLOAD } from '../../devnet/load/workload-plan.ts'
import { committeesOf, findLeader } from '../../devnet/processes/seats.ts'
import { drawChart } from '../report/chart.ts'
import type { Page } from '../report/page.ts'
import { withNetwork, type MeasuredNetwork } from '../run/measured-network.ts'
import { requireReport } from '../run/snapshot.ts'
import { settledOf, warmUp } from '../run/window.ts'
import {
  beginExperiment,
  endExperiment,
  saveExperiment,
  type ExperimentOptions,
} from './experiment.ts'
import { readHeight } from './chain-height.ts'
import { watchReturn, type Return } from './node-return.ts'

export type RecoveryOptions = ExperimentOptions & {
  readonly shards: number
  readonly validators: number
  readonly crossShard: number
  readonly rate: number
  /** Seconds that what was killed stays down. */
  readonly down: number
}

type Incident = 'shard leader' | 'beacon proposer' | 'whole shard'

type RecoveryRun = Return & {
  readonly experiment: 'recovery'
  readonly incident: Incident
  readonly shards: number
  readonly validators: number
  readonly offeredTps: number
  readonly killedNodes: number
  /** From the kill, or from when a whole shard is up again, to the next finalized block of that chain. */
  readonly secondsToBlock: number
  /** To three seconds in a row that settle 95 % of the offer. */
  readonly secondsToThroughput: number
  /** Unsettled payments at the worst moment, beyond those before. */
  readonly delayedPayments: number
  readonly audit: string
}

const INCIDENTS: readonly Incident[] = ['shard leader', 'beacon proposer', 'whole shard']
const BEACON: ChainNumber = 0
const KILLED_SHARD: ChainNumber = 1
const POLL_MS = 50
const GIVE_UP_MS = 90_000
const SUSTAINED_SHARE = 0.95
const SUSTAINED_REPORTS = 3
/** Before a kill the load has to run evenly. */
const EVEN_MS = 6000

export async function recovery(options: RecoveryOptions): Promise<void> {
  const { shards, validators, crossShard, rate } = options
  const experiment = await beginExperiment(options)
  const plan = { shards, validators, crossShard, workload: TRANSFER_WORKLOAD }
  const { measured, audit } = await withNetwork(plan, experiment, async (network) => {
    await warmUp(network, rate / 2)
    network.supervisor.traffic.setRate(rate)
    const facts = []
    for (const incident of INCIDENTS) {
      experiment.onProgress(`killing: ${incident}`)
      facts.push({ incident, ...(await strike(network, incident, options)) })
    }
    return facts
  })
  const runs = measured.map((facts): RecoveryRun => {
    return { experiment: 'recovery', shards, validators, offeredTps: rate, ...facts, audit }
  })
  await saveExperiment(experiment, runs, pageOf(runs))
  endExperiment(experiment, options, { runs, lines: recoveryTable(runs) })
}

type Strike = Pick<
  RecoveryRun,
  | 'killedNodes'
  | 'secondsToBlock'
  | 'secondsToThroughput'
  | 'delayedPayments'
  | 'secondsToVote'
  | 'secondsToHead'
>

async function strike(
  network: MeasuredNetwork,
  incident: Incident,
  { rate, down }: RecoveryOptions,
): Promise<Strike> {
  const { supervisor } = network
  await delay(EVEN_MS)
  const { backlog } = await requireReport(supervisor)
  const chain = incident === 'beacon proposer' ? BEACON : KILLED_SHARD
  const victims = await victimsOf(network, incident)
  const before = await readHeight(supervisor.endpoints, chain)
  const witnesses = supervisor.endpoints.filter((_, node) => !victims.includes(node))
  await supervisor.apply({ kind: 'crash', nodes: victims })
  let sinceMs = performance.now()
  const urls = supervisor.endpoints.filter((_, node) => victims.includes(node))
  /** Resolves when they answer; `returned` when they are back. */
  const comeBack = async (): Promise<{ readonly returned: Promise<Return> }> => {
    await delay(down * 1000)
    const goal = { chain, sinceMs: performance.now(), giveUpMs: GIVE_UP_MS }
    const height = Math.max(before, await readHeight(witnesses, chain))
    const returned = watchReturn(urls, { ...goal, height })
    await supervisor.apply({ kind: 'start', nodes: victims })
    return { returned }
  }
  // One node comes back while the others go on without it.
  const back = comeBack()
  if (incident === 'whole shard') {
    await back
    sinceMs = performance.now()
  }
  const asked = incident === 'whole shard' ? supervisor.endpoints : witnesses
  const [secondsToBlock, flow, returned] = await Promise.all([
    secondsToBlockOf(asked, chain, sinceMs),
    watchFlow(network, rate, sinceMs),
    back.then(({ returned: last }) => last),
  ])
  return {
    killedNodes: victims.length,
    secondsToBlock,
    secondsToThroughput: flow.seconds,
    delayedPayments: Math.max(0, flow.backlogMax - backlog),
    ...returned,
  }
}

async function victimsOf(
  { supervisor }: MeasuredNetwork,
  incident: Incident,
): Promise<readonly number[]> {
  const genesis = present(supervisor.genesis, 'a network that has started has a genesis')
  if (incident === 'whole shard') return committeesOf(genesis)[KILLED_SHARD] ?? []
  const chain = incident === 'beacon proposer' ? BEACON : KILLED_SHARD
  const leader = await findLeader(genesis, supervisor.endpoints, chain)
  return leader === undefined ? [] : [leader]
}

/** Above the height right after the kill. */
async function secondsToBlockOf(
  endpoints: readonly string[],
  chain: ChainNumber,
  sinceMs: number,
): Promise<number> {
  const before = await readHeight(endpoints, chain)
  while (performance.now() - sinceMs < GIVE_UP_MS) {
    if ((await readHeight(endpoints, chain)) > before) break
    await delay(POLL_MS)
  }
  return (performance.now() - sinceMs) / 1000
}

async function watchFlow(
  { supervisor }: MeasuredNetwork,
  rate: number,
  sinceMs: number,
): Promise<{ readonly seconds: number; readonly backlogMax: number }> {
  let backlogMax = 0
  let good = 0
  let last: TrafficReport = await requireReport(supervisor)
  while (good < SUSTAINED_REPORTS && performance.now() - sinceMs < GIVE_UP_MS) {
    const report = await requireReport(supervisor)
    backlogMax = Math.max(backlogMax, report.backlog)
    const seconds = Math.max(1, report.settledAtMs - last.settledAtMs) / 1000
    const settledTps = (settledOf(report) - settledOf(last)) / seconds
    // A report in which nothing was booked says nothing: settlement comes in bursts.
    if (report.settledAtMs === last.settledAtMs) continue
    good = settledTps >= SUSTAINED_SHARE * rate ? good + 1 : 0
    last = report
  }
  return { seconds: (performance.now() - sinceMs) / 1000, backlogMax }
}

function recoveryTable(runs: readonly RecoveryRun[]): readonly string[] {
  const header = [
    'killed',
    'nodes',
    'offered tx/s',
    's to next block',
    's to 95 %',
    'delayed payments',
    's to vote again',
    's to head',
  ]
  return alignColumns([
    header,
    ...runs.map((run) => [
      run.incident,
      String(run.killedNodes),
      run.offeredTps.toFixed(0),
      run.secondsToBlock.toFixed(2),
      run.secondsToThroughput.toFixed(1),
      String(run.delayedPayments),
      run.secondsToVote.toFixed(1),
      run.secondsToHead.toFixed(1),
    ]),
  ])
}

function pageOf(runs: readonly RecoveryRun[]): Omit<Page, 'metadata'> {
  const places = runs.map(({ incident }) => incident)
  const series = (name: string, mark: string, read: (run: RecoveryRun) => number) => ({
    name,
    mark,
    points: runs.map((run, at) => ({ at, value: read(run) })),
  })
  return {
    title: 'Recovery',
    headline:
      'Processes are killed under load, without a word; what the network needs until it is well again.',
    figures: [
      drawChart({
        title: 'Seconds until it is well again',
        caption: 'From the kill; for a whole shard from the moment its processes answer again.',
        xLabel: 'killed',
        yLabel: 'seconds',
        places,
        series: [
          series('next block', 'series-1', (run) => run.secondsToBlock),
          series('95 % of the throughput', 'series-2', (run) => run.secondsToThroughput),
        ],
      }),
    ],
    tables: [
      {
        title: 'All incidents',
        lines: recoveryTable(runs),
        note: 'Senders of a killed node notice by themselves and ask another one; that is part of the time.',
      },
    ],
  }
}
