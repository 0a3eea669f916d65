/**
 * The chain that consensus runs agree about when no shard is simulated: blocks with links, a random payload and one
 * validity rule of each kind (links, time, content), enough to tell a host that executes from one that does not.
 */
import { asciiBytes, equalBytes } from '../../node/primitives/bytes.ts'
import { createWriter } from '../../node/primitives/codec.ts'
import { hashTagged } from '../../node/primitives/hash.ts'
import type { Hash } from '../../node/primitives/identifiers.ts'
import type { ChainBlock } from '../../node/consensus/message.ts'

export const TOY_GENESIS = {
  hash: hashTagged('toy/genesis', asciiBytes('simulated')),
  height: 0,
  timestampMs: 0,
}

/** A payload that starts with this byte makes a block invalid: what a bad state root is to a real chain. */
export const INVALID_PAYLOAD = 0xff

export type ToyBlockFields = Omit<ChainBlock, 'hash' | 'sealing'>

export function makeToyBlock(fields: ToyBlockFields): ChainBlock {
  const unhashed = { ...fields, sealing: false }
  const block = { ...unhashed, hash: hashToyBlock(unhashed) }
  genuine.add(block)
  return block
}

/** Blocks whose hash was found to be right; they are passed by reference, so each is hashed once. */
const genuine = new WeakSet<ChainBlock>()

/** What decoding does in a real node: the hash is computed, never believed. */
export function isGenuine(block: ChainBlock): boolean {
  if (genuine.has(block)) return true
  if (!equalBytes(hashToyBlock(block), block.hash)) return false
  genuine.add(block)
  return true
}

/** Where a block may stand on its parent. */
export type ToyParent = { readonly height: number; readonly timestampMs: number }

export function isValidOn(block: ChainBlock, parent: ToyParent): boolean {
  return (
    block.height === parent.height + 1 &&
    block.timestampMs >= parent.timestampMs &&
    block.bytes[0] !== INVALID_PAYLOAD
  )
}

function hashToyBlock(block: Omit<ChainBlock, 'hash'>): Hash {
  const writer = createWriter()
    .fixed(block.parentHash, 32)
    .u64(block.height)
    .u64(block.view)
    .u64(block.epoch)
    .u64(block.timestampMs)
    .flag(block.sealing)
    .variable(block.bytes)
  return hashTagged('toy/block', writer.finish())
}
