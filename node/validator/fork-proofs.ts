/**
 * Fork proofs on their way into a beacon block (docs/protocol/beacon.md B.12): what this node's engines have seen, and what other
 * validators say they have. As with accusations (accusations.ts): whoever sees two certificates that exclude each other tells
 * everybody on the beacon once and keeps them until somebody is convicted by them; nothing foreign is kept unchecked.
 *
 * Bounds: one proof per engine, of FORKS_KEPT_MAX engines; of each validator that brings one, one is checked at a time.
 */
import { checkFork, forkChecks } from '../beacon/fork-conviction.ts'
import type { BeaconState } from '../beacon/state.ts'
import type { ForkEvidence } from '../consensus/engine-contract.ts'
import type { ForkProof } from '../crosslink/fork-proof.ts'
import type { AccusationOptions } from './accusations.ts'
import type { Context } from './context.ts'
import { createTelling } from './telling.ts'

/** Every shard twice; more than that fork only where nothing holds any more. */
const FORKS_KEPT_MAX = 128

export type ForkProofs = {
  /** Seen by an engine of this node, which has checked the signatures. */
  readonly found: (evidence: ForkEvidence) => void
  readonly offer: (proof: ForkProof, from: number) => void
  readonly all: () => readonly ForkProof[]
  /** Forgets what convicts nobody any more; tells whether a block on `base` would have one. */
  readonly review: (base: BeaconState) => boolean
  /** The beacon's committee may be another one: its new members are told what this node has seen. */
  readonly retell: () => void
}

export function createForkProofs(
  context: Context,
  options: Omit<AccusationOptions, 'seatsOf'>,
): ForkProofs {
  /** By chain and epoch. */
  const kept = new Map<string, ForkProof>()
  const checking = new Set<number>()
  const telling = createTelling<string>(context, options.others)
  const keyOf = ({ chain, epoch }: ForkProof): string => `${chain}/${epoch}`
  const isNews = (proof: ForkProof): boolean =>
    kept.size < FORKS_KEPT_MAX && !kept.has(keyOf(proof)) && checkFork(options.head(), proof).ok

  function accept(proof: ForkProof): boolean {
    if (!isNews(proof)) return false
    kept.set(keyOf(proof), proof)
    options.accepted()
    return true
  }

  return {
    found: ({ domain, first, second }) => {
      const { chain, epoch } = domain
      const proof = { chain, epoch, first, second }
      if (accept(proof)) telling.tell(keyOf(proof), { kind: 'fork-proof', proof })
    },
    offer: (proof, from) => {
      if (checking.has(from) || !isNews(proof)) return
      checking.add(from)
      context.check(forkChecks(options.head(), proof), (answers) => {
        checking.delete(from)
        if (answers.every(({ ok }) => ok)) accept(proof)
      })
    },
    all: () => [...kept.values()],
    retell: () => telling.again((key) => kept.has(key)),
    review: (base) => {
      for (const [key, proof] of kept) {
        if (!checkFork(options.head(), proof).ok) kept.delete(key)
      }
      return [...kept.values()].some((proof) => checkFork(base, proof).ok)
    },
  }
}
