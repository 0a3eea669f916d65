/**
 * Calibration of the model with a real sweep: what every view and what every transaction cost beside the measured stages, so
 * that the real run of one shard, and that of the most shards on the same validators, cost in the model what they really
 * cost, as nearly as two factors allow. The points between them, and everything beyond, are predictions. Pure.
 */
import type { Factors, TurnCost } from './processors.ts'

/** What one modelled run needed per transaction, before the factors, and what the real one cost: CPU-milliseconds. */
export type Observed = { readonly parts: TurnCost; readonly realMs: number }

/** Measured code does not get faster in a network; and nobody would believe a network that makes it so much slower. */
const FACTOR_MIN = 1
const FACTOR_MAX = 20
const STEP = 0.1
/** Among equals: factors that are alike. One point alone says no more than that. */
const DIFFERENCE_WEIGHT = 1e-6

/** The factors for which the sum of the squares of relative deviations is smallest. */
export function factorsOf(observed: readonly Observed[]): Factors {
  const values = Array.from(
    { length: Math.round((FACTOR_MAX - FACTOR_MIN) / STEP) + 1 },
    (_, index) => FACTOR_MIN + index * STEP,
  )
  const candidates = values.flatMap((views) =>
    values.map((transactions) => {
      const factors = { views, transactions }
      return { factors, badness: badnessOf(observed, factors) }
    }),
  )
  const best = candidates.reduce((left, right) => (right.badness < left.badness ? right : left))
  return best.factors
}

function badnessOf(observed: readonly Observed[], { views, transactions }: Factors): number {
  let sum = DIFFERENCE_WEIGHT * (views - transactions) ** 2
  for (const { parts, realMs } of observed) {
    const modelledMs = parts.signatures + views * parts.views + transactions * parts.transactions
    sum += (modelledMs / realMs - 1) ** 2
  }
  return sum
}
