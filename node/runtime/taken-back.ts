/**
 * What this node has taken back of each shard since it started: finalized blocks that the beacon never recorded, because the shard
 * forked (docs/protocol/crosslinks.md C.7) or was forced on (docs/protocol/beacon.md B.8). Derived from the facts that the machine
 * reports; a restart forgets it, the log does not.
 *
 * Bound: one entry per shard.
 */
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { TakenBackView } from '../rpc/backend.ts'
import type { ValidatorFact } from '../validator/contract.ts'

export type TakenBack = {
  readonly observe: (fact: ValidatorFact) => void
  readonly of: (shard: ChainNumber) => TakenBackView
}

const NOTHING: TakenBackView = { count: 0, last: undefined }

/** `now`: milliseconds since the Unix epoch. */
export function createTakenBack(now: () => number = Date.now): TakenBack {
  const byShard = new Map<ChainNumber, TakenBackView>()
  const of = (shard: ChainNumber): TakenBackView => byShard.get(shard) ?? NOTHING
  return {
    of,
    observe: (fact) => {
      if (fact.kind !== 'reorganised' && fact.kind !== 'forced-handover') return
      const { shard, epoch, height, hash, orphans, from } = fact
      // A shard that is forced on takes nothing back where all of it was recorded.
      if (from === undefined) return
      const because = fact.kind === 'reorganised' ? 'fork' : 'forced-handover'
      const last = { atMs: now(), because, epoch, from, to: { height, hash }, orphans } as const
      byShard.set(shard, { count: of(shard).count + 1, last })
    },
  }
}
