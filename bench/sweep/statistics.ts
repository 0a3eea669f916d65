/**
 * Statistics of few repeats: median and extremes. No means, no standard deviations: of three runs on a shared machine they
 * would pretend to know a distribution.
 */

export type Spread = { readonly min: number; readonly median: number; readonly max: number }

/** Zeros for no values. */
export function spreadOf(values: readonly number[]): Spread {
  const ascending = values.toSorted((left, right) => left - right)
  const middle = Math.floor((ascending.length - 1) / 2)
  const low = ascending[middle] ?? 0
  const high = ascending[Math.ceil((ascending.length - 1) / 2)] ?? 0
  return { min: ascending[0] ?? 0, median: (low + high) / 2, max: ascending.at(-1) ?? 0 }
}
