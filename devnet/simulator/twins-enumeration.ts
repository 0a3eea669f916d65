/**
 * Enumerating the cases of Twins: all of a range, or one of each kind. Two cases are of one kind if renaming the honest
 * seats, or exchanging the two machines of the twinned seat, makes one of the other: at most 12 cases per kind.
 */
import type { ConsensusOutcome } from './consensus-world.ts'
import { runTwins, twinsIndex, twinsViews, type TwinsView } from './twins.ts'

/** Where nodes 0 to 4 go: 0 and 4 are the twins, 1 to 3 the honest. */
type Renaming = readonly number[]

const HONEST_ORDERS = [
  [1, 2, 3],
  [1, 3, 2],
  [2, 1, 3],
  [2, 3, 1],
  [3, 1, 2],
  [3, 2, 1],
]
const RENAMINGS: readonly Renaming[] = HONEST_ORDERS.flatMap((honest) => [
  [0, ...honest, 4],
  [4, ...honest, 0],
])

/** The least case of the same kind. */
export function representativeOf(index: number): number {
  const views = twinsViews(index)
  let least = index
  for (const renaming of RENAMINGS) {
    least = Math.min(least, twinsIndex(views.map((view) => renamed(view, renaming))))
  }
  return least
}

function renamed({ leader, split }: TwinsView, renaming: Renaming): TwinsView {
  let moved = 0
  for (let node = 0; node <= 4; node++) {
    const isFar = node < 4 && ((split >> node) & 1) === 1
    if (isFar) moved |= 1 << (renaming[node] ?? 0)
  }
  // Node 4 is on the near side by definition: if it is not, the sides change their names.
  const isSwapped = (moved >> 4) & 1
  const side = isSwapped === 1 ? ~moved & 0b11111 : moved
  return { leader: leader === 0 ? 0 : (renaming[leader] ?? 0), split: side & 0b1111 }
}

export type TwinsRange = {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  /** One case of each kind, the least. */
  readonly kindsOnly: boolean
}

export type TwinsFigures = {
  readonly run: number
  readonly steps: number
  /** Cases in which the twinned seat was caught. */
  readonly accused: number
  readonly recoveryMaxMs: number
  readonly failures: readonly { readonly index: number; readonly outcome: ConsensusOutcome }[]
}

/** Failures kept: one is enough to look into, a few show whether they are alike. */
const FAILURES_MAX = 16

/** `onCase` after every case that was run or left out; true: stop. */
export function enumerateTwins(
  range: TwinsRange,
  onCase: (index: number, figures: TwinsFigures) => boolean = () => false,
): TwinsFigures {
  const failures: { index: number; outcome: ConsensusOutcome }[] = []
  const figures = { run: 0, steps: 0, accused: 0, recoveryMaxMs: 0, failures }
  for (let index = range.from; index < range.to; index++) {
    if (!range.kindsOnly || representativeOf(index) === index) {
      const outcome = runTwins(index)
      figures.run++
      figures.steps += outcome.steps
      if (outcome.evidence > 0) figures.accused++
      figures.recoveryMaxMs = Math.max(figures.recoveryMaxMs, outcome.recoveryMs ?? 0)
      const hasFailed = outcome.violation !== undefined || outcome.isStuck
      if (hasFailed && failures.length < FAILURES_MAX) failures.push({ index, outcome })
    }
    if (onCase(index, figures)) break
  }
  return figures
}
