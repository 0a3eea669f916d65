/**
 * What a shard writes down just before a block's state is committed: results, indexes, sent batches (tables in table.ts).
 * Before, because after a crash the committed state is not executed again. All of it follows from the block; writing it
 * twice writes the same.
 */
import type { Receipt } from '../crosslink/receipt.ts'
import { encodeReceiptBatch } from '../crosslink/receipt-codec.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { ShardBlock } from '../shards/block.ts'
import type { BlockOutcome } from '../shards/executor.ts'
import type { Context } from './context.ts'
import { encodeOutcome } from './outcome.ts'
import { encodeNumbers, hashKey, numberKey, type TableName } from './table.ts'

export function writeCommitted(
  context: Context,
  shard: ChainNumber,
  committed: {
    readonly block: ShardBlock
    readonly outcome: BlockOutcome
    readonly senders: Uint8Array
  },
): void {
  const { outcome, senders } = committed
  const { header } = committed.block
  const put = (table: TableName, key: Uint8Array, value: Uint8Array): void =>
    context.emit({ kind: 'write', write: { kind: 'put', table, key, value }, sync: true })
  put('outcome', numberKey(shard, header.height), encodeOutcome(outcome, senders))
  for (const [index, hash] of outcome.transactionHashes.entries()) {
    put('tx', hashKey(shard, hash), encodeNumbers(header.height, index))
  }
  for (const batch of outcome.sent) {
    const key = numberKey(shard, batch.destination, batch.startSequence)
    put('batch', key, encodeReceiptBatch(batch))
    for (const receipt of batch.receipts) {
      if (!isOrdered(receipt)) continue
      const place = encodeNumbers(batch.destination, receipt.sequence, header.height)
      put('origin', hashKey(shard, receipt.originTransaction), place)
    }
  }
  for (const { receipt, outcome: end } of outcome.consumed) {
    const key = numberKey(shard, receipt.source, receipt.sequence)
    put('arrival', key, encodeNumbers(header.height, end === 'applied' ? 1 : 0))
    if (receipt.kind === 'bounce') {
      put('refund', hashKey(shard, receipt.originTransaction), encodeNumbers(header.height))
    }
  }
}

/** Made by a transaction's word, and not in answer to a receipt, or by a shard that retires. */
export function isOrdered({ kind }: Pick<Receipt, 'kind'>): boolean {
  return kind === 'transfer' || kind === 'deposit' || kind === 'exit'
}
