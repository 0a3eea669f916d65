/**
 * Bytes of receipts, batches, channel heads and inbox items (docs/protocol/crosslinks.md C.4, C.5).
 *
 * Invariant: a batch writes source, destination and first sequence once; its receipts are numbered from there, so that a
 * batch with a gap, a repetition or a stranger's receipt has no encoding.
 */
import { assert } from '../primitives/assert.ts'
import {
  createWriter,
  decodeExactly,
  DecodeError,
  type Reader,
  type Writer,
} from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../primitives/hash.ts'
import { ADDRESS_SIZE, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import {
  BATCH_BYTES_MAX,
  BATCH_RECEIPTS_MAX,
  RECEIPT_PAYLOAD_BYTES_MAX,
  SHARDS_MAX,
} from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'
import type {
  ChannelHead,
  InboxItem,
  Receipt,
  ReceiptBatch,
  ReceiptKind,
  ReceiptOutcome,
} from './receipt.ts'

/** Siblings from a channel leaf to outRoot: the height of a tree of SHARDS_MAX + 1 leaves (64 + 1 pad to 128). */
const BRANCH_MAX = 7
/**
 * Batches between a cursor and its leaf, consumed or left in the tail. Each holds at least one receipt, so the credit of a
 * channel (C.6) must stay below this many receipts; 32 bytes each make a full tail 64 KiB.
 */
export const CHANNEL_BATCHES_MAX = 2048

/** Bytes of a receipt inside its batch, without its payload. */
export const RECEIPT_BYTES_BASE = 1 + ADDRESS_SIZE + ADDRESS_SIZE + 32 + 8 + 4 + HASH_SIZE
/** Bytes of a batch without its receipts. */
export const BATCH_BYTES_BASE = 4 + 4 + 8 + 8 + 4

const OUTCOME_BYTE: Readonly<Record<ReceiptOutcome, number>> = { bounced: 0, applied: 1, void: 2 }
/** The index is the byte. */
const KINDS: readonly ReceiptKind[] = ['transfer', 'bounce', 'move', 'deposit', 'exit', 'payout']

/** Encoded size of this receipt inside a batch: what counts against BATCH_BYTES_MAX. */
export function receiptBytes(receipt: Pick<Receipt, 'payload'>): number {
  return RECEIPT_BYTES_BASE + receipt.payload.length
}

/** Encoded size of a batch: what counts against BATCH_BYTES_MAX and the inbox budget (C.5, C.6). */
export function batchBytes(batch: Pick<ReceiptBatch, 'receipts'>): number {
  let size = BATCH_BYTES_BASE
  for (const receipt of batch.receipts) size += receiptBytes(receipt)
  return size
}

/** H("receipt", encoded receipt): the receipt's identity and its leaf under the batch digest (C.4). */
export function receiptHash(receipt: Receipt): Hash {
  return hashTagged('receipt', encodeReceipt(receipt))
}

function writeReceipt(writer: Writer, receipt: Receipt): void {
  writer.u32(receipt.source).u32(receipt.destination).u64(receipt.sequence)
  writeReceiptContent(writer, receipt)
}

function readReceipt(reader: Reader): Receipt {
  const route = readRoute(reader)
  return readReceiptContent(reader, { ...route, sequence: reader.u64() })
}

function writeReceiptContent(writer: Writer, receipt: Receipt): void {
  assert(receipt.payload.length <= RECEIPT_PAYLOAD_BYTES_MAX, 'a receipt payload is bounded')
  writer
    .u8(KINDS.indexOf(receipt.kind))
    .fixed(receipt.from, ADDRESS_SIZE)
    .fixed(receipt.to, ADDRESS_SIZE)
    .u256(receipt.amount)
    .u64(receipt.gas)
    .variable(receipt.payload)
    .fixed(receipt.originTransaction, HASH_SIZE)
}

export function writeReceiptOutcome(writer: Writer, outcome: ReceiptOutcome): void {
  writer.u8(OUTCOME_BYTE[outcome])
}

export function readReceiptOutcome(reader: Reader): ReceiptOutcome {
  const byte = reader.u8()
  if (byte === OUTCOME_BYTE.bounced) return 'bounced'
  if (byte === OUTCOME_BYTE.applied) return 'applied'
  if (byte === OUTCOME_BYTE.void) return 'void'
  throw new DecodeError('a receipt outcome is unknown')
}

type Route = { readonly source: ChainNumber; readonly destination: ChainNumber }

/** Reads in the order of writing: the order of these properties is the format. */
function readReceiptContent(reader: Reader, place: Route & { readonly sequence: number }): Receipt {
  return {
    ...place,
    kind: readKind(reader),
    from: reader.fixed(ADDRESS_SIZE),
    to: reader.fixed(ADDRESS_SIZE),
    amount: reader.u256(),
    gas: reader.u64(),
    payload: reader.variable(RECEIPT_PAYLOAD_BYTES_MAX),
    originTransaction: reader.fixed(HASH_SIZE),
  }
}

function readKind(reader: Reader): ReceiptKind {
  const kind = KINDS[reader.u8()]
  if (kind === undefined) throw new DecodeError('a receipt kind is unknown')
  return kind
}

function readRoute(reader: Reader): Route {
  const source = reader.u32()
  const destination = reader.u32()
  if (source > SHARDS_MAX || destination > SHARDS_MAX)
    throw new DecodeError('a chain is past any network')
  if (source === destination) throw new DecodeError('a channel leads to another chain')
  return { source, destination }
}

export function writeReceiptBatch(writer: Writer, batch: ReceiptBatch): void {
  assert(
    batch.receipts.length >= 1 && batch.receipts.length <= BATCH_RECEIPTS_MAX,
    'a batch has one to BATCH_RECEIPTS_MAX receipts',
  )
  assert(batchBytes(batch) <= BATCH_BYTES_MAX, 'a batch is bounded in bytes')
  assert(isNumbered(batch), 'a batch numbers its receipts from its first sequence')
  writer.u32(batch.source).u32(batch.destination).u64(batch.height).u64(batch.startSequence)
  writer.list(batch.receipts, writeReceiptContent)
}

function isNumbered(batch: ReceiptBatch): boolean {
  return batch.receipts.every(
    (receipt, index) =>
      receipt.source === batch.source &&
      receipt.destination === batch.destination &&
      receipt.sequence === batch.startSequence + index,
  )
}

export function readReceiptBatch(reader: Reader): ReceiptBatch {
  const available = reader.remaining()
  const { source, destination } = readRoute(reader)
  const height = reader.u64()
  const startSequence = reader.u64()
  if (startSequence > Number.MAX_SAFE_INTEGER - BATCH_RECEIPTS_MAX)
    throw new DecodeError('a sequence is beyond 2^53')
  let sequence = startSequence
  const receipts = reader.list(BATCH_RECEIPTS_MAX, (from) =>
    readReceiptContent(from, { source, destination, sequence: sequence++ }),
  )
  if (receipts.length === 0) throw new DecodeError('a batch is empty')
  if (available - reader.remaining() > BATCH_BYTES_MAX)
    throw new DecodeError('a batch is too large')
  return { source, destination, height, startSequence, receipts }
}

export function writeChannelHead(writer: Writer, channel: ChannelHead): void {
  writer.u64(channel.nextSequence).u256(channel.value).fixed(channel.head, HASH_SIZE)
}

export function readChannelHead(reader: Reader): ChannelHead {
  return { nextSequence: reader.u64(), value: reader.u256(), head: reader.fixed(HASH_SIZE) }
}

export function writeInboxItem(writer: Writer, item: InboxItem): void {
  assert(item.branch.length <= BRANCH_MAX, 'a branch is as high as the channel tree')
  assert(
    item.batches.length + item.tailDigests.length <= CHANNEL_BATCHES_MAX,
    'a channel holds a bounded number of batches',
  )
  writer.u32(item.source)
  writeChannelHead(writer, item.leaf)
  writer
    .list(item.branch, (into, sibling) => into.fixed(sibling, HASH_SIZE))
    .list(item.batches, writeReceiptBatch)
    .list(item.tailDigests, (into, digest) => into.fixed(digest, HASH_SIZE))
}

export function readInboxItem(reader: Reader): InboxItem {
  const source = reader.u32()
  const leaf = readChannelHead(reader)
  const branch = reader.list(BRANCH_MAX, (from) => from.fixed(HASH_SIZE))
  const batches = reader.list(CHANNEL_BATCHES_MAX, readReceiptBatch)
  const tailDigests = reader.list(CHANNEL_BATCHES_MAX - batches.length, (from) =>
    from.fixed(HASH_SIZE),
  )
  return { source, leaf, branch, batches, tailDigests }
}

export function encodeReceipt(receipt: Receipt): Uint8Array {
  const writer = createWriter()
  writeReceipt(writer, receipt)
  return writer.finish()
}

export function decodeReceipt(bytes: Uint8Array): Result<Receipt, 'malformed'> {
  return decodeExactly(bytes, readReceipt)
}

export function encodeReceiptBatch(batch: ReceiptBatch): Uint8Array {
  const writer = createWriter()
  writeReceiptBatch(writer, batch)
  return writer.finish()
}

export function decodeReceiptBatch(bytes: Uint8Array): Result<ReceiptBatch, 'malformed'> {
  return decodeExactly(bytes, readReceiptBatch)
}

export function encodeInboxItem(item: InboxItem): Uint8Array {
  const writer = createWriter()
  writeInboxItem(writer, item)
  return writer.finish()
}

export function decodeInboxItem(bytes: Uint8Array): Result<InboxItem, 'malformed'> {
  return decodeExactly(bytes, readInboxItem)
}

export function encodeChannelHead(channel: ChannelHead): Uint8Array {
  const writer = createWriter()
  writeChannelHead(writer, channel)
  return writer.finish()
}

export function decodeChannelHead(bytes: Uint8Array): Result<ChannelHead, 'malformed'> {
  return decodeExactly(bytes, readChannelHead)
}
