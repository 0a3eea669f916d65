/**
 * Headers. A block's identity is two hashes deep on purpose: hash = H("blk", parentHash, height, bodyHash), so that the
 * beacon can follow a chain of blocks by 32 bytes each without seeing their headers (docs/protocol/crosslinks.md C.1, C.3).
 */
import type { ChainNumber, Hash, Seat } from '../primitives/identifiers.ts'

/** The finalized beacon block that a shard block leans on (C.2). */
export type Anchor = {
  readonly beaconHeight: number
  readonly beaconHash: Hash
}

export type ShardHeader = {
  readonly version: number
  readonly chain: ChainNumber
  readonly parentHash: Hash
  readonly height: number
  readonly epoch: number
  readonly view: number
  readonly proposerSeat: Seat
  readonly timestampMs: number
  readonly anchor: Anchor
  /** This block is the last of its epoch (B.5). */
  readonly sealing: boolean
  readonly transactionRoot: Hash
  readonly inboxRoot: Hash
  /** State after this block. */
  readonly stateRoot: Hash
  /** Merkle root over the leaves of all outgoing channels, index = destination chain, cumulative (C.4). */
  readonly outRoot: Hash
  /** Consumed sequence per source chain, index = source, 0..S (C.5). Index of the shard itself is 0. */
  readonly cursors: readonly number[]
  readonly resultsRoot: Hash
  readonly gasLimit: number
  readonly gasUsed: number
  /** Wei per gas (EIP-1559). */
  readonly baseFeePerGas: bigint
  /** Receipts committed to this shard but not consumed yet, at the anchor (C.6). */
  readonly inboxUnits: number
  /** Bytes of receipts waiting in this shard's outgoing buffers (C.6). */
  readonly outBytes: number
  /** H("contents", encoded body): whoever holds the header can tell the body's bytes from any others. */
  readonly contentsHash: Hash
}

export type BeaconHeader = {
  readonly version: number
  readonly parentHash: Hash
  readonly height: number
  readonly epoch: number
  readonly view: number
  readonly proposerSeat: Seat
  readonly timestampMs: number
  readonly sealing: boolean
  /** Root over the fixed fields of BeaconState after this block. */
  readonly stateRoot: Hash
  readonly contentsHash: Hash
  /** RANDAO mix after this block (B.2). */
  readonly mix: Hash
}
