/**
 * Outcomes on disk: what executing a finalized block did, for receipts, crosslinks and RPC after a restart. The block
 * itself stands in table `block`, sent batches in `batch`; here stand only references to them.
 */
import type { ChannelHead, ReceiptOutcome } from '../crosslink/receipt.ts'
import {
  readChannelHead,
  readReceiptOutcome,
  writeChannelHead,
  writeReceiptOutcome,
} from '../crosslink/receipt-codec.ts'
import { createWriter, decodeExactly, type Reader } from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import {
  ADDRESS_SIZE,
  type Address,
  type ChainNumber,
  type Hash,
} from '../primitives/identifiers.ts'
import { BLOCK_BYTES_MAX, BLOCK_TRANSACTIONS_MAX, SHARDS_MAX } from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'
import type { BlockOutcome, TransactionResult } from '../shards/executor.ts'

export type StoredTransaction = {
  readonly hash: Hash
  readonly sender: Address
  readonly result: TransactionResult
}

export type StoredOutcome = {
  readonly transactions: readonly StoredTransaction[]
  /** In execution order. */
  readonly consumed: readonly {
    readonly source: ChainNumber
    readonly sequence: number
    readonly outcome: ReceiptOutcome
  }[]
  /** Keys of the batches this block sent. */
  readonly sent: readonly { readonly destination: ChainNumber; readonly startSequence: number }[]
  /** Outgoing channels after the block. */
  readonly channels: readonly ChannelHead[]
}

/** Receipts of one block: each takes more than one byte of the body. */
const CONSUMED_MAX = BLOCK_BYTES_MAX

/** `senders`: 20 bytes per transaction, in order. */
export function encodeOutcome(outcome: BlockOutcome, senders: Uint8Array): Uint8Array {
  const writer = createWriter().u32(outcome.results.length)
  for (const [index, result] of outcome.results.entries()) {
    const hash = outcome.transactionHashes[index] ?? new Uint8Array(0)
    const sender = senders.subarray(index * ADDRESS_SIZE, (index + 1) * ADDRESS_SIZE)
    writer.fixed(hash, HASH_SIZE).fixed(sender, ADDRESS_SIZE)
    writer
      .flag(result.status === 1)
      .u64(result.gasUsed)
      .flag(result.sent !== undefined)
    if (result.sent !== undefined) writer.u32(result.sent.destination).u32(result.sent.index)
  }
  return writer
    .list(outcome.consumed, (item, { receipt, outcome: end }) =>
      writeReceiptOutcome(item.u32(receipt.source).u64(receipt.sequence), end),
    )
    .list(outcome.sent, (item, batch) => item.u32(batch.destination).u64(batch.startSequence))
    .list(outcome.channels, writeChannelHead)
    .finish()
}

export function decodeOutcome(bytes: Uint8Array): Result<StoredOutcome, 'malformed'> {
  return decodeExactly(bytes, (reader) => ({
    transactions: reader.list(BLOCK_TRANSACTIONS_MAX, readTransaction),
    consumed: reader.list(CONSUMED_MAX, (item) => {
      return { source: item.u32(), sequence: item.u64(), outcome: readReceiptOutcome(item) }
    }),
    sent: reader.list(SHARDS_MAX, (item) => {
      return { destination: item.u32(), startSequence: item.u64() }
    }),
    channels: reader.list(SHARDS_MAX + 1, readChannelHead),
  }))
}

function readTransaction(reader: Reader): StoredTransaction {
  const hash = reader.fixed(HASH_SIZE)
  const sender = reader.fixed(ADDRESS_SIZE)
  const status = reader.flag() ? 1 : 0
  const gasUsed = reader.u64()
  const sent = reader.flag() ? { destination: reader.u32(), index: reader.u32() } : undefined
  return { hash, sender, result: { status, gasUsed, sent } }
}
