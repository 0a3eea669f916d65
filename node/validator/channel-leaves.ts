/**
 * Channel leaves: what each shard's last crosslinks said it had sent to every destination. The beacon checks them against
 * the recorded outRoot and does not keep them; a destination needs them to prove what it consumes (C.5).
 */
import type { BeaconBlock } from '../beacon/block.ts'
import type { ChannelHead } from '../crosslink/receipt.ts'
import { readChannelHead, writeChannelHead } from '../crosslink/receipt-codec.ts'
import { outRootOf } from '../crosslink/channel.ts'
import { assert } from '../primitives/assert.ts'
import { toHex } from '../primitives/bytes.ts'
import { createWriter, decodeExactly } from '../primitives/codec.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import { SHARDS_MAX } from '../primitives/limits.ts'
import type { StoreEntry } from '../storage/store.ts'
import type { Context } from './context.ts'
import { chainKey, numberOfChainKey } from './table.ts'

/** Recent crosslinks remembered per source: anchors a leader may still build with. */
const LEAVES_PER_SOURCE_MAX = 16

export type ChannelLeaves = {
  /** Of a final block: written down. */
  readonly learn: (block: BeaconBlock) => void
  /** Of a block that may still become one: the beacon's next block may stand on it (C.9). */
  readonly know: (block: BeaconBlock) => void
  readonly of: (source: ChainNumber, outRoot: Hash) => readonly ChannelHead[] | undefined
  readonly restore: (entries: readonly StoreEntry[]) => void
}

export function createChannelLeaves(context: Context): ChannelLeaves {
  const bySource = new Map<ChainNumber, Map<string, readonly ChannelHead[]>>()

  function keep(source: ChainNumber, root: Hash, leaves: readonly ChannelHead[]): void {
    const known = bySource.get(source) ?? new Map<string, readonly ChannelHead[]>()
    bySource.set(source, known)
    known.set(toHex(root), leaves)
    if (known.size <= LEAVES_PER_SOURCE_MAX) return
    for (const oldest of known.keys()) {
      known.delete(oldest)
      return
    }
  }

  return {
    learn: ({ body }) => {
      for (const { shard, tip, channels } of body.crosslinks) {
        keep(shard, tip.outRoot, channels)
        const value = encodeLeaves(channels)
        const key = chainKey(shard)
        context.emit({
          kind: 'write',
          write: { kind: 'put', table: 'channels', key, value },
          sync: true,
        })
      }
    },
    know: ({ body }) => {
      for (const { shard, tip, channels } of body.crosslinks) keep(shard, tip.outRoot, channels)
    },
    of: (source, outRoot) => bySource.get(source)?.get(toHex(outRoot)),
    restore: (entries) => {
      for (const { key, value } of entries) {
        const leaves = decodeLeaves(value)
        keep(numberOfChainKey(key), outRootOf(leaves), leaves)
      }
    },
  }
}

/** Leaves as they are stored. */
export function encodeLeaves(leaves: readonly ChannelHead[]): Uint8Array {
  return createWriter().list(leaves, writeChannelHead).finish()
}

/** Of bytes whose checksum the store has vouched for. */
export function decodeLeaves(value: Uint8Array): readonly ChannelHead[] {
  const leaves = decodeExactly(value, (reader) => reader.list(SHARDS_MAX + 1, readChannelHead))
  assert(leaves.ok, 'stored channel leaves that passed their checksum decode')
  return leaves.value
}
