/**
 * What an audit reads of a network, wherever it is kept: one shape for a running network (rpc-source.ts) and for the disks
 * of a stopped one (disk-source.ts). Everything here is a claim until the walk has checked it (walk.ts).
 */
import type { ShardHeader } from '../../node/crosslink/header.ts'
import type { ReceiptBatch } from '../../node/crosslink/receipt.ts'
import type { Hash } from '../../node/primitives/identifiers.ts'
import type { BlockOutcome, TransactionResult } from '../../node/shards/executor.ts'

/** A beacon block as it is stored or told. */
export type BeaconCopy = {
  readonly bytes: Uint8Array
  /** Encoded finalization of this very block, where it was finalized directly. */
  readonly certificate: Uint8Array | undefined
}

/** A shard block: its header, and what executing it is said to have done. */
export type ShardFacts = {
  readonly header: ShardHeader
  readonly transactions: readonly { readonly hash: Hash; readonly result: TransactionResult }[]
  /** In the order of execution. */
  readonly consumed: BlockOutcome['consumed']
  readonly sent: readonly ReceiptBatch[]
  readonly certificate: Uint8Array | undefined
}

/** Reads in height order. `undefined`: the source does not go so far, or nobody has a copy that can be read. */
export type AuditSource = {
  readonly beaconBlock: (height: number) => Promise<BeaconCopy | undefined>
  readonly shardBlock: (shard: number, height: number) => Promise<ShardFacts | undefined>
  /** Sentences about copies that are damaged or contradict each other, found since the last call. */
  readonly takeProblems: () => readonly string[]
}

/** How a sentence begins: every violation names its chain and height. */
export function placeName(chain: number, height: number): string {
  return chain === 0 ? `beacon, block ${height}` : `shard ${chain}, block ${height}`
}
