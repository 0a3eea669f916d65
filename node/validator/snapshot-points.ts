/**
 * Snapshot points: the blocks of each shard whose states are kept for newcomers (docs/protocol/state-sync.md S.1).
 *
 * They follow from the finalized beacon chain alone, so every node names the same ones without a word: the tip of the first
 * crosslink recorded at or above each multiple of SNAPSHOT_INTERVAL_BLOCKS, and every block that seals an epoch. The crosslink
 * holds all that a newcomer has to trust, because the beacon has judged it: the header with the state root, and the FINALIZATION.
 */
import type { BeaconBlock } from '../beacon/block.ts'
import type { Crosslink } from '../crosslink/crosslink.ts'
import { readCrosslink, writeCrosslink } from '../crosslink/crosslink-codec.ts'
import { assert } from '../primitives/assert.ts'
import { createWriter, decodeExactly } from '../primitives/codec.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { StoreEntry } from '../storage/store.ts'
import type { Context } from './context.ts'
import { chainKey, numberOfChainKey } from './table.ts'

/**
 * Blocks between two snapshots. A newcomer has one to two intervals of time to fetch one; a node holds the changes of two in
 * memory; what lies above the newest snapshot is replayed.
 */
const SNAPSHOT_INTERVAL_BLOCKS = 128
/** A chain that is behind by less is replayed: it costs less than a state, and no two of the last snapshots lie closer. */
const REPLAY_BLOCKS_MAX = 2 * SNAPSHOT_INTERVAL_BLOCKS
/** As many as members keep. */
const POINTS_PER_SHARD = 2

export type SnapshotRules = {
  readonly intervalBlocks: number
  /** How far behind the newest point a state is left to replay; Infinity: any state is. */
  readonly replayBlocksMax: number
}

export const SNAPSHOT_RULES: SnapshotRules = {
  intervalBlocks: SNAPSHOT_INTERVAL_BLOCKS,
  replayBlocksMax: REPLAY_BLOCKS_MAX,
}

/** S.1: points are the same, but no state is ever so old that a snapshot is fetched. */
export const FULL_HISTORY_RULES: SnapshotRules = { ...SNAPSHOT_RULES, replayBlocksMax: Infinity }

export type SnapshotPoints = {
  /** A finalized beacon block. Answers the shards that have a new point. */
  readonly learn: (block: BeaconBlock) => readonly ChainNumber[]
  /** Oldest first, at most POINTS_PER_SHARD. */
  readonly of: (shard: ChainNumber) => readonly Crosslink[]
  readonly restore: (entries: readonly StoreEntry[]) => void
}

export function createSnapshotPoints(context: Context, rules: SnapshotRules): SnapshotPoints {
  const points = new Map<ChainNumber, readonly Crosslink[]>()
  const of = (shard: ChainNumber): readonly Crosslink[] => points.get(shard) ?? []

  /** S.1: however short epochs are, each has a point that whoever comes next can begin with. */
  function isDue({ shard, tip }: Crosslink): boolean {
    if (tip.sealing) return true
    const last = of(shard).at(-1)?.tip.height ?? 0
    const span = (height: number): number => Math.floor(height / rules.intervalBlocks)
    return span(tip.height) > span(last)
  }

  function keep(crosslink: Crosslink): void {
    const { shard } = crosslink
    const kept = [...of(shard), crosslink].slice(-POINTS_PER_SHARD)
    points.set(shard, kept)
    const value = createWriter().list(kept, writeCrosslink).finish()
    const write = { kind: 'put', table: 'snapshot', key: chainKey(shard), value } as const
    context.emit({ kind: 'write', write, sync: true })
  }

  return {
    learn: ({ body }) => {
      const due = body.crosslinks.filter(isDue)
      for (const crosslink of due) keep(crosslink)
      return due.map(({ shard }) => shard)
    },
    of,
    restore: (entries) => {
      for (const { key, value } of entries) {
        const kept = decodeExactly(value, (reader) => reader.list(POINTS_PER_SHARD, readCrosslink))
        assert(kept.ok, 'stored snapshot points that passed their checksum decode')
        points.set(numberOfChainKey(key), kept.value)
      }
    },
  }
}
