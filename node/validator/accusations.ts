/**
 * Accusations on their way into a beacon block (docs/protocol/beacon.md B.6): what this node's engines have caught, and what
 * other validators say they have.
 *
 * Whoever catches somebody tells everybody on the beacon once (telling.ts), and keeps it until it is on chain: at the latest
 * it proposes the block itself. Nothing is kept here before both signatures were checked, one by one.
 *
 * Bounds: one accusation per accused, since one is enough; of each validator that accuses, one is checked at a time.
 */
import { accusationChecks, checkAccusation } from '../beacon/slashing.ts'
import type { BeaconState } from '../beacon/state.ts'
import type { Evidence } from '../consensus/engine-contract.ts'
import type { Accusation } from '../crosslink/accusation.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { Context } from './context.ts'
import { createTelling } from './telling.ts'

export type AccusationOptions = {
  /** At the finalized head. */
  readonly head: () => BeaconState
  /** Validator by seat, where this node knows the epoch. */
  readonly seatsOf: (chain: ChainNumber, epoch: number) => readonly number[] | undefined
  /** On the beacon, without this node. */
  readonly others: () => readonly number[]
  /** There is one more. */
  readonly accepted: () => void
}

export type Accusations = {
  /** Caught by an engine of this node, which has checked the signatures. */
  readonly found: (evidence: Evidence) => void
  readonly offer: (accusation: Accusation, from: number) => void
  readonly all: () => readonly Accusation[]
  /** Forgets what cannot follow the finalized head any more; tells whether a block on `base` would have one. */
  readonly review: (base: BeaconState) => boolean
  /** The beacon's committee may be another one: its new members are told what this node has caught. */
  readonly retell: () => void
}

export function createAccusations(context: Context, options: AccusationOptions): Accusations {
  /** By the accused. */
  const kept = new Map<number, Accusation>()
  /** Who accused somebody, and waits for the check. */
  const checking = new Set<number>()
  const telling = createTelling<number>(context, options.others)
  const fits = (state: BeaconState, accusation: Accusation): boolean =>
    checkAccusation(state, accusation).ok

  function accept(accusation: Accusation): boolean {
    if (kept.has(accusation.validator) || !fits(options.head(), accusation)) return false
    kept.set(accusation.validator, accusation)
    options.accepted()
    return true
  }

  return {
    found: ({ domain, seat, first, second }) => {
      const { chain, epoch } = domain
      const validator = options.seatsOf(chain, epoch)?.[seat]
      if (validator === undefined) return
      const accusation = { validator, chain, epoch, view: first.view, first, second }
      if (accept(accusation)) telling.tell(validator, { kind: 'accusation', accusation })
    },
    offer: (accusation, from) => {
      const head = options.head()
      if (checking.has(from) || kept.has(accusation.validator) || !fits(head, accusation)) return
      checking.add(from)
      context.check(accusationChecks(head, accusation), (answers) => {
        checking.delete(from)
        if (answers.every(({ ok }) => ok)) accept(accusation)
      })
    },
    all: () => [...kept.values()],
    retell: () => telling.again((validator) => kept.has(validator)),
    review: (base) => {
      const head = options.head()
      for (const [validator, accusation] of kept) {
        if (!fits(head, accusation)) kept.delete(validator)
      }
      return [...kept.values()].some((accusation) => fits(base, accusation))
    },
  }
}
