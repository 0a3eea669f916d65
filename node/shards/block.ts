/**
 * Shard blocks: a header and a body of raw transactions and inbox items, as bytes (docs/protocol/shards.md, "Blocks").
 *
 * Invariants: a block has exactly one encoding; the header's contentsHash ties it to these very bytes of the body, so a
 * block can be passed on by its hash without executing it.
 */
import type { InboxItem } from '../crosslink/receipt.ts'
import {
  encodeInboxItem,
  readInboxItem,
  writeInboxItem,
  writeReceiptOutcome,
} from '../crosslink/receipt-codec.ts'
import type { ShardHeader } from '../crosslink/header.ts'
import {
  contentsHash,
  encodeShardHeader,
  readShardHeader,
  shardBlockHash,
} from '../crosslink/header-codec.ts'
import { concatBytes, equalBytes } from '../primitives/bytes.ts'
import {
  createReader,
  createWriter,
  DecodeError,
  decodeExactly,
  type Reader,
} from '../primitives/codec.ts'
import { hashTagged } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'
import {
  BLOCK_BYTES_MAX,
  BLOCK_TRANSACTIONS_MAX,
  SHARDS_MAX,
  TRANSACTION_BYTES_MAX,
} from '../primitives/limits.ts'
import { merkleRoot } from '../primitives/merkle.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import type { BlockOutcome, TransactionResult } from './executor.ts'
import { TRANSACTION_GAS } from './fees.ts'

export type ShardBody = {
  /** Signed Ethereum transactions, in the order of their execution. */
  readonly transactions: readonly Uint8Array[]
  /** At most one per source, ascending by source. */
  readonly inbox: readonly InboxItem[]
}

export type ShardBlock = {
  readonly hash: Hash
  readonly header: ShardHeader
  readonly body: ShardBody
}

/** A block as consensus sees it (the shape of its ChainBlock). */
export type ShardChainBlock = {
  readonly hash: Hash
  readonly parentHash: Hash
  readonly height: number
  readonly view: number
  readonly epoch: number
  readonly timestampMs: number
  readonly sealing: boolean
  readonly bytes: Uint8Array
}

export function encodeShardBody(body: ShardBody): Uint8Array {
  return createWriter()
    .list(body.transactions, (into, raw) => into.variable(raw))
    .list(body.inbox, writeInboxItem)
    .finish()
}

export function decodeShardBody(bytes: Uint8Array): Result<ShardBody, 'malformed'> {
  return decodeExactly(bytes, readShardBody)
}

function readShardBody(reader: Reader): ShardBody {
  const transactions = reader.list(BLOCK_TRANSACTIONS_MAX, (from) =>
    from.variable(TRANSACTION_BYTES_MAX),
  )
  return { transactions, inbox: reader.list(SHARDS_MAX, readInboxItem) }
}

/** `body`: encoded, and named by the header's contentsHash. */
export function encodeShardBlock(header: ShardHeader, body: Uint8Array): Uint8Array {
  return concatBytes(encodeShardHeader(header), body)
}

/** Header, body and hash; refuses bytes whose body is not the one that the header names. */
export function decodeShardBlock(bytes: Uint8Array): Result<ShardBlock, 'malformed'> {
  const split = splitBlock(bytes)
  if (!split.ok) return split
  const body = decodeShardBody(split.value.body)
  if (!body.ok) return body
  const { header } = split.value
  return accepted({ hash: shardBlockHash(header), header, body: body.value })
}

/** What consensus needs of a block, without reading its body beyond its hash. */
export function shardChainBlock(bytes: Uint8Array): Result<ShardChainBlock, 'malformed'> {
  const split = splitBlock(bytes)
  if (!split.ok) return split
  const { header } = split.value
  const { parentHash, height, view, epoch, timestampMs, sealing } = header
  const hash = shardBlockHash(header)
  return accepted({ hash, parentHash, height, view, epoch, timestampMs, sealing, bytes })
}

function splitBlock(
  bytes: Uint8Array,
): Result<{ readonly header: ShardHeader; readonly body: Uint8Array }, 'malformed'> {
  if (bytes.length > BLOCK_BYTES_MAX) {
    return rejected('malformed', `a block of ${bytes.length} bytes exceeds ${BLOCK_BYTES_MAX}`)
  }
  try {
    const reader = createReader(bytes)
    const header = readShardHeader(reader)
    const body = bytes.subarray(bytes.length - reader.remaining())
    if (equalBytes(contentsHash(body), header.contentsHash)) return accepted({ header, body })
    return rejected('malformed', 'the body is not the one that the header names')
  } catch (error) {
    if (error instanceof DecodeError) return rejected('malformed', error.message)
    throw error
  }
}

/** Merkle root over the transactions' hashes. */
export function transactionRootOf(hashes: readonly Hash[]): Hash {
  return merkleRoot(hashes)
}

/** Merkle root over H("inbox-item", encoded item): what the block consumed (C.1). */
export function inboxRootOf(items: readonly InboxItem[]): Hash {
  return merkleRoot(items.map((item) => hashTagged('inbox-item', encodeInboxItem(item))))
}

/** Merkle root over the fates of consumed receipts, then the results of transactions. */
export function resultsRootOf(
  consumed: BlockOutcome['consumed'],
  results: readonly TransactionResult[],
): Hash {
  return merkleRoot(resultLeavesOf(consumed, results))
}

/** The leaves under `resultsRoot`, for proofs. */
export function resultLeavesOf(
  consumed: BlockOutcome['consumed'],
  results: readonly TransactionResult[],
): readonly Hash[] {
  return [...consumed.map(consumedLeaf), ...results.map(resultLeaf)]
}

function consumedLeaf({ receipt, outcome }: BlockOutcome['consumed'][number]): Hash {
  const writer = createWriter().u32(receipt.source).u64(receipt.sequence)
  writeReceiptOutcome(writer, outcome)
  return hashTagged('consumed', writer.finish())
}

/** Of a plain transfer that succeeded: most results are this one. */
const TRANSFER_LEAF = hashResult({ status: 1, gasUsed: TRANSACTION_GAS, sent: undefined })

function resultLeaf(result: TransactionResult): Hash {
  const { status, gasUsed, sent } = result
  const isTransfer = status === 1 && gasUsed === TRANSACTION_GAS && sent === undefined
  return isTransfer ? TRANSFER_LEAF : hashResult(result)
}

function hashResult(result: TransactionResult): Hash {
  const writer = createWriter().u8(result.status).u64(result.gasUsed)
  writer.flag(result.sent !== undefined)
  if (result.sent !== undefined) writer.u32(result.sent.destination).u64(result.sent.index)
  return hashTagged('result', writer.finish())
}
