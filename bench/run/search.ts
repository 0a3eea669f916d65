/**
 * The saturation search: which offered rate is the highest that the network sustains. Pure; it is told what each tried rate
 * gave and says which to try next.
 *
 * Rules (docs/measuring.md): a rate is sustained when at least 95 % of what is offered is settled and the backlog is flat.
 * Rates go up until one is not sustained, by half where nothing is known and by a twelfth from a rate that an earlier run of
 * the same point has found; then the interval is halved until it is within a sixteenth.
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
const GROWTH_BLIND = 1.5
const GROWTH_KNOWN = 1 / 12
/** A known rate is tried from a little below. */
const KNOWN_FIRST = 0.96
const PRECISION = 1.0625
/** Below this nothing is worth measuring. */
const RATE_MIN_TPS = 1
/** Bounds a search that climbs or falls for ever. */
const STEPS_MAX = 16

export function isSustained({ offeredTps, settledTps, backlogGrowthTps }: Step): boolean {
  return (
    settledTps >= SUSTAINED_SHARE * offeredTps && backlogGrowthTps <= BACKLOG_SHARE_MAX * offeredTps
  )
}

/** Where a search begins: at a guess, or at a rate that held before. */
export type SearchStart = { readonly rateTps: number; readonly isKnown: boolean }

export function decide(start: SearchStart, steps: readonly Step[]): SearchDecision {
  const startTps = start.isKnown ? start.rateTps * KNOWN_FIRST : start.rateTps
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
  if (upper === Number.POSITIVE_INFINITY) {
    return { kind: 'try', rateTps: rounded(lower * growthOf(start, steps)) }
  }
  if (upper <= RATE_MIN_TPS) return { kind: 'done', rateTps: 0 }
  if (lower === 0) return { kind: 'try', rateTps: rounded(upper / (start.isKnown ? 1.2 : 2)) }
  if (upper / lower <= PRECISION) return { kind: 'done', rateTps: lower }
  return { kind: 'try', rateTps: rounded((lower + upper) / 2) }
}

/** From a known rate the steps double: it may have been known of a similar point only. */
function growthOf({ isKnown }: SearchStart, steps: readonly Step[]): number {
  return isKnown ? Math.min(GROWTH_BLIND, 1 + GROWTH_KNOWN * 2 ** (steps.length - 1)) : GROWTH_BLIND
}

/** Whole numbers from ten on: nobody reads a rate of 187.53. */
function rounded(rateTps: number): number {
  return rateTps >= 10 ? Math.round(rateTps) : Math.max(RATE_MIN_TPS, Math.round(rateTps * 10) / 10)
}
