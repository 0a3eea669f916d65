/**
 * One run of one point: a fresh devnet of real processes, warmed up, driven to saturation, measured, audited, gone.
 */
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../../node/cli/command-error.ts'
import type { TrafficReport } from '../../devnet/load/message.ts'
import {
  committeeSizeOf,
  DEFAULT_PARAMETERS,
  faultsTolerated,
  quorumOf,
} from '../../devnet/parameters.ts'
import {
  readCpuSeconds,
  readMachineTicks,
  readPssMiB,
  sumOver,
  type MachineTicks,
} from '../../devnet/processes/process-figures.ts'
import { Supervisor } from '../../devnet/processes/supervisor.ts'
import type { PlannedRun } from './plan.ts'
import { levelOf, limitOf, type RunResult } from './results.ts'
import { decide, isSustained, type Step } from './search.ts'
import { measureRecoverSeconds, signatureBoundTps } from './signature-bound.ts'

export type MeasureOptions = {
  readonly dataDirectory: string
  readonly windowSeconds: number
  /** First offered rate of the search; undefined: a twentieth of the signature bound, so that the search climbs: overload leaves a backlog. */
  readonly startTps: number | undefined
  readonly onProgress: (sentence: string) => void
}

type Snapshot = {
  readonly report: TrafficReport
  readonly nodeCpu: number
  readonly generatorCpu: number
  readonly ticks: MachineTicks | undefined
}

type Window = Step & { readonly before: Snapshot; readonly after: Snapshot }

/** Half of the first rate, so that the first steps of the search do not measure code that is still being compiled. */
const FIRST_LOAD_MS = 20_000
/** A rate needs this long until what is settled is what was offered under it: settlement takes two to three seconds. */
const WARM_UP_MS = 6000
const SEARCH_WINDOW_MS = 10_000
/** Settlement comes in bursts, one per beacon block, so the backlog goes up and down by what arrives between two of them. */
const BURST_SECONDS = 1.5
/** After a rate that was too high, the backlog is given this long to drain. */
const DRAIN_MS = 30_000
/** Payments signed ahead cover this many seconds; the sender of more signs as it goes. */
const SIGNED_AHEAD_SECONDS_MAX = 60
/** The long window may fail where the short one held; then a lower rate is measured. */
const FINAL_ATTEMPTS = 4
const FINAL_BACKOFF = 0.9

/** Senders per shard: enough that no account's queue is the limit. */
const LOAD_ACCOUNTS = 400

export async function measurePoint(run: PlannedRun, options: MeasureOptions): Promise<RunResult> {
  const recoverSeconds = measureRecoverSeconds()
  const supervisor = createSupervisor(run, options)
  let measured: Awaited<ReturnType<typeof saturate>>
  let pssMiB: number
  try {
    await supervisor.start()
    const committeeSize = committeeSizeOf(run)
    const bound = signatureBoundTps(availableParallelism(), committeeSize, recoverSeconds)
    measured = await saturate(supervisor, options, options.startTps ?? Math.ceil(bound / 20))
    pssMiB = await sumOver(supervisor.nodePids, readPssMiB)
  } catch (error) {
    await supervisor.stop()
    throw error
  }
  const { audit } = await supervisor.stop()
  return describe(run, { ...measured, recoverSeconds, pssMiB, audit })
}

function createSupervisor(run: PlannedRun, options: MeasureOptions): Supervisor {
  return new Supervisor({
    parameters: {
      ...DEFAULT_PARAMETERS,
      shards: run.shards,
      validators: run.validators,
      loadAccounts: LOAD_ACCOUNTS,
    },
    dataDirectory: options.dataDirectory,
    reset: true,
    rpcPort: undefined,
    ratePerSecond: 0,
    crossShard: run.crossShard,
    outsiderEvery: 0,
    logLevel: 'error',
    onEvent: (event) => {
      if (event.event === 'violation' || event.event === 'exit') options.onProgress(event.message)
    },
  })
}

async function saturate(
  supervisor: Supervisor,
  { onProgress, windowSeconds }: MeasureOptions,
  startTps: number,
): Promise<{ readonly final: Window; readonly curve: readonly Step[] }> {
  await requireReport(supervisor)
  await warmUp(supervisor, startTps / 2)
  const steps: Step[] = []
  let decision = decide(startTps, steps)
  while (decision.kind === 'try') {
    const step = await measureRate(supervisor, decision.rateTps, SEARCH_WINDOW_MS)
    steps.push(step)
    onProgress(sentenceOf(step))
    if (!isSustained(step)) await drain(supervisor)
    decision = decide(startTps, steps)
  }
  let rateTps = Math.max(1, decision.rateTps)
  let final = await measureRate(supervisor, rateTps, windowSeconds * 1000)
  for (let attempt = 1; attempt < FINAL_ATTEMPTS && !isSustained(final); attempt++) {
    steps.push(final)
    await drain(supervisor)
    rateTps *= FINAL_BACKOFF
    final = await measureRate(supervisor, rateTps, windowSeconds * 1000)
  }
  onProgress(sentenceOf(final))
  return { final, curve: [...steps, final] }
}

async function warmUp(supervisor: Supervisor, rateTps: number): Promise<void> {
  const { traffic } = supervisor
  await traffic.prepare(Math.ceil((rateTps * FIRST_LOAD_MS) / 1000))
  traffic.setRate(rateTps)
  await delay(FIRST_LOAD_MS)
  await drain(supervisor)
}

