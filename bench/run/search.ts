/**
 * The saturation search: which offered rate is the highest that the network sustains. Pure; it is told what each tried rate
 * gave and says which to try next.
 *
 * Rules (docs/measuring.md): a rate is sustained when at least 95 % of what is offered is settled and the backlog is flat; one
 * that misses that narrowly is tried once more.
 * Rates go up until one is not sustained, by half where nothing is known and by a twelfth, then twice and four times that,
 * where a similar point is; then the interval is halved until it is within a sixteenth. What an earlier run of the same
 * point has sustained is taken as sustained: one rate above it is tried, and the long window that follows is the proof.
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
/** What a similar point has sustained is tried from a little below. */
const SIMILAR_FIRST = 0.96
const PRECISION = 1.0625
/** A rate of which this share was settled is tried once more. */
const NEAR_SHARE = 0.9
/** What was offered is never quite what was asked for. */
const SAME = 0.01
/** Below this nothing is worth measuring. */
const RATE_MIN_TPS = 1
/** Bounds a search that climbs or falls for ever. */
const STEPS_MAX = 16

export function isSustained({ offeredTps, settledTps, backlogGrowthTps }: Step): boolean {
  return (
    settledTps >= SUSTAINED_SHARE * offeredTps && backlogGrowthTps <= BACKLOG_SHARE_MAX * offeredTps
  )
}

/** A backlog this many times beyond what a whole window may leave will not be gone at its end. */
const HOPELESS_FACTOR = 2

/** Whether a window that has gone on for this share of its time will not end as sustained. */
export function isHopeless({ offeredTps, backlogGrowthTps }: Step, elapsedShare: number): boolean {
  return backlogGrowthTps * elapsedShare > HOPELESS_FACTOR * BACKLOG_SHARE_MAX * offeredTps
}

/** Where a search begins: at a guess, or at a rate that held before, at a similar point or at the same. */
export type SearchStart = {
  readonly rateTps: number
  readonly known: 'nothing' | 'similar' | 'same'
}

const FIRST_SHARE = { nothing: 1, similar: SIMILAR_FIRST, same: PRECISION } as const

/** One bad second in a short window is enough to miss narrowly, and would cap all that follows. */
function isNearMiss(step: Step, steps: readonly Step[]): boolean {
  const tries = steps.filter(({ offeredTps }) => Math.abs(offeredTps / step.offeredTps - 1) < SAME)
  return tries.length === 1 && !isSustained(step) && step.settledTps >= NEAR_SHARE * step.offeredTps
}

export function decide(start: SearchStart, steps: readonly Step[]): SearchDecision {
  const startTps = start.rateTps * FIRST_SHARE[start.known]
  const heldTps = start.known === 'same' ? start.rateTps : 0
  const lower = Math.max(heldTps, ...steps.filter(isSustained).map((step) => step.offeredTps))
  const upper = Math.min(
    Number.POSITIVE_INFINITY,
    // A rate that failed below one that held failed by chance, not by load.
    ...steps
      .filter((step) => !isSustained(step) && step.offeredTps > lower)
      .map((step) => step.offeredTps),
  )
  if (steps.length >= STEPS_MAX) return { kind: 'done', rateTps: lower }
  if (steps.length === 0) return { kind: 'try', rateTps: Math.max(RATE_MIN_TPS, startTps) }
  const last = steps.at(-1)
  if (last !== undefined && isNearMiss(last, steps)) {
    return { kind: 'try', rateTps: rounded(last.offeredTps) }
  }
  if (upper === Number.POSITIVE_INFINITY) {
    return { kind: 'try', rateTps: rounded(lower * growthOf(start, steps)) }
  }
  if (upper <= RATE_MIN_TPS) return { kind: 'done', rateTps: 0 }
  if (lower === 0)
    return { kind: 'try', rateTps: rounded(upper / (start.known === 'nothing' ? 2 : 1.2)) }
  if (upper / lower <= PRECISION) return { kind: 'done', rateTps: lower }
  return { kind: 'try', rateTps: rounded((lower + upper) / 2) }
}

/** From a known rate the steps double: it may have been low by chance, or of a point that is less similar than it seems. */
function growthOf({ known }: SearchStart, steps: readonly Step[]): number {
  if (known === 'nothing') return GROWTH_BLIND
  return Math.min(GROWTH_BLIND, 1 + GROWTH_KNOWN * 2 ** (steps.length - 1))
}

/** Whole numbers from ten on: nobody reads a rate of 187.53. */
function rounded(rateTps: number): number {
  return rateTps >= 10 ? Math.round(rateTps) : Math.max(RATE_MIN_TPS, Math.round(rateTps * 10) / 10)
}
