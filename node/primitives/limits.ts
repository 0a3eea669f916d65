/**
 * Limits: every queue, message and loop over foreign data is bounded by a name in this file, with its reason.
 * Relations between limits are asserted here, where they are defined.
 */
import { assert } from './assert.ts'

/** Seats in one committee. BLS bitmaps, beacon state and one libp2p full mesh stay small up to here. */
export const COMMITTEE_SEATS_MAX = 128
/** Shards of one network. Headers carry one cursor per chain (8 bytes each). */
export const SHARDS_MAX = 64
/** An encoded block, header and body. One gossip or stream frame carries it whole. */
export const BLOCK_BYTES_MAX = 1024 * 1024
/** One Ethereum transaction as received. geth's pool takes 128 KiB; native transfers need 120 bytes. */
export const TRANSACTION_BYTES_MAX = 32 * 1024
/** Transactions in one block; bounds the loop over foreign lists, the gas limit bounds it further. */
export const BLOCK_TRANSACTIONS_MAX = 8192
/** Payload of one receipt (protocol C.6). */
export const RECEIPT_PAYLOAD_BYTES_MAX = 16 * 1024
/** Receipts in one batch, and bytes of one batch (protocol C.6). */
export const BATCH_RECEIPTS_MAX = 1024
export const BATCH_BYTES_MAX = 128 * 1024
/** Inbound receipt bytes per block over all sources (protocol C.6). */
export const INBOX_BYTES_PER_BLOCK_MAX = 512 * 1024
/** Blocks that one crosslink may cover (protocol C.3). */
export const CROSSLINK_SPAN_MAX = 64
/** Beacon block hashes kept in the state: the ring an anchor must be found in (protocol B.1). */
export const BEACON_HASH_RING = 256
/** Beacon blocks an anchor may lag behind the follower's own finalized height (protocol C.2). */
export const ANCHOR_LAG_MAX = 8
/** Certificates in one proposal's justification (protocol A.3). */
export const JUSTIFICATION_MAX = 32
/** Views ahead of the current one for which votes and proposals are buffered (protocol A.4). */
export const VIEW_WINDOW = 4
/** Rounds kept behind the last finalized view (protocol A.4). */
export const ROUNDS_RETAINED = 64
/** Blocks in one answer to a range request. */
export const RANGE_BLOCKS_MAX = 64
/** One network frame: a block with its envelope, or a full range answer cut to this size. */
export const FRAME_BYTES_MAX = BLOCK_BYTES_MAX + 64 * 1024

assert(
  INBOX_BYTES_PER_BLOCK_MAX < BLOCK_BYTES_MAX,
  'a full inbox leaves room for local transactions',
)
assert(BATCH_BYTES_MAX <= INBOX_BYTES_PER_BLOCK_MAX, 'any batch fits an empty inbox')
assert(RECEIPT_PAYLOAD_BYTES_MAX < BATCH_BYTES_MAX, 'any receipt fits a batch')
assert(ANCHOR_LAG_MAX < BEACON_HASH_RING, 'an acceptable anchor is in the ring')
