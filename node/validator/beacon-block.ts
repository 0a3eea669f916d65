/**
 * Beacon blocks as the validator meets them: decoded once, where their bytes come in, and kept with the block as long as
 * anybody holds it (the counterpart of shard-block.ts).
 */
import { chainBlockOf, decodeBeaconBlock, type BeaconBlock } from '../beacon/block.ts'
import type { ChainBlock } from '../consensus/message.ts'
import { accepted, type Result } from '../primitives/result.ts'

const decodedBlocks = new WeakMap<ChainBlock, Result<BeaconBlock>>()

/** The block as consensus sees it, and behind it the whole block; refuses what is not one. */
export function decodeBeaconChainBlock(bytes: Uint8Array): Result<ChainBlock> {
  const decoded = decodeBeaconBlock(bytes)
  if (!decoded.ok) return decoded
  const block = chainBlockOf(decoded.value, bytes)
  decodedBlocks.set(block, decoded)
  return accepted(block)
}

/** Header and body. */
export function beaconBlockOf(block: ChainBlock): Result<BeaconBlock> {
  const known = decodedBlocks.get(block)
  if (known !== undefined) return known
  const decoded = decodeBeaconBlock(block.bytes)
  decodedBlocks.set(block, decoded)
  return decoded
}
