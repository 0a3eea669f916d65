/**
 * What the checker says: accepted, contradicted by named lines under named rules, or undecided when its search gave up.
 */

/** Every rule of docs/history.md; a test holds the page to this list. */
export const RULES = [
  'bank/unknown-account',
  'bank/missing-account',
  'bank/same-id',
  'bank/negative',
  'bank/conservation',
  'bank/same-height',
  'bank/session',
  'bank/cut',
  'bank/before-invoke',
  'bank/credit',
  'bank/lost',
  'bank/twice',
  'bank/failed-visible',
  'bank/wrong-height',
  'bank/unexplained',
  'append/unknown-key',
  'append/same-id',
  'append/invented',
  'append/failed-visible',
  'append/duplicate',
  'append/before-invoke',
  'append/lost',
  'append/too-early',
  'append/nonce',
  'append/fork',
  'append/backwards',
  'append/session',
  'append/real-time',
  'append/gap',
  'receipt/same-id',
  'receipt/block-gap',
  'receipt/same-height',
  'receipt/session',
  'receipt/cut',
  'receipt/unknown-shard',
  'receipt/send-order',
  'receipt/sent-twice',
  'receipt/invented',
  'receipt/failed-visible',
  'receipt/before-invoke',
  'receipt/amount',
  'receipt/destination',
  'receipt/too-early',
  'receipt/twice',
  'receipt/order',
  'receipt/before-sent',
  'receipt/changed',
  'receipt/bounce',
  'receipt/lost',
  'receipt/unfinished',
] as const

export type Rule = (typeof RULES)[number]

export type Contradiction = {
  readonly rule: Rule
  /** Lines that cannot all be true, ascending, the first line of the file being 1. */
  readonly lines: readonly number[]
  readonly sentence: string
}

export type Verdict = {
  readonly kind: 'accepted' | 'contradicted' | 'undecided'
  readonly contradictions: readonly Contradiction[]
  /** Contradictions found beyond those that are listed. */
  readonly more: number
  /** Why the search gave up; empty unless undecided. */
  readonly undecided: readonly string[]
  readonly counts: VerdictCounts
}

export type VerdictCounts = {
  readonly lines: number
  readonly operations: number
  readonly ok: number
  readonly fail: number
  readonly unknown: number
}

/** Enough to see a pattern; one broken invariant can contradict every later line. */
const LISTED_MAX = 50

export type Findings = {
  readonly contradict: (rule: Rule, lines: readonly number[], sentence: string) => void
  readonly giveUp: (sentence: string) => void
  readonly count: () => number
  readonly verdict: (counts: VerdictCounts) => Verdict
}

export function createFindings(): Findings {
  const contradictions: Contradiction[] = []
  const undecided: string[] = []
  let found = 0
  return {
    contradict: (rule, lines, sentence) => {
      found++
      if (contradictions.length >= LISTED_MAX) return
      const ascending = [...new Set(lines)].toSorted((left, right) => left - right)
      contradictions.push({ rule, lines: ascending, sentence })
    },
    giveUp: (sentence) => void undecided.push(sentence),
    count: () => found,
    verdict: (counts) => ({
      kind: found > 0 ? 'contradicted' : undecided.length > 0 ? 'undecided' : 'accepted',
      contradictions,
      more: found - contradictions.length,
      undecided,
      counts,
    }),
  }
}
