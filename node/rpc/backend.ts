/**
 * What the RPC server asks of the node behind it. The server turns JSON into these calls and their answers into JSON; it
 * knows no database, no consensus and no network. The runtime implements the two ports.
 */
import type { BeaconBlock } from '../beacon/block.ts'
import type { BeaconState } from '../beacon/state.ts'
import type { ShardRecord } from '../crosslink/crosslink.ts'
import type { ShardHeader } from '../crosslink/header.ts'
import type { ChannelHead, Receipt } from '../crosslink/receipt.ts'
import type { Address, ChainNumber, Hash } from '../primitives/identifiers.ts'
import type { MempoolRejectCode } from '../shards/mempool-admission.ts'
import type { Reject, Result } from '../primitives/result.ts'
import type {
  AccountView,
  BlockOutcome,
  SupplyView,
  TransactionResult,
} from '../shards/executor.ts'

/** How certain a block is; each level includes the ones before it. */
export type CertaintyLevel = 'notarized' | 'finalized' | 'crosslinked' | 'settled'

/** Ethereum's tags: pending = notarized and mempool, latest = finalized, safe = crosslinked, finalized = settled. */
export type BlockTag = 'earliest' | 'finalized' | 'safe' | 'latest' | 'pending'

export type BlockSelector =
  | { readonly kind: 'tag'; readonly tag: BlockTag }
  | { readonly kind: 'height'; readonly height: number }
  | { readonly kind: 'hash'; readonly hash: Hash }

export type BlockTransaction = {
  readonly hash: Hash
  readonly raw: Uint8Array
  readonly sender: Address
}

export type ShardBlockView = {
  readonly hash: Hash
  readonly header: ShardHeader
  readonly bytes: number
  readonly level: CertaintyLevel
  readonly transactions: readonly BlockTransaction[]
  /** One per transaction, in order. */
  readonly results: readonly TransactionResult[]
  /** Receipts from other chains that this block consumed, in order, with what became of them. */
  readonly consumed: BlockOutcome['consumed']
  readonly sent: BlockOutcome['sent']
  readonly beneficiary: Address
}

export type TransactionPlace =
  | { readonly kind: 'included'; readonly block: ShardBlockView; readonly index: number }
  | { readonly kind: 'pending'; readonly transaction: BlockTransaction }

/** Codes as geth words them, where geth has words; see error-code.ts. */
export type SubmitRejectCode = MempoolRejectCode

/** The whole life of a cross-shard message. Times are milliseconds since the Unix epoch; absent = not yet. */
export type MessageLife = {
  readonly receipt: Receipt
  readonly sentInHeight: number
  readonly sentInHash: Hash
  readonly level: CertaintyLevel
  readonly outcome: 'pending' | 'applied' | 'refunded' | 'refund-pending'
  /** Known when this node hosts the destination or learns it from the beacon's cursors. */
  readonly consumed: boolean
  /** Block of the sending shard in which the value came back; absent: it has not, or never will. */
  readonly refundedInHeight?: number
}

/** Where a receipt from another shard arrived. */
export type ReceiptArrival = {
  readonly block: ShardBlockView
  /** Of the receipt among what the block consumed. */
  readonly index: number
}

export interface ShardBackend {
  block(selector: BlockSelector): Promise<ShardBlockView | undefined>
  transaction(hash: Hash): Promise<TransactionPlace | undefined>
  /** For the tag `pending` the nonce is the one after the sender's transactions that wait in the mempool. */
  accounts(
    selector: BlockSelector,
    addresses: readonly Address[],
  ): Promise<readonly AccountView[] | undefined>
  submit(raw: Uint8Array): Promise<Result<Hash, SubmitRejectCode>>
  /** By the hash of the transaction that sent it. */
  message(originTransaction: Hash): Promise<MessageLife | undefined>
  supply(selector: BlockSelector): Promise<SupplyView | undefined>
  /** The receipt with this sequence in the channel from `source`; undefined until it arrives. */
  arrival(source: ChainNumber, sequence: number): Promise<ReceiptArrival | undefined>
  /** Outgoing channels after the finalized block of this height, index = destination 0..S. */
  channels(height: number): Promise<readonly ChannelHead[] | undefined>
  /** When this node admitted the transaction, by its own clock; undefined: it does not remember. */
  admittedAtMs(hash: Hash): number | undefined
}

export type NetworkView = {
  readonly clientVersion: string
  readonly networkName: string
  readonly chainIdBase: number
  readonly shardCount: number
  readonly genesisHash: Hash
  readonly blockIntervalMs: number
  readonly certificateScheme: string
  readonly gatewayAddress: Address
  /** Shards whose state this node holds now (it changes with epochs); others are answered by a member over the network. */
  readonly hostedShards: readonly ChainNumber[]
}