function sentenceOf(step: Step): string {
  const verdict = isSustained(step) ? 'sustained' : 'too much'
  return `offered ${step.offeredTps.toFixed(0)} tx/s, settled ${step.settledTps.toFixed(0)} tx/s: ${verdict}`
}

async function measureRate(
  supervisor: Supervisor,
  rateTps: number,
  windowMs: number,
): Promise<Window> {
  const { traffic } = supervisor
  const seconds = Math.min(SIGNED_AHEAD_SECONDS_MAX, (WARM_UP_MS + windowMs) / 1000)
  await traffic.prepare(Math.ceil(rateTps * seconds))
  traffic.setRate(rateTps)
  await delay(WARM_UP_MS)
  traffic.clearLatency()
  const before = await takeSnapshot(supervisor)
  await delay(windowMs)
  const after = await takeSnapshot(supervisor)
  const offered = after.report.counts.offered - before.report.counts.offered
  const elapsed = (after.report.atMs - before.report.atMs) / 1000
  // From burst to burst, or the rate would depend on where in a beacon interval the window begins.
  const settling = Math.max(1, after.report.settledAtMs - before.report.settledAtMs) / 1000
  const offeredTps = offered / elapsed
  return {
    before,
    after,
    offeredTps,
    // What is settled beyond the offer was offered before the window: a backlog that drains, not throughput.
    settledTps: Math.min(offeredTps, (settledOf(after) - settledOf(before)) / settling),
    backlogGrowthTps: growthOf(after.report.backlog - before.report.backlog, offeredTps) / elapsed,
  }
}

/** What the backlog has grown by beyond its ups and downs. */
function growthOf(difference: number, offeredTps: number): number {
  return Math.max(0, difference - BURST_SECONDS * offeredTps)
}

async function drain({ traffic }: Supervisor): Promise<void> {
  traffic.setRate(0)
  const deadlineMs = Date.now() + DRAIN_MS
  for (;;) {
    const report = await traffic.nextReport()
    if (report === undefined || report.backlog === 0 || Date.now() > deadlineMs) return
  }
}

async function takeSnapshot(supervisor: Supervisor): Promise<Snapshot> {
  const report = await requireReport(supervisor)
  const [nodeCpu, generatorCpu, ticks] = await Promise.all([
    sumOver(supervisor.nodePids, readCpuSeconds),
    sumOver([supervisor.traffic.pid], readCpuSeconds),
    readMachineTicks(),
  ])
  return { report, nodeCpu, generatorCpu, ticks }
}

async function requireReport({ traffic }: Supervisor): Promise<TrafficReport> {
  const report = await traffic.nextReport()
  if (report !== undefined) return report
  throw new CommandError('the traffic process ended; its log in the data directory says why')
}

function settledOf({ report }: Snapshot): number {
  return report.counts.settledIntra + report.counts.settledCross
}

function describe(
  run: PlannedRun,
  facts: {
    readonly final: Window
    readonly curve: readonly Step[]
    readonly recoverSeconds: number
    readonly pssMiB: number
    readonly audit: string
  },
): RunResult {
  const { final, curve, audit } = facts
  const { before, after } = final
  const committeeSize = committeeSizeOf(run)
  const settled = Math.max(1, settledOf(after) - settledOf(before))
  const elapsed = (after.report.atMs - before.report.atMs) / 1000
  const rate = (pick: (report: TrafficReport) => number) =>
    (pick(after.report) - pick(before.report)) / elapsed
  const { latency } = after.report
  const { idleShare, stealShare } = sharesOf(before.ticks, after.ticks)
  return {
    experiment: 'scaling-cpu',
    workload: 'transfer',
    seed: 1,
    ...run,
    committeeSize,
    faultsTolerated: faultsTolerated(committeeSize),
    forgingSeats: quorumOf(committeeSize),
    windowSeconds: elapsed,
    offeredTps: final.offeredTps,
    acceptedTps: rate((report) => report.counts.accepted),
    refusedTps: rate((report) => sum(Object.values(report.counts.refused)) + report.counts.dropped),
    failedTps: rate((report) => report.counts.failed),
    settledTps: final.settledTps,
    signatureBoundTps: signatureBoundTps(
      availableParallelism(),
      committeeSize,
      facts.recoverSeconds,
    ),
    latencyMs: {
      intra: levelOf(latency.intraSettled),
      cross: levelOf(latency.crossSettled),
      intraFinalized: levelOf(latency.intraFinalized),
      crossApplied: levelOf(latency.crossApplied),
    },
    cpuMsPerTx: ((after.nodeCpu - before.nodeCpu) * 1000) / settled,
    generatorCpuMsPerTx: ((after.generatorCpu - before.generatorCpu) * 1000) / settled,
    idleShare,
    stealShare,
    limitedBy: limitOf(idleShare),
    pssMiB: Math.round(facts.pssMiB),
    curve: curve.map(({ offeredTps, settledTps }) => ({ offeredTps, settledTps })),
    audit,
  }
}

/** Without /proc nothing is known of the machine, and the run is no evidence: all idle. */
function sharesOf(before: MachineTicks | undefined, after: MachineTicks | undefined) {
  if (before === undefined || after === undefined) return { idleShare: 1, stealShare: 0 }
  const total = Math.max(1, after.total - before.total)
  return {
    idleShare: (after.idle - before.idle) / total,
    stealShare: (after.steal - before.steal) / total,
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
