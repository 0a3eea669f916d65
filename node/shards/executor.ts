/**
 * The executor port: everything the rest of the node asks of one shard's state. One executor owns one shard's state and
 * its tables; requests run one at a time, in the order they were given.
 *
 * The same pure code stands behind every implementation: `io/inline.ts` (tests, simulator) and `io/pool.ts` with
 * `io/worker.ts` (piscina). Requests and answers are plain data that survive structuredClone.
 *
 * Blocks are kept per hash from execution until they are finalized or abandoned, so that a leader may build on a
 * notarized block. An executor that has lost such a block (a worker died) answers `unknown-parent`; the host feeds it again.
 */
import type { AnchorView } from '../crosslink/crosslink.ts'
import type { ShardHeader } from '../crosslink/header.ts'
import type {
  ChannelHead,
  InboxItem,
  Receipt,
  ReceiptBatch,
  ReceiptOutcome,
} from '../crosslink/receipt.ts'
import type { Address, ChainNumber, Hash, Seat } from '../primitives/identifiers.ts'

/** Constants of one shard for its life. */
export type ShardConfig = {
  readonly shard: ChainNumber
  /** When the shard was opened, itself included; later ones are known from the anchor (layout.ts). */
  readonly shardCount: number
  /** Beacon height from which on the shard is in the layout, and the epoch that began there; 0 if absent: since genesis (B.7). */
  readonly openedHeight?: number
  readonly openedEpoch?: number
  /** Of the layout: shards that are retiring or retired (B.7); none if absent. */
  readonly closed?: readonly ChainNumber[]
  /** Ethereum chain id: network base + shard. */
  readonly chainId: number
  readonly chainIdBase: number
  readonly genesisHash: Hash
  /** Hash of this shard's block 0, the parent of its first block (beacon genesis). */
  readonly genesisBlockHash: Hash
  readonly gasLimit: number
  /** Wei per gas of the genesis block. */
  readonly initialBaseFee: bigint
  readonly genesisTimestampMs: number
  /** Funded at genesis, sorted by address. */
  readonly allocations: readonly { readonly address: Address; readonly balance: bigint }[]
  /** Absent: the allocations are all there is. Otherwise there are none, and the accounts stand in a file. */
  readonly accounts?: GenesisAccounts
}

/** The accounts of a shard at genesis, named by what the network's name commits to: only who makes the state reads them. */
export type GenesisAccounts = {
  readonly stateRoot: Hash
  /** Wei: all of them together. */
  readonly supply: bigint
  readonly file: string
}

/** A transaction whose signature has been checked: the raw bytes and what was recovered. */
export type CheckedTransaction = {
  readonly raw: Uint8Array
  readonly hash: Hash
  readonly sender: Address
}

export type BuildRequest = {
  readonly kind: 'build'
  readonly parentHash: Hash
  readonly epoch: number
  readonly view: number
  readonly seat: Seat
  /** Gets the tips. */
  readonly beneficiary: Address
  readonly timestampMs: number
  readonly anchor: AnchorView
  readonly sealing: boolean
  /** In the order to try; those that no longer fit are skipped and named in the answer. */
  readonly transactions: readonly CheckedTransaction[]
  /**
   * One item per source shard (also a quiet one: leaf and branch alone prove that it sent nothing new), holding everything
   * available at the anchor above the parent's cursor; a tail of digests only beyond what any block can consume. In any
   * order. The executor cuts to the budget and drops what the block does not need (C.5).
   */
  readonly inbox: readonly InboxItem[]
}

export type VerifyRequest = {
  readonly kind: 'verify'
  /** Encoded header and body. */
  readonly block: Uint8Array
  readonly beneficiary: Address
  /** The node's own view of the beacon at the block's anchor. */
  readonly anchor: AnchorView
  /** Sender of each transaction of the body, in order, 20 bytes each, from checked signatures. */
  readonly senders: Uint8Array
}

export type FinalizeRequest = { readonly kind: 'finalize'; readonly hash: Hash }

/** Which state to read: a block hash still held, or a finalized height still kept. */
export type StateSelector =
  | { readonly kind: 'finalized' }
  /** The newest executed descendant of the finalized block. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'height'; readonly height: number }

type ReadRequest =
  | {
      readonly kind: 'accounts'
      readonly at: StateSelector
      readonly addresses: readonly Address[]
    }
  | { readonly kind: 'supply'; readonly at: StateSelector }
  | { readonly kind: 'status' }

/** Where each stretch of a snapshot goes on (snapshot-proof.ts); undefined: it is complete. */
export type ImportProgress = readonly (Hash | undefined)[]

