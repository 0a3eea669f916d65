/**
 * Outcomes on disk: what executing a finalized block did, for receipts, crosslinks and RPC after a restart. The block
 * itself stands in table `block`, sent batches in `batch`.
 */
import type { ChannelHead } from '../crosslink/receipt.ts'
import { readChannelHead, writeChannelHead } from '../crosslink/receipt-codec.ts'
import { createWriter, decodeExactly } from '../primitives/codec.ts'
import { BLOCK_TRANSACTIONS_MAX, BLOCK_BYTES_MAX, SHARDS_MAX } from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'
import type { BlockOutcome, TransactionResult } from '../shards/executor.ts'

export type StoredOutcome = {
  readonly results: readonly TransactionResult[]
  /** Per consumed receipt, in execution order: true = applied, false = bounced. */
  readonly applied: readonly boolean[]
  /** Outgoing channels after the block. */
  readonly channels: readonly ChannelHead[]
}

/** Receipts of one block: each takes more than one byte of the body. */
const CONSUMED_MAX = BLOCK_BYTES_MAX

export function encodeOutcome(outcome: BlockOutcome): Uint8Array {
  return createWriter()
    .list(outcome.results, (writer, result) => {
      writer
        .u8(result.status)
        .u64(result.gasUsed)
        .flag(result.sent !== undefined)
      if (result.sent !== undefined) writer.u32(result.sent.destination).u32(result.sent.index)
    })
    .list(outcome.consumed, (writer, { outcome: end }) => writer.flag(end === 'applied'))
    .list(outcome.channels, writeChannelHead)
    .finish()
}

export function decodeOutcome(bytes: Uint8Array): Result<StoredOutcome, 'malformed'> {
  return decodeExactly(bytes, (reader) => ({
    results: reader.list(BLOCK_TRANSACTIONS_MAX, (item): TransactionResult => {
      const status = item.flag() ? 1 : 0
      const gasUsed = item.u64()
      const sent = item.flag() ? { destination: item.u32(), index: item.u32() } : undefined
      return { status, gasUsed, sent }
    }),
    applied: reader.list(CONSUMED_MAX, (item) => item.flag()),
    channels: reader.list(SHARDS_MAX + 1, readChannelHead),
  }))
}
