/**
 * Blocks taken apart, changed and put together again: they decode, their body is the one that the header names, and what
 * is wrong with them is only what was changed.
 */
import {
  beaconChainBlock,
  decodeBeaconBlock,
  encodeBeaconBlock,
  encodeBeaconBody,
  type BeaconBlock,
} from '../../node/beacon/block.ts'
import { beaconStateRoot } from '../../node/beacon/state-root.ts'
import type { BeaconState } from '../../node/beacon/state.ts'
import type { ChainBlock } from '../../node/consensus/message.ts'
import { contentsHash } from '../../node/crosslink/header-codec.ts'
import type { ShardHeader } from '../../node/crosslink/header.ts'
import { assert } from '../../node/primitives/assert.ts'
import { equalBytes } from '../../node/primitives/bytes.ts'
import { keccak256 } from '../../node/primitives/hash.ts'
import {
  encodeShardBlock,
  encodeShardBody,
  inboxRootOf,
  transactionRootOf,
  type ShardBlock,
  type ShardBody,
} from '../../node/shards/block.ts'
import { decodeShardChainBlock, shardBlockOf } from '../../node/validator/shard-block.ts'

export type ShardChange = {
  readonly header?: Partial<ShardHeader>
  readonly body?: ShardBody
}

/** Roots over the body follow the body; everything else is as `change` says. */
export function rebuildShardBlock(
  block: ChainBlock,
  change: (block: ShardBlock) => ShardChange,
): ChainBlock {
  const before = shardBlockOf(block)
  const { header, body = before.body } = change(before)
  const bytes = encodeShardBody(body)
  const changed: ShardHeader = {
    ...before.header,
    transactionRoot: transactionRootOf(body.transactions.map(keccak256)),
    inboxRoot: inboxRootOf(body.inbox),
    contentsHash: contentsHash(bytes),
    ...header,
  }
  const rebuilt = decodeShardChainBlock(encodeShardBlock(changed, bytes))
  assert(rebuilt.ok, 'a rebuilt shard block decodes')
  return rebuilt.value
}

export function rebuildBeaconBlock(
  block: ChainBlock,
  change: (block: BeaconBlock) => Partial<BeaconBlock>,
): ChainBlock {
  const before = beaconBlockOf(block)
  const { header = before.header, body = before.body } = change(before)
  const named = { ...header, contentsHash: contentsHash(encodeBeaconBody(body)) }
  const rebuilt = beaconChainBlock(encodeBeaconBlock({ header: named, body }))
  assert(rebuilt.ok, 'a rebuilt beacon block decodes')
  return rebuilt.value
}

export function beaconBlockOf(block: ChainBlock): BeaconBlock {
  const decoded = decodeBeaconBlock(block.bytes)
  assert(decoded.ok, 'a beacon block is checked to decode before it is passed on')
  return decoded.value
}

/** The root of the state after this block if that state is changed so; undefined if this node does not hold it. */
export function rootIfAfter(
  block: ChainBlock,
  newest: BeaconState,
  change: Partial<BeaconState>,
): Uint8Array | undefined {
  if (!equalBytes(newest.headHash, block.hash)) return undefined
  return beaconStateRoot({ ...newest, ...change })
}

/** Another hash, one bit away. */
export function flipped(hash: Uint8Array): Uint8Array {
  return hash.map((byte, index) => (index === 0 ? byte ^ 1 : byte))
}