export type BeaconHeadView = {
  readonly epoch: number
  /** Newest finalized beacon block. */
  readonly height: number
  readonly hash: Hash
  readonly timestampMs: number
  readonly shards: readonly ShardRecord[]
  /** Wei at stake, and burnt of it. */
  readonly stake: bigint
  readonly burnt: bigint
  /** The beacon's ends of its channels with the shards (C.9), index = chain. */
  readonly incoming: readonly ChannelHead[]
  readonly outgoing: readonly ChannelHead[]
}

/** A finalized beacon block. */
export type BeaconBlockView = {
  readonly hash: Hash
  readonly block: BeaconBlock
  /** Encoded header and body. */
  readonly bytes: Uint8Array
  /** Encoded finalization, where this very block was finalized directly; descendants vouch for the others. */
  readonly certificate: Uint8Array | undefined
}

/** The crosslink that covers a shard block, and the finalized beacon block that carries it. */
export type CrosslinkPlace = {
  readonly beaconHeight: number
  readonly beaconHash: Hash
  readonly timestampMs: number
  /** First block that the crosslink covers. */
  readonly fromHeight: number
  readonly tipHeight: number
  readonly tipHash: Hash
}

/** Who validates, and who sits where: validator index per seat, by chain. */
export type RegistryView = Pick<
  BeaconState,
  'epoch' | 'height' | 'validators' | 'burnt' | 'committees'
> & {
  /** undefined: the network has one epoch. */
  readonly nextCommittees: BeaconState['committees'] | undefined
}

export type CommitteeView = {
  readonly chain: ChainNumber
  readonly epoch: number
  /** Validator index per seat. */
  readonly validators: readonly number[]
  readonly faultsTolerated: number
  readonly quorum: number
}

export type HealthView = {
  readonly ok: boolean
  readonly peers: number
  readonly chains: readonly {
    readonly chain: ChainNumber
    readonly height: number
    readonly view: number
    readonly seat: number
    readonly syncing: boolean
    /** How often this node took back finalized blocks since it started; 0 of the beacon, for ever. */
    readonly takenBack: number
  }[]
}

/** Finalized blocks of a shard that this node took back since it started: a fork (C.7), or a forced handover (B.8). */
export type TakenBackView = {
  /** How often, not how many blocks. */
  readonly count: number
  readonly last:
    | {
        /** By the machine's clock. */
        readonly atMs: number
        readonly because: 'fork' | 'forced-handover'
        /** In which the shard went on. */
        readonly epoch: number
        /** The own head before. */
        readonly from: { readonly height: number; readonly hash: Hash }
        /** The recorded block that the node went to. */
        readonly to: { readonly height: number; readonly hash: Hash }
        readonly orphans: number
      }
    | undefined
}

export type HeadEvent =
  | { readonly kind: 'block'; readonly shard: ChainNumber; readonly block: ShardBlockView }
  | { readonly kind: 'pending-transaction'; readonly shard: ChainNumber; readonly hash: Hash }
  | { readonly kind: 'beacon'; readonly head: BeaconHeadView }
  /** This node does not hold the shard any more: there will be no more news of it here. */
  | { readonly kind: 'shard-left'; readonly shard: ChainNumber }

export interface NetworkBackend {
  network(): NetworkView
  /** undefined when the shard does not exist; a remote shard refuses with undefined from every read it cannot forward. */
  shard(shard: ChainNumber): ShardBackend | undefined
  beacon(): { readonly head: BeaconHeadView; readonly committees: readonly CommitteeView[] }
  /** At the beacon's finalized head. */
  registry(): RegistryView
  /** A finalized beacon block; undefined when this node has none like it. */
  beaconBlock(selector: BlockSelector): Promise<BeaconBlockView | undefined>
  /** undefined until a finalized beacon block has recorded the shard block of this height. */
  crosslinkOf(shard: ChainNumber, height: number): Promise<CrosslinkPlace | undefined>
  health(): HealthView
  takenBack(shard: ChainNumber): TakenBackView
  /** Listener for new finalized heads and pending transactions; returns the function that unsubscribes. */
  subscribe(listener: (event: HeadEvent) => void): () => void
  /** Sends one JSON-RPC call (with id 1) on a shard this node does not host to a member; undefined when no member answers. */
  forward(shard: ChainNumber, request: string): Promise<string | undefined>
}

export type SubmitReject = Reject<SubmitRejectCode>
