/**
 * Which members of a chain are away (docs/protocol/consensus.md R17), as its engine was told: the engine hears of changes
 * only, seat by seat, and one that was not followed for a while hears of all at once.
 */
import type { Seat } from '../primitives/identifiers.ts'

export type Presence = {
  /** Tells what is not as it was told last. */
  readonly review: () => void
}

export function createPresence(
  away: ReadonlySet<number>,
  committee: readonly number[],
  tell: (seat: Seat, isAway: boolean) => void,
): Presence {
  const told = new Set<Seat>()
  return {
    review: () => {
      for (const [seat, validator] of committee.entries()) {
        const isAway = away.has(validator)
        if (isAway === told.has(seat)) continue
        if (isAway) told.add(seat)
        else told.delete(seat)
        tell(seat, isAway)
      }
    },
  }
}
