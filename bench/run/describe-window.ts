/**
 * A measured window as a record: rates, latencies, costs, shares of the machine. Pure.
 */
import { committeeSizeOf, faultsTolerated, quorumOf } from '../../devnet/parameters.ts'
import type { TrafficReport } from '../../devnet/load/message.ts'
import type { Point } from '../sweep/plan.ts'
import { levelOf, type MeasuredRun } from '../sweep/results.ts'
import { costsBetween, machineShares } from './costs.ts'
import type { MeasuredNetwork } from './measured-network.ts'
import { settledOf, type Window } from './window.ts'

export type RunFacts = {
  readonly point: Point
  readonly repeat: number
  readonly window: Window
  readonly network: Pick<
    MeasuredNetwork,
    'recoverSeconds' | 'signatureBoundTps' | 'busyShareBefore' | 'isCapped'
  >
  readonly pssMiB: number
  readonly audit: string
  readonly componentShares?: Readonly<Record<string, number>> | undefined
}

export function describeWindow(facts: RunFacts): MeasuredRun {
  const { point, window, network } = facts
  const { before, after } = window
  const committeeSize = committeeSizeOf(point)
  const costs = costsBetween(before, after, settledOf(after.report) - settledOf(before.report))
  const recoverMs = network.recoverSeconds * 1000
  const { latency } = after.report
  return {
    ...point,
    ...costs,
    ...machineShares(before, after),
    ...ratesOf(window),
    repeat: facts.repeat,
    seed: 1,
    committeeSize,
    faultsTolerated: faultsTolerated(committeeSize),
    forgingSeats: quorumOf(committeeSize),
    signatureBoundTps: network.signatureBoundTps,
    latencyMs: {
      intra: levelOf(latency.intraSettled),
      cross: levelOf(latency.crossSettled),
      intraFinalized: levelOf(latency.intraFinalized),
      crossApplied: levelOf(latency.crossApplied),
    },
    recoverMs,
    cpuInChecks: costs.cpuMsPerTx / recoverMs,
    componentMsPerTx: componentsOf(facts.componentShares, costs.cpuMsPerTx),
    busyShareBefore: network.busyShareBefore,
    isCapped: network.isCapped,
    pssMiB: Math.round(facts.pssMiB),
    audit: facts.audit,
  }
}

function ratesOf({ before, after, offeredTps, settledTps }: Window) {
  const windowSeconds = (after.report.atMs - before.report.atMs) / 1000
  const rate = (pick: (report: TrafficReport) => number): number =>
    (pick(after.report) - pick(before.report)) / windowSeconds
  return {
    windowSeconds,
    offeredTps,
    settledTps,
    acceptedTps: rate((report) => report.counts.accepted),
    refusedTps: rate((report) => sum(Object.values(report.counts.refused)) + report.counts.dropped),
    failedTps: rate((report) => report.counts.failed),
  }
}

function componentsOf(
  shares: Readonly<Record<string, number>> | undefined,
  cpuMsPerTx: number,
): Readonly<Record<string, number>> | undefined {
  if (shares === undefined) return undefined
  return Object.fromEntries(
    Object.entries(shares).map(([name, share]) => [name, share * cpuMsPerTx]),
  )
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
