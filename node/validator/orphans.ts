/**
 * Orphans: blocks that the old committee of a shard finalized and the beacon never recorded (docs/protocol/beacon.md B.8). When
 * the shard goes on from the recorded head they are taken back: out of the finalized chain and out of every index.
 *
 * Where receipts arrived is left to be overwritten: they are consumed again, each of them, in the same order (C.5).
 *
 * Bound: a shard makes no block at an anchor where it recovers, so there are no more than its blocks of two epochs.
 */
import { decodeReceiptBatch } from '../crosslink/receipt-codec.ts'
import { toHex } from '../primitives/bytes.ts'
import type { Address, ChainNumber } from '../primitives/identifiers.ts'
import type { StoreEntry } from '../storage/store.ts'
import type { Context } from './context.ts'
import type { BlockPlace } from './contract.ts'
import { decodeEpochStart } from './epoch-start.ts'
import { decodeOutcome } from './outcome.ts'
import { readFinalEntry } from './serve.ts'
import { decodeShardChainBlock, shardBlockOf } from './shard-block.ts'
import { isOrdered } from './shard-records.ts'
import { blockKey, chainKey, hashKey, numberKey, pointRange, type TableName } from './table.ts'

export type Orphans = {
  readonly count: number
  readonly newest: BlockPlace | undefined
  /** Raw transactions in the order of their blocks: their senders were told that they are in. */
  readonly transactions: readonly Uint8Array[]
  /** Of those transactions. */
  readonly senders: readonly Address[]
  /** To be deleted in one write with what takes their place. */
  readonly records: readonly { readonly table: TableName; readonly key: Uint8Array }[]
}

type Found = {
  /** By their text. */
  readonly senders: Map<string, Address>
  /** In the order of their heights. */
  readonly blocks: BlockPlace[]
  readonly records: { readonly table: TableName; readonly key: Uint8Array }[]
  /** Keys of the batches that they sent. */
  readonly batches: Uint8Array[]
}

/** What stands above this height. */
export function loadOrphans(
  context: Context,
  shard: ChainNumber,
  height: number,
  answer: (orphans: Orphans) => void,
): void {
  const above = (table: TableName) => {
    return { table, from: numberKey(shard, height + 1), to: chainKey(shard + 1) }
  }
  const epochs = { table: 'epoch', from: chainKey(shard), to: chainKey(shard + 1) }
  context.load([above('final'), above('outcome'), epochs], ([finals, outcomes, starts]) => {
    const found: Found = { senders: new Map(), blocks: [], records: [], batches: [] }
    for (const entry of finals ?? []) findBlock(found, shard, entry)
    for (const entry of outcomes ?? []) findOutcome(found, shard, entry)
    for (const { key, value } of starts ?? []) {
      if (decodeEpochStart(value).block.height > height) found.records.push({ table: 'epoch', key })
    }
    loadBodies(context, shard, found, answer)
  })
}

function findBlock({ blocks, records }: Found, shard: ChainNumber, entry: StoreEntry): void {
  const { height, hash } = readFinalEntry(entry)
  blocks.push({ height, hash })
  records.push(
    { table: 'final', key: entry.key },
    { table: 'block', key: blockKey(shard, height, hash) },
    { table: 'height', key: hashKey(shard, hash) },
  )
}

function findOutcome(
  { records, batches, senders }: Found,
  shard: ChainNumber,
  entry: StoreEntry,
): void {
  const { key, value } = entry
  records.push({ table: 'outcome', key })
  const outcome = decodeOutcome(value)
  if (!outcome.ok) return
  for (const { hash, sender } of outcome.value.transactions) {
    records.push({ table: 'tx', key: hashKey(shard, hash) })
    senders.set(toHex(sender), sender)
  }
  for (const { destination, startSequence } of outcome.value.sent) {
    batches.push(numberKey(shard, destination, startSequence))
  }
}

function loadBodies(
  context: Context,
  shard: ChainNumber,
  { blocks, records, batches, senders }: Found,
  answer: (orphans: Orphans) => void,
): void {
  const bodies = blocks.map(({ height, hash }) =>
    pointRange('block', blockKey(shard, height, hash)),
  )
  const ranges = [...bodies, ...batches.map((key) => pointRange('batch', key))]
  context.load(ranges, (lists) => {
    const transactions: Uint8Array[] = []
    for (const [entry] of lists.slice(0, bodies.length)) {
      const block = entry && decodeShardChainBlock(entry.value)
      if (block?.ok === true) transactions.push(...shardBlockOf(block.value).body.transactions)
    }
    for (const [entry] of lists.slice(bodies.length)) {
      if (entry !== undefined) records.push(...batchRecords(shard, entry))
    }
    const newest = blocks.at(-1)
    answer({ count: blocks.length, newest, transactions, senders: [...senders.values()], records })
  })
}

/** A batch of another shape may begin at the same sequence later, so the old one must not be served any more (C.5). */
function batchRecords(shard: ChainNumber, { key, value }: StoreEntry): Orphans['records'] {
  const batch = decodeReceiptBatch(value)
  const origins = batch.ok ? batch.value.receipts.filter(isOrdered) : []
  return [
    { table: 'batch', key },
    ...origins.map(({ originTransaction }) => {
      return { table: 'origin', key: hashKey(shard, originTransaction) } as const
    }),
  ]
}
