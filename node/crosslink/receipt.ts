/**
 * Receipts: what one chain owes another (docs/protocol/crosslinks.md C.4). A receipt is made by executing a transaction
 * or another receipt on its source chain and ends exactly once at its destination: applied, bounced with its value, or void.
 */
import type { Address, ChainNumber, Hash } from '../primitives/identifiers.ts'

/**
 * `transfer` moves value; `bounce` returns the value of a failed transfer to its sender's shard; `move` takes an account's
 * balance out of a shard that is retired (B.7). To the beacon: `deposit` brings stake, `exit` asks to leave; from it: `payout`
 * brings stake back (B.6).
 */
export type ReceiptKind = 'transfer' | 'bounce' | 'move' | 'deposit' | 'exit' | 'payout'

/** `void`: consumed without effect, because its source says that it sent less than its receipts are worth (C.5 (4)). */
export type ReceiptOutcome = 'applied' | 'bounced' | 'void'

export type Receipt = {
  readonly source: ChainNumber
  readonly destination: ChainNumber
  /** Position in the channel source -> destination, from 0, without gaps. Given when the receipt enters the channel. */
  readonly sequence: number
  readonly kind: ReceiptKind
  readonly from: Address
  readonly to: Address
  /** Wei, u256. */
  readonly amount: bigint
  /** Gas prepaid at the source for execution at the destination. */
  readonly gas: number
  readonly payload: Uint8Array
  /** Hash of the user's transaction this goes back to, on the chain where it was signed. Kept by bounces. */
  readonly originTransaction: Hash
}

/** The receipts that one block sends to one destination, in sequence (C.4). At most BATCH_RECEIPTS_MAX, BATCH_BYTES_MAX. */
export type ReceiptBatch = {
  readonly source: ChainNumber
  readonly destination: ChainNumber
  /** Height of the source block that sent it. */
  readonly height: number
  readonly startSequence: number
  readonly receipts: readonly Receipt[]
}

/** State of one outgoing channel: how much was ever sent and the hash chain over its batches. */
export type ChannelHead = {
  readonly nextSequence: number
  /** Wei ever sent, bounces included. Of a cursor: what was consumed of it, without void receipts. */
  readonly value: bigint
  readonly head: Hash
}

/**
 * What a shard block consumes from one source (C.5): the proof that the batches are what the source committed to. An item
 * without batches and digests consumes nothing: the channel is drained, or its source is passed over.
 */
export type InboxItem = {
  readonly source: ChainNumber
  /** The channel's leaf under the source's crosslinked outRoot at this block's anchor. */
  readonly leaf: ChannelHead
  /** Merkle branch from the leaf to outRoot, bottom up. */
  readonly branch: readonly Hash[]
  /** Batches consumed now, contiguous from the cursor. */
  readonly batches: readonly ReceiptBatch[]
  /** Digests of the batches between the last consumed one and the leaf, left for later blocks. */
  readonly tailDigests: readonly Hash[]
}
