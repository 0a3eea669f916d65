/**
 * What a hosted shard passes on once a block of it is final: its receipts to their destinations, and itself to the next
 * epoch.
 */
import { isLastBlock, type AnchorView } from '../crosslink/crosslink.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { ShardBlock } from '../shards/block.ts'
import type { BlockOutcome } from '../shards/executor.ts'
import type { Context } from './context.ts'

/** The proposer tells who holds the destination; whoever misses it pulls it (C.5). */
export function pushReceipts(
  context: Context,
  { holdersOf }: { readonly holdersOf: (shard: ChainNumber) => readonly number[] },
  outcome: BlockOutcome,
): void {
  for (const batch of outcome.sent) {
    const to = holdersOf(batch.destination)
    const message = { kind: 'receipts', batches: [batch] } as const
    if (to.length > 0) context.emit({ kind: 'send', to, channel: 'relay', message })
  }
}

type EpochWindow = {
  readonly headAnchor: () => AnchorView
  readonly epochAfter: (beaconHeight: number) => number
}

/** The epoch to which a sealing block leads (B.5); after the last block of a shard there is none (B.7). */
export function epochAfterSeal(
  { headAnchor, epochAfter }: EpochWindow,
  header: ShardBlock['header'],
): number {
  const record = headAnchor().shards[header.chain - 1]
  const isLast = record !== undefined && isLastBlock(record, header)
  return isLast ? Infinity : epochAfter(header.anchor.beaconHeight)
}
