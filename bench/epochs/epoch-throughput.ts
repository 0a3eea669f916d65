/**
 * What a change of epoch costs: payments settled in the seconds around it beside those of all other seconds, out of the ticks
 * of a devnet (`weft devnet up --json`). Settlement comes in bursts, one per beacon block, so a change is given several
 * seconds, and the first seconds of a run count for nothing.
 */

export type Second = { readonly t: number; readonly settled: number; readonly epoch: number }

export type EpochChange = {
  readonly epoch: number
  readonly t: number
  /** Settled per second in the window of the change. */
  readonly tps: number
}

export type EpochThroughput = {
  readonly changes: readonly EpochChange[]
  /** Per second, outside of all windows. */
  readonly steadyTps: number
}

/** From so long before the beacon is seen in the new epoch until so long after: shards seal theirs within it. */
const BEFORE_S = 1
const AFTER_S = 5
/** The network fills. */
const WARM_UP_S = 10

/** Lines of JSON; everything that is no tick is passed over. */
export function readSeconds(lines: readonly string[]): readonly Second[] {
  return lines
    .map((line): unknown => (line.startsWith('{') ? JSON.parse(line) : undefined))
    .filter(isTick)
    .map(({ t, settled, epoch }) => ({ t, settled, epoch }))
}

function isTick(value: unknown): value is Second & { readonly event: 'tick' } {
  return typeof value === 'object' && value !== null && 'event' in value && value.event === 'tick'
}

/** What the audit at the end of the run said; undefined if the run did not come to it. */
export function auditOf(lines: readonly string[]): string | undefined {
  const last = lines.findLast((line) => line.startsWith('{"event":"stopped"'))
  const event: unknown = last === undefined ? undefined : JSON.parse(last)
  if (typeof event !== 'object' || event === null || !('summary' in event)) return undefined
  const { summary } = event
  if (typeof summary !== 'object' || summary === null || !('audit' in summary)) return undefined
  return String(summary.audit)
}

export function throughputOf(all: readonly Second[]): EpochThroughput {
  const seconds = all.filter(({ t }) => t >= WARM_UP_S)
  const turns = seconds.filter(({ epoch }, index) => epoch > (seconds[index - 1]?.epoch ?? epoch))
  const windows = turns
    .map(({ t, epoch }) => ({ t, epoch, from: t - BEFORE_S, to: t + AFTER_S }))
    // A window that the run's end cuts short says nothing.
    .filter(({ from, to }) => seconds.some(({ t }) => t <= from) && to <= (seconds.at(-1)?.t ?? 0))
  const changes = windows.map(({ epoch, t, from, to }) => {
    return { epoch, t, tps: (settledAt(seconds, to) - settledAt(seconds, from)) / (to - from) }
  })
  const [first, last] = [seconds[0], seconds.at(-1)]
  if (first === undefined || last === undefined) return { changes, steadyTps: 0 }
  const inWindows = changes.reduce((sum, { tps }) => sum + tps * (BEFORE_S + AFTER_S), 0)
  const steadySeconds = last.t - first.t - changes.length * (BEFORE_S + AFTER_S)
  return { changes, steadyTps: (last.settled - first.settled - inWindows) / steadySeconds }
}

function settledAt(seconds: readonly Second[], at: number): number {
  return seconds.findLast(({ t }) => t <= at)?.settled ?? 0
}