/** State sync (docs/protocol/state-sync.md): handing out a snapshot, and taking one in. */
export type SnapshotRequest =
  /** The state at this height is kept as a snapshot, now or when it is finalized (S.6). */
  | { readonly kind: 'keep-snapshot'; readonly height: number }
  /** The next chunk of a range of paths of a snapshot. */
  | {
      readonly kind: 'cut-chunk'
      readonly height: number
      readonly stretch: number
      readonly from: Hash
    }
  /**
   * Begins to import the state after this block, or goes on with it. The caller has the header from the beacon. Answered as
   * `status` when the state is that one already.
   */
  | { readonly kind: 'begin-import'; readonly header: ShardHeader }
  /** A chunk from a stranger, for the stretch of this number, which stands at `from`. */
  | {
      readonly kind: 'import-chunk'
      readonly stretch: number
      readonly from: Hash
      readonly chunk: Uint8Array
    }
  /** Everything is there: the imported state takes the place of the old one. Answered as `status`. */
  | { readonly kind: 'finish-import' }

/**
 * B.8: back to the final block of this header, or to genesis: without one, or where its state is not held any more. Answered
 * as `status`, which says where the state stands now.
 */
export type RewindRequest = { readonly kind: 'rewind'; readonly header: ShardHeader | undefined }

export type ExecutionRequest =
  | RewindRequest
  | BuildRequest
  | VerifyRequest
  | FinalizeRequest
  | ReadRequest
  | SnapshotRequest

/** Ethereum's receipt of one transaction, without logs (native transfers and gateway calls emit none yet). */
export type TransactionResult = {
  readonly status: 0 | 1
  readonly gasUsed: number
  /** Receipt this transaction made, if any: destination and its sequence in that channel (known before it is sent). */
  readonly sent: { readonly destination: ChainNumber; readonly index: number } | undefined
}

export type AccountView = {
  readonly address: Address
  readonly nonce: number
  readonly balance: bigint
}

/** What executing a block did, for mempool, RPC and channels. */
export type BlockOutcome = {
  readonly hash: Hash
  readonly header: ShardHeader
  readonly transactionHashes: readonly Hash[]
  readonly results: readonly TransactionResult[]
  /** Receipts consumed from all sources, in execution order, with what became of them. */
  readonly consumed: readonly {
    readonly receipt: Receipt
    readonly outcome: ReceiptOutcome
  }[]
  /** Batches sent, at most one per destination. */
  readonly sent: readonly ReceiptBatch[]
  /** Channel state after the block, index = destination 0..S. */
  readonly channels: readonly ChannelHead[]
  /** Consumed position of every incoming channel after the block, index = source 0..S. */
  readonly cursors: readonly ChannelHead[]
  /** Receipts waiting in outgoing buffers after the block, index = destination 0..S. */
  readonly buffered: readonly number[]
  /** Accounts changed by this block, after it. */
  readonly changed: readonly AccountView[]
}

export type SupplyView = {
  readonly height: number
  readonly balances: bigint
  /** Value of receipts waiting in outgoing buffers (in state, not yet in a channel). */
  readonly buffered: bigint
  /** Base fees burnt since genesis. */
  readonly burnt: bigint
  readonly genesis: bigint
}

export type ExecutionReject =
  | 'unknown-parent'
  | 'unknown-state'
  | 'malformed'
  | 'invalid-block'
  | 'invalid-chunk'
  /** No import is under way, or it is not complete. */
  | 'incomplete'
  | 'unavailable'

export type ExecutionResponse =
  | {
      readonly kind: 'built'
      readonly block: Uint8Array
      readonly outcome: BlockOutcome
      /** Candidates that can never be included on this parent (nonce too low, cannot pay), by hash. */
      readonly invalid: readonly Hash[]
    }
  | { readonly kind: 'verified'; readonly outcome: BlockOutcome }
  | { readonly kind: 'finalized'; readonly height: number; readonly hash: Hash }
  | {
      readonly kind: 'accounts'
      readonly height: number
      readonly accounts: readonly AccountView[]
    }
  | { readonly kind: 'supply'; readonly supply: SupplyView }
  /** Where the stored state stands: the node replays finalized blocks above it after a restart. */
  | {
      readonly kind: 'status'
      readonly height: number
      readonly hash: Hash
      readonly stateRoot: Hash
      readonly cursors: readonly ChannelHead[]
      readonly channels: readonly ChannelHead[]
      readonly buffered: readonly number[]
    }
  | { readonly kind: 'snapshots'; readonly heights: readonly number[] }
  | { readonly kind: 'chunk'; readonly chunk: Uint8Array }
  | { readonly kind: 'importing'; readonly progress: ImportProgress }
  | { readonly kind: 'refused'; readonly code: ExecutionReject; readonly detail: string }

/** Runs requests of one shard in order. Rejects (throws) only when the world fails; bad blocks are `refused` answers. */
export interface Executor {
  run(request: ExecutionRequest): Promise<ExecutionResponse>
  close(): Promise<void>
}
