/**
 * History: what a validator reads back from its own store, for its own replay and for peers.
 */
import { decodeAnchorView } from '../beacon/anchor-codec.ts'
import type { ChainBlock } from '../consensus/message.ts'
import { CERTIFICATE_BOUNDS, decodeCertificate } from '../crosslink/certificate-codec.ts'
import type { AnchorView } from '../crosslink/crosslink.ts'
import type { ReceiptBatch } from '../crosslink/receipt.ts'
import { decodeReceiptBatch } from '../crosslink/receipt-codec.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import { BATCH_BYTES_MAX, FRAME_BYTES_MAX, RANGE_BLOCKS_MAX } from '../primitives/limits.ts'
import type { Context } from './context.ts'
import type { FinalizedHeader } from './crosslink-relay.ts'
import { decodeOutcome } from './outcome.ts'
import { readFinalEntry } from './serve.ts'
import { decodeShardChainBlock, shardBlockOf } from './shard-block.ts'
import { blockKey, numberKey, numberRange, pointRange } from './table.ts'
import { RECEIPT_BATCHES_MAX } from './wire.ts'

/** Batches per answer: they must fit one frame whatever their size. */
const BATCHES_PER_ANSWER = Math.min(
  RECEIPT_BATCHES_MAX,
  Math.floor(FRAME_BYTES_MAX / BATCH_BYTES_MAX) - 1,
)

export function loadAnchor(
  context: Context,
  place: { readonly beaconHeight: number; readonly beaconHash: Hash },
  answer: (anchor: AnchorView | undefined) => void,
): void {
  const key = numberKey(BEACON_CHAIN, place.beaconHeight)
  context.load([pointRange('anchor', key)], ([entries]) => {
    const anchor = entries?.[0] && decodeAnchorView(entries[0].value)
    const found = anchor?.ok === true && equalBytes(anchor.value.beaconHash, place.beaconHash)
    answer(found ? anchor.value : undefined)
  })
}

/** Finalized blocks from a height upwards, at most RANGE_BLOCKS_MAX; empty at the end of the chain. */
export function loadFinalized(
  context: Context,
  shard: ChainNumber,
  fromHeight: number,
  answer: (blocks: readonly ChainBlock[]) => void,
): void {
  const range = numberRange('final', shard, fromHeight, fromHeight + RANGE_BLOCKS_MAX)
  context.load([range], ([entries]) => {
    const finals = (entries ?? []).map(readFinalEntry)
    const keys = finals.map(({ height, hash }) =>
      pointRange('block', blockKey(shard, height, hash)),
    )
    context.load(keys, (found) => {
      const blocks: ChainBlock[] = []
      for (const list of found) {
        const block = list[0] && decodeShardChainBlock(list[0].value)
        if (block?.ok !== true) break
        blocks.push(block.value)
      }
      answer(blocks)
    })
  })
}

/** Finalized blocks above the recorded height, with what a crosslink needs of them. */
export function loadBacklog(
  context: Context,
  shard: ChainNumber,
  recordedHeight: number,
  answer: (entries: readonly FinalizedHeader[]) => void,
): void {
  const from = recordedHeight + 1
  const to = from + RANGE_BLOCKS_MAX
  const ranges = [numberRange('final', shard, from, to), numberRange('outcome', shard, from, to)]
  context.load(ranges, ([finals, outcomes]) => {
    loadFinalized(context, shard, from, (blocks) => {
      const entries: FinalizedHeader[] = []
      for (const [index, block] of blocks.entries()) {
        const final = finals?.[index] && readFinalEntry(finals[index])
        const outcome = outcomes?.[index] && decodeOutcome(outcomes[index].value)
        if (final === undefined || outcome?.ok !== true) break
        const proof = final.certificate && decodeCertificate(final.certificate, CERTIFICATE_BOUNDS)
        const certificate = proof?.ok === true ? proof.value : undefined
        const { channels } = outcome.value
        const { header } = shardBlockOf(block)
        entries.push({ header, hash: block.hash, channels, certificate })
      }
      answer(entries)
    })
  })
}

/** Batches this node's shard sent, from a sequence on (C.5: whoever misses them pulls them). */
export function loadBatches(
  context: Context,
  channel: {
    readonly source: ChainNumber
    readonly destination: ChainNumber
    readonly fromSequence: number
  },
  answer: (batches: readonly ReceiptBatch[]) => void,
): void {
  const { source, destination, fromSequence } = channel
  const range = {
    table: 'batch',
    from: numberKey(source, destination, fromSequence),
    to: numberKey(source, destination + 1),
    countMax: BATCHES_PER_ANSWER,
  }
  context.load([range], ([entries]) => {
    const batches: ReceiptBatch[] = []
    for (const entry of entries ?? []) {
      const batch = decodeReceiptBatch(entry.value)
      if (batch.ok) batches.push(batch.value)
    }
    answer(batches)
  })
}
