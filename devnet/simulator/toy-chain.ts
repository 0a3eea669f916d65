/**
 * The chain that consensus runs agree about when no shard is simulated: blocks with links, a random payload and one
 * validity rule of each kind (links, time, content), enough to tell a host that executes from one that does not.
 */
import { asciiBytes, equalBytes } from '../../node/primitives/bytes.ts'
import { createWriter, decodeExactly } from '../../node/primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../../node/primitives/hash.ts'
import type { Hash } from '../../node/primitives/identifiers.ts'
import type { Result } from '../../node/primitives/result.ts'
import type { ChainBlock } from '../../node/consensus/message.ts'

export const TOY_GENESIS = {
  hash: hashTagged('toy/genesis', asciiBytes('simulated')),
  height: 0,
  timestampMs: 0,
}

/** A payload that starts with this byte makes a block invalid: what a bad state root is to a real chain. */
export const INVALID_PAYLOAD = 0xff
export const PAYLOAD_SIZE = 8

export type ToyBlockFields = {
  readonly parentHash: Hash
  readonly height: number
  readonly view: number
  readonly epoch: number
  readonly timestampMs: number
  /** PAYLOAD_SIZE bytes. */
  readonly payload: Uint8Array
}

export function makeToyBlock(fields: ToyBlockFields): ChainBlock {
  const { parentHash, height, view, epoch, timestampMs, payload } = fields
  const bytes = createWriter()
    .fixed(parentHash, HASH_SIZE)
    .u64(height)
    .u64(view)
    .u64(epoch)
    .u64(timestampMs)
    .fixed(payload, PAYLOAD_SIZE)
    .finish()
  return toyBlockOf(fields, bytes)
}

export function decodeToyBlock(bytes: Uint8Array): Result<ChainBlock> {
  const fields = decodeExactly(bytes, (reader) => ({
    parentHash: reader.fixed(HASH_SIZE),
    height: reader.u64(),
    view: reader.u64(),
    epoch: reader.u64(),
    timestampMs: reader.u64(),
    payload: reader.fixed(PAYLOAD_SIZE),
  }))
  return fields.ok ? { ok: true, value: toyBlockOf(fields.value, bytes) } : fields
}

/** Another valid or invalid block at the same place. */
export function withPayload(block: ChainBlock, payload: Uint8Array): ChainBlock {
  return makeToyBlock({ ...block, payload })
}

function toyBlockOf(fields: ToyBlockFields, bytes: Uint8Array): ChainBlock {
  const { parentHash, height, view, epoch, timestampMs } = fields
  const links = { parentHash, height, view, epoch, timestampMs, sealing: false }
  const block = { ...links, hash: hashTagged('toy/block', bytes), bytes }
  genuine.add(block)
  return block
}

/** Blocks whose fields were found to be those of their bytes; passed by reference, each is read once. */
const genuine = new WeakSet<ChainBlock>()

/** What decoding does in a real node: hash and links are read from the bytes, never believed. */
export function isGenuine(block: ChainBlock): boolean {
  if (genuine.has(block)) return true
  const decoded = decodeToyBlock(block.bytes)
  if (!decoded.ok || !isSameBlock(decoded.value, block)) return false
  genuine.add(block)
  return true
}

function isSameBlock(left: ChainBlock, right: ChainBlock): boolean {
  return (
    equalBytes(left.hash, right.hash) &&
    equalBytes(left.parentHash, right.parentHash) &&
    left.height === right.height &&
    left.view === right.view &&
    left.epoch === right.epoch &&
    left.timestampMs === right.timestampMs &&
    left.sealing === right.sealing
  )
}

/** Where a block may stand on its parent. */
export type ToyParent = { readonly height: number; readonly timestampMs: number }

export function isValidOn(block: ChainBlock, parent: ToyParent): boolean {
  return (
    block.height === parent.height + 1 &&
    block.timestampMs >= parent.timestampMs &&
    block.bytes[block.bytes.length - PAYLOAD_SIZE] !== INVALID_PAYLOAD
  )
}
