/**
 * The saturation search: which offered rate is the highest that the network sustains. Pure; it is told what each tried rate
 * gave and says which to try next.
 *
 * Rules (docs/measuring.md): a rate is sustained when at least 95 % of what is offered is settled and the backlog is flat.
 * Rates go up by half until one is not sustained, then the interval is halved until it is within an eighth.
 */

export type Step = {
  /** Transactions per second. */
  readonly offeredTps: number
  readonly settledTps: number
  /** Change of the backlog per second, in transactions. */
  readonly backlogGrowthTps: number
}

export type SearchDecision =
  | { readonly kind: 'try'; readonly rateTps: number }
  /** 0 when not even the smallest rate was sustained. */
  | { readonly kind: 'done'; readonly rateTps: number }

const SUSTAINED_SHARE = 0.95
const BACKLOG_SHARE_MAX = 0.05
const GROWTH = 1.5
const PRECISION = 1.125
/** Below this nothing is worth measuring. */
const RATE_MIN_TPS = 1
/** Bounds a search that climbs or falls for ever. */
const STEPS_MAX = 16

export function isSustained({ offeredTps, settledTps, backlogGrowthTps }: Step): boolean {
  return (
    settledTps >= SUSTAINED_SHARE * offeredTps && backlogGrowthTps <= BACKLOG_SHARE_MAX * offeredTps
  )
}

export function decide(startTps: number, steps: readonly Step[]): SearchDecision {
  const lower = Math.max(0, ...steps.filter(isSustained).map((step) => step.offeredTps))
  const upper = Math.min(
    Number.POSITIVE_INFINITY,
    // A rate that failed below one that held failed by chance, not by load.
    ...steps
      .filter((step) => !isSustained(step) && step.offeredTps > lower)
      .map((step) => step.offeredTps),
  )
  if (steps.length >= STEPS_MAX) return { kind: 'done', rateTps: lower }
  if (steps.length === 0) return { kind: 'try', rateTps: Math.max(RATE_MIN_TPS, startTps) }
  if (upper === Number.POSITIVE_INFINITY) return { kind: 'try', rateTps: rounded(lower * GROWTH) }
  if (upper <= RATE_MIN_TPS) return { kind: 'done', rateTps: 0 }
  if (lower === 0) return { kind: 'try', rateTps: rounded(upper / 2) }
  if (upper / lower <= PRECISION) return { kind: 'done', rateTps: lower }
  return { kind: 'try', rateTps: rounded((lower + upper) / 2) }
}

/** Whole numbers from ten on: nobody reads a rate of 187.53. */
function rounded(rateTps: number): number {
  return rateTps >= 10 ? Math.round(rateTps) : Math.max(RATE_MIN_TPS, Math.round(rateTps * 10) / 10)
}
