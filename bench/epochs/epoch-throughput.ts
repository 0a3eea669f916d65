/**
 * What a change of epoch costs: payments settled in the seconds around it beside those of all other seconds, out of the ticks
 * of a devnet (`weft devnet up --json`). Settlement comes in bursts, one per beacon block, so a change is given several
 * seconds, rates are taken from one burst to another, and the first seconds of a run count for nothing.
 */

export type Second = {
  readonly t: number
  readonly settled: number
  /** When the newest of these were settled, in seconds. */
  readonly settledAt: number
  readonly epoch: number
}

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
    .map(({ t, settled, settledAt, epoch }) => ({ t, settled, settledAt, epoch }))
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
  const spans = windows.map(({ from, to }) => between(at(seconds, from), at(seconds, to)))
  const changes = windows.map(({ epoch, t }, index) => ({ epoch, t, tps: rate(spans[index]) }))
  const whole = between(seconds[0], seconds.at(-1))
  // What changes cost is no part of the steady rate.
  const steady = spans.reduce((left, { payments, elapsed }) => {
    return { payments: left.payments - payments, elapsed: left.elapsed - elapsed }
  }, whole)
  return { changes, steadyTps: rate(steady) }
}

type Span = { readonly payments: number; readonly elapsed: number }

/** From the last settlement before the one moment to the last before the other. */
function between(from: Second | undefined, to: Second | undefined): Span {
  if (from === undefined || to === undefined) return { payments: 0, elapsed: 0 }
  return { payments: to.settled - from.settled, elapsed: to.settledAt - from.settledAt }
}

function rate(span: Span | undefined): number {
  return span === undefined || span.elapsed <= 0 ? 0 : span.payments / span.elapsed
}

function at(seconds: readonly Second[], moment: number): Second | undefined {
  return seconds.findLast(({ t }) => t <= moment)
}
