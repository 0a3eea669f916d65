/**
 * The beacon's past, read from the store: finalized blocks, and which of them recorded a shard block. Every node follows the
 * beacon, so every node answers for every shard.
 */
import { decodeAnchorView } from '../beacon/anchor-codec.ts'
import { decodeBeaconBlock } from '../beacon/block.ts'
import type { BeaconState } from '../beacon/state.ts'
import type { AnchorView, ShardRecord } from '../crosslink/crosslink.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { BEACON_CHAIN, type ChainNumber } from '../primitives/identifiers.ts'
import type { BeaconBlockView, BlockSelector, CrosslinkPlace } from '../rpc/backend.ts'
import type { Store } from '../storage/store.ts'
import { readFinalEntry } from '../validator/serve.ts'
import { blockKey, decodeNumbers, hashKey, numberKey } from '../validator/table.ts'

export type BeaconHistory = {
  readonly store: Store
  /** State at the finalized head. */
  readonly head: () => BeaconState
}

/** undefined: not finalized here. Block 0 has no bytes. */
export async function beaconBlockAt(
  history: BeaconHistory,
  selector: BlockSelector,
): Promise<BeaconBlockView | undefined> {
  const height = await heightOf(history, selector)
  if (height === undefined || height === 0) return undefined
  const { store } = history
  const key = numberKey(BEACON_CHAIN, height)
  const value = await store.get('final', key)
  if (value === undefined) return undefined
  const { hash, certificate } = readFinalEntry({ key, value })
  if (selector.kind === 'hash' && !equalBytes(selector.hash, hash)) return undefined
  const bytes = await store.get('block', blockKey(BEACON_CHAIN, height, hash))
  const block = bytes && decodeBeaconBlock(bytes)
  if (bytes === undefined || block?.ok !== true) return undefined
  return { hash, block: block.value, bytes, certificate }
}

/** Every finalized beacon block is settled, so all tags but `earliest` mean the head. */
async function heightOf(
  { store, head }: BeaconHistory,
  selector: BlockSelector,
): Promise<number | undefined> {
  const newest = head().height
  switch (selector.kind) {
    case 'height':
      return selector.height <= newest ? selector.height : undefined
    case 'hash': {
      const entry = await store.get('height', hashKey(BEACON_CHAIN, selector.hash))
      const height = entry && decodeNumbers(entry)[0]
      return height !== undefined && height <= newest ? height : undefined
    }
    default:
      return selector.tag === 'earliest' ? 0 : newest
  }
}

/**
 * Binary search over what the beacon recorded block by block: recorded heights only grow. undefined: not recorded yet, or
 * this node does not hold the beacon that far back.
 */
export async function crosslinkOf(
  history: BeaconHistory,
  shard: ChainNumber,
  height: number,
): Promise<CrosslinkPlace | undefined> {
  const newest = history.head()
  const last = newest.shards[shard - 1]
  if (last === undefined || height < 1 || height > last.height) return undefined
  // B.7: no beacon block before it was opened knows the shard.
  let [below, at] = [last.openedHeight, newest.height]
  while (at - below > 1) {
    const middle = Math.floor((below + at) / 2)
    const record = recordOf(await anchorAt(history, middle), shard)
    if (record === undefined) return undefined
    if (record.height >= height) at = middle
    else below = middle
  }
  const anchor = await anchorAt(history, at)
  const record = recordOf(anchor, shard)
  const before = below === 0 ? undefined : recordOf(await anchorAt(history, below), shard)
  if (anchor === undefined || record === undefined) return undefined
  return {
    beaconHeight: at,
    beaconHash: anchor.beaconHash,
    timestampMs: anchor.timestampMs,
    fromHeight: (before?.height ?? 0) + 1,
    tipHeight: record.height,
    tipHash: record.hash,
  }
}

async function anchorAt(
  { store }: BeaconHistory,
  beaconHeight: number,
): Promise<AnchorView | undefined> {
  const bytes = await store.get('anchor', numberKey(BEACON_CHAIN, beaconHeight))
  const anchor = bytes && decodeAnchorView(bytes)
  return anchor?.ok === true ? anchor.value : undefined
}

function recordOf(anchor: AnchorView | undefined, shard: ChainNumber): ShardRecord | undefined {
  return anchor?.shards[shard - 1]
}
