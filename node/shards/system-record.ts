/**
 * System records: the part of a shard's state that is about the shard itself: its channels, outgoing buffers and sums
 * (docs/protocol/shards.md, "State"). Records that were never written have their initial values.
 */
import { EMPTY_CHANNEL } from '../crosslink/channel.ts'
import type { ChannelHead } from '../crosslink/receipt.ts'
import { readChannelHead, writeChannelHead } from '../crosslink/receipt-codec.ts'
import { assert, present } from '../primitives/assert.ts'
import { bigIntToBytes, bytesToBigInt } from '../primitives/bytes.ts'
import { createWriter, decodeExactly, type Reader } from '../primitives/codec.ts'
import { HASH_SIZE, ZERO_HASH } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'

/** How far an incoming channel is consumed (C.5). */
export type IncomingChannel = {
  readonly cursor: ChannelHead
  /**
   * The source's outRoot under which nothing was left to consume; ZERO_HASH while something is, or may be, left. undefined:
   * nothing was ever proved, which is well as long as the source has sent nothing to anybody.
   */
  readonly drainedRoot: Hash | undefined
}

/**
 * A queue of receipts waiting for credit (C.6). It begins at the outgoing channel's nextSequence, because a receipt gets
 * its sequence when it is made and leaves in that order.
 */
export type OutgoingBuffer = { readonly endSequence: number }

/**
 * Sums over the shard. Each may exceed 2^256 by what Byzantine sources claim to have sent, so they are written in
 * 48 bytes: 2^128 amounts of 256 bits fit.
 */
export type Totals = {
  readonly genesis: bigint
  readonly balances: bigint
  readonly burnt: bigint
  /** Value of the receipts in all outgoing buffers. */
  readonly buffered: bigint
  /** Their encoded bytes (C.6). */
  readonly outBytes: number
}

const EMPTY_BUFFER: OutgoingBuffer = { endSequence: 0 }

const SUM_SIZE = 48

export function encodeOutgoing(channel: ChannelHead): Uint8Array {
  const writer = createWriter()
  writeChannelHead(writer, channel)
  return writer.finish()
}

export function decodeOutgoing(bytes: Uint8Array | undefined): ChannelHead {
  return bytes === undefined ? EMPTY_CHANNEL : decodeOwn(bytes, readChannelHead)
}

export function encodeIncoming(channel: IncomingChannel): Uint8Array {
  const writer = createWriter()
  writeChannelHead(writer, channel.cursor)
  const root = present(channel.drainedRoot, 'a record is written when something was proved')
  return writer.fixed(root, HASH_SIZE).finish()
}

export function decodeIncoming(bytes: Uint8Array | undefined): IncomingChannel {
  if (bytes === undefined) return { cursor: EMPTY_CHANNEL, drainedRoot: undefined }
  return decodeOwn(bytes, (reader) => ({
    cursor: readChannelHead(reader),
    drainedRoot: reader.fixed(HASH_SIZE),
  }))
}

export function encodeBuffer(buffer: OutgoingBuffer): Uint8Array {
  return createWriter().u64(buffer.endSequence).finish()
}

export function decodeBuffer(bytes: Uint8Array | undefined): OutgoingBuffer {
  if (bytes === undefined) return EMPTY_BUFFER
  return decodeOwn(bytes, (reader) => ({ endSequence: reader.u64() }))
}

export function encodeTotals(totals: Totals): Uint8Array {
  const writer = createWriter()
  for (const sum of [totals.genesis, totals.balances, totals.burnt, totals.buffered]) {
    writer.fixed(bigIntToBytes(sum, SUM_SIZE), SUM_SIZE)
  }
  return writer.u64(totals.outBytes).finish()
}

export function decodeTotals(bytes: Uint8Array): Totals {
  return decodeOwn(bytes, (reader) => ({
    genesis: readSum(reader),
    balances: readSum(reader),
    burnt: readSum(reader),
    buffered: readSum(reader),
    outBytes: reader.u64(),
  }))
}

function readSum(reader: Reader): bigint {
  return bytesToBigInt(reader.fixed(SUM_SIZE))
}

/** Our own state under a checked root: it decodes or we are wrong. */
function decodeOwn<T>(bytes: Uint8Array, read: (reader: Reader) => T): T {
  const decoded = decodeExactly(bytes, read)
  assert(decoded.ok, 'a record of our own state decodes')
  return decoded.value
}

/** A cursor that is behind its leaf, or whose leaf is unknown, is not drained under any root. */
export const NOT_DRAINED: Hash = ZERO_HASH
