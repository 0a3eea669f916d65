/**
 * Messages between nodes, decoded. On the wire each is one envelope (network/envelope.ts: strict msgpack, version, kind,
 * chain, epoch) around canonical bytes. A message that does not decode is refused before any machine sees it.
 */
import type { ConsensusMessage } from '../consensus/message.ts'
import type { Accusation } from '../crosslink/accusation.ts'
import type { ForkProof } from '../crosslink/fork-proof.ts'
import type { Crosslink } from '../crosslink/crosslink.ts'
import type { ReceiptBatch } from '../crosslink/receipt.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'

/** Consensus traffic has a stream of its own, so that bulk never stands in front of a vote. */
export type ChannelName = 'consensus' | 'relay'

/** Where a chunk stands: the snapshot's shard and height, the stretch, and the path it begins at. */
export type ChunkPlace = {
  readonly shard: ChainNumber
  readonly height: number
  readonly stretch: number
  readonly from: Hash
}

export type NodeMessage =
  | {
      readonly kind: 'consensus'
      readonly chain: ChainNumber
      readonly epoch: number
      readonly message: ConsensusMessage
    }
  /** Signed Ethereum transactions for one shard, admitted by the sender; at most TRANSACTION_BATCH_MAX. */
  | {
      readonly kind: 'transactions'
      readonly shard: ChainNumber
      readonly raws: readonly Uint8Array[]
    }
  /** Batches of one channel, ascending: a hint until they fold to a crosslinked leaf (C.5). */
  | { readonly kind: 'receipts'; readonly batches: readonly ReceiptBatch[] }
  /** Asks a member of the source's committee for the batches of a channel from a sequence on. */
  | {
      readonly kind: 'get-receipts'
      readonly source: ChainNumber
      readonly destination: ChainNumber
      readonly fromSequence: number
    }
  /** Asks a member of a shard's committee for the next chunk of a stretch of a snapshot (S.4). */
  | ({ readonly kind: 'get-chunk' } & ChunkPlace)
  /** The answer; without a chunk: this member does not keep that snapshot. */
  | ({ readonly kind: 'chunk'; readonly chunk: Uint8Array | undefined } & ChunkPlace)
  /** A candidate for the next beacon block, from a member of the shard. */
  | { readonly kind: 'crosslink'; readonly crosslink: Crosslink }
  /** Two statements of one validator that contradict each other, for the next beacon block (B.6). */
  | { readonly kind: 'accusation'; readonly accusation: Accusation }
  /** Two certificates that exclude each other, for the next beacon block (B.12). */
  | { readonly kind: 'fork-proof'; readonly proof: ForkProof }
  /** Whoever sends it has the shard's state, and a seat there in this epoch, which has not begun (B.14). */
  | { readonly kind: 'ready'; readonly shard: ChainNumber; readonly epoch: number }
