/**
 * A window: an offered rate that has settled in, two snapshots, and what lies between them.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { TrafficReport } from '../../devnet/load/message.ts'
import { isHopeless, type Step } from './search.ts'
import { requireReport, takeSnapshot, type MeasuredSystem, type Snapshot } from './snapshot.ts'

/** What load can be put on; a measured network is one. */
export type Load = { readonly supervisor: MeasuredSystem; readonly dataDirectory: string }

export type Window = Step & { readonly before: Snapshot; readonly after: Snapshot }

/** The first load, so that the first steps of a search do not measure code that is still being compiled. */
const FIRST_LOAD_MS = 12_000
/** A rate needs this long until what is settled is what was offered under it: settlement takes two to three seconds. */
const SETTLE_IN_MS = 4000
/** Settlement comes in bursts, one per beacon block, so the backlog goes up and down by what arrives between two of them. */
const BURST_SECONDS = 1.5
/** Of the traffic process. */
const REPORT_EVERY_MS = 1000
/** After a rate that was too high, the backlog is given this long to drain. */
const DRAIN_MS = 30_000
/** Payments signed ahead cover this many seconds; the sender of more signs as it goes. */
const SIGNED_AHEAD_SECONDS_MAX = 60

export async function warmUp(network: Load, rateTps: number): Promise<void> {
  const { traffic } = network.supervisor
  await requireReport(network.supervisor)
  await traffic.prepare(Math.ceil((rateTps * FIRST_LOAD_MS) / 1000))
  traffic.setRate(rateTps)
  await delay(FIRST_LOAD_MS)
  await drain(network)
}

export async function measureWindow(
  network: Load,
  rateTps: number,
  windowMs: number,
): Promise<Window> {
  const { supervisor, dataDirectory } = network
  const { traffic } = supervisor
  const seconds = Math.min(SIGNED_AHEAD_SECONDS_MAX, (SETTLE_IN_MS + windowMs) / 1000)
  await traffic.prepare(Math.ceil(rateTps * seconds))
  traffic.setRate(rateTps)
  await delay(SETTLE_IN_MS)
  traffic.clearLatency()
  const before = await takeSnapshot(supervisor, dataDirectory)
  await awaitEnd(network, before.report, windowMs)
  const after = await takeSnapshot(supervisor, dataDirectory)
  return { before, after, ...stepOf(before.report, after.report) }
}

/** A rate that is too much is not offered to the end: its backlog would have to drain before the next. */
async function awaitEnd(
  { supervisor }: Load,
  before: TrafficReport,
  windowMs: number,
): Promise<void> {
  const endMs = before.atMs + windowMs
  for (;;) {
    const report = await requireReport(supervisor)
    if (report.atMs + REPORT_EVERY_MS >= endMs) return delay(Math.max(0, endMs - report.atMs))
    if (isHopeless(stepOf(before, report), (report.atMs - before.atMs) / windowMs)) return
  }
}

function stepOf(before: TrafficReport, after: TrafficReport): Step {
  const offered = after.counts.offered - before.counts.offered
  const elapsed = (after.atMs - before.atMs) / 1000
  // From burst to burst, or the rate would depend on where in a beacon interval the window begins.
  const settling = Math.max(1, after.settledAtMs - before.settledAtMs) / 1000
  const offeredTps = offered / elapsed
  return {
    offeredTps,
    // What is settled beyond the offer was offered before the window: a backlog that drains, not throughput.
    settledTps: Math.min(offeredTps, (settledOf(after) - settledOf(before)) / settling),
    backlogGrowthTps: growthOf(after.backlog - before.backlog, offeredTps) / elapsed,
  }
}

/** What the backlog has grown by beyond its ups and downs. */
function growthOf(difference: number, offeredTps: number): number {
  return Math.max(0, difference - BURST_SECONDS * offeredTps)
}

export function settledOf({ counts }: TrafficReport): number {
  return counts.settledIntra + counts.settledCross
}

export async function drain({ supervisor }: Load): Promise<void> {
  const { traffic } = supervisor
  traffic.setRate(0)
  const deadlineMs = Date.now() + DRAIN_MS
  for (;;) {
    const report = await traffic.nextReport()
    if (report === undefined || report.backlog === 0 || Date.now() > deadlineMs) return
  }
}
