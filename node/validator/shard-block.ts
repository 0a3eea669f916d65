/**
 * Shard blocks as the validator meets them: decoded once, where their bytes come in, and kept with the block as long as
 * anybody holds it. The same bytes are asked for by acceptance, execution and commit; a full block takes milliseconds.
 */
import type { ChainBlock } from '../consensus/message.ts'
import { assert } from '../primitives/assert.ts'
import { accepted, type Result } from '../primitives/result.ts'
import { decodeShardBlock, type ShardBlock } from '../shards/block.ts'

const decodedBlocks = new WeakMap<ChainBlock, ShardBlock>()

/** The block as consensus sees it, and behind it the whole block; refuses what is not one. */
export function decodeShardChainBlock(bytes: Uint8Array): Result<ChainBlock> {
  const decoded = decodeShardBlock(bytes)
  if (!decoded.ok) return decoded
  const { hash, header } = decoded.value
  const { parentHash, height, view, epoch, timestampMs, sealing } = header
  const block = { hash, parentHash, height, view, epoch, timestampMs, sealing, bytes }
  decodedBlocks.set(block, decoded.value)
  return accepted(block)
}

/** Header and body of a block that was found to decode. */
export function shardBlockOf(block: ChainBlock): ShardBlock {
  const known = decodedBlocks.get(block)
  if (known !== undefined) return known
  const decoded = decodeShardBlock(block.bytes)
  assert(decoded.ok, 'a block is checked to decode before it is passed on')
  decodedBlocks.set(block, decoded.value)
  return decoded.value
}
