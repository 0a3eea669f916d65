/**
 * What a court knows of forced handovers (B.8): from which block a shard was made to go on, and which blocks that were final
 * above it count for nothing. Told by the beacons of honest nodes, which agree about it or are convicted elsewhere.
 */
import type { BeaconState } from '../../node/beacon/state.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'

type Forced = { readonly epoch: number; readonly height: number }

export type OrphanRegister = {
  /** Answers the shards that go on from a block by force, when that is news. */
  readonly planned: (
    state: BeaconState,
  ) => readonly { readonly shard: ChainNumber; readonly height: number }[]
  readonly isOrphan: (
    shard: ChainNumber,
    block: { readonly epoch: number; readonly height: number },
  ) => boolean
}

export function createOrphanRegister(): OrphanRegister {
  const forced = new Map<ChainNumber, Forced[]>()
  return {
    planned: ({ shards }) => {
      const news = []
      for (const { shard, forcedEpoch: epoch, height } of shards) {
        const known = forced.get(shard) ?? []
        if (epoch === 0 || known.some((one) => one.epoch === epoch)) continue
        forced.set(shard, [...known, { epoch, height }])
        news.push({ shard, height })
      }
      return news
    },
    isOrphan: (shard, block) =>
      (forced.get(shard) ?? []).some(
        ({ epoch, height }) => block.epoch < epoch && block.height > height,
      ),
  }
}
