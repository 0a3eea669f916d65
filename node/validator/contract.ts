/**
 * What goes into a validator and what comes out. The validator (validator.ts) is the whole node as one pure machine: the
 * beacon's engine, the engines of the shards it hosts, mempools, inboxes, crosslinks. The runtime (over libp2p, level and
 * worker threads) and the simulator (in virtual time) drive the same machine through this contract.
 *
 * The order of effects is the durability contract: all `write`s of one turn, and of earlier turns, are on disk before any
 * later `sign`, `send`, `reply` or `publish` is performed (docs/protocol/consensus.md A.5, A.10).
 */
import type { BeaconState } from '../beacon/state.ts'
import type { ShardChange } from '../beacon/shard-change.ts'
import type { EngineFact, Evidence, ForkEvidence } from '../consensus/engine-contract.ts'
import type { UnsignedVote, Vote } from '../consensus/vote.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import type { KeyUse } from '../primitives/key-use.ts'
import type { Result } from '../primitives/result.ts'
import type {
  BlockOutcome,
  CheckedTransaction,
  ExecutionRequest,
  ExecutionResponse,
  ShardConfig,
} from '../shards/executor.ts'
import type { StoreEntry, StoreRange, StoreWrite } from '../storage/store.ts'
import type { MempoolRejectCode } from '../shards/mempool-admission.ts'
import type { EpochStart } from './epoch-start.ts'
import type { ChannelName, NodeMessage } from './message.ts'

/** One signature question, in bytes: the crypto worker knows keys and messages, not votes. */
export type SignatureQuestion = {
  readonly publicKeys: readonly Uint8Array[]
  readonly message: Uint8Array
  readonly signatures: readonly Uint8Array[]
  /**
   * `single`: one key, one signature; `aggregate`: one given aggregate of all keys; `aggregate-now`: aggregate the given
   * signatures, check once, answer with the aggregate.
   */
  readonly mode: 'single' | 'aggregate' | 'aggregate-now'
}

export type SignatureAnswer = { readonly ok: boolean; readonly aggregate?: Uint8Array }

/** A read of the node's own store; a range, answered in key order. */
export type LoadRequest = readonly StoreRange[]
export type LoadAnswer = readonly (readonly StoreEntry[])[]

/** What the disk held of one chain when the node started. */
export type ChainRestore = {
  readonly chain: ChainNumber
  /** How the epoch began that the node was in; undefined in epoch 0. */
  readonly epochStart: EpochStart | undefined
  /** Of that epoch. */
  readonly journal: readonly StoreEntry[]
  /** Encoded blocks at and above the finalized height. */
  readonly blocks: readonly Uint8Array[]
  /** Finalized head; undefined before the first finalization. */
  readonly head: { readonly height: number; readonly hash: Hash } | undefined
}

export type NodeRestore = {
  readonly chains: readonly ChainRestore[]
  /** Encoded beacon state at the finalized beacon head; undefined at genesis. */
  readonly beaconState: Uint8Array | undefined
  /** Encoded anchor views of recent beacon heights, ascending. */
  readonly anchors: readonly Uint8Array[]
  /** Encoded channel leaves of the last crosslink of each source. */
  readonly channels: readonly StoreEntry[]
  /** Encoded snapshot points of each shard. */
  readonly snapshots: readonly StoreEntry[]
}

export type ValidatorEvent =
  | { readonly kind: 'start'; readonly restore: NodeRestore }
  | { readonly kind: 'tick' }
  | {
      readonly kind: 'message'
      readonly peer: string
      /** The validator this peer has proven to be, by index in the registry. */
      readonly validator: number | undefined
      readonly message: NodeMessage
      /** Came by gossip: whoever made it, many saw it. */
      readonly gossip: boolean
    }
  | { readonly kind: 'validator-connected'; readonly validator: number }
  /** The last connection to its node was lost; not where this node ended it on purpose (R17). */
  | { readonly kind: 'validator-away'; readonly validator: number }
  /** undefined: the executor failed (worker death); the request may or may not have run. */
  | {
      readonly kind: 'executed'
      readonly job: number
      readonly response: ExecutionResponse | undefined
    }
  | { readonly kind: 'checked'; readonly job: number; readonly answers: readonly SignatureAnswer[] }
  | {
      readonly kind: 'recovered'
      readonly job: number
      readonly transactions: readonly (CheckedTransaction | undefined)[]
    }
  | { readonly kind: 'loaded'; readonly job: number; readonly answer: LoadAnswer }
  | {
      readonly kind: 'signed'
      readonly chain: ChainNumber
      readonly epoch: number
      readonly vote: Vote
    }
  | { readonly kind: 'revealed'; readonly job: number; readonly signature: Uint8Array }
  /** What this node's operator wants of the set of shards, from now on and until told otherwise (B.7). */
  | { readonly kind: 'support'; readonly changes: readonly ShardChange[] }
  /** The shard's executor runs, and this is what the disk holds of its chain (B.11). */
  | { readonly kind: 'opened'; readonly shard: ChainNumber; readonly restore: ChainRestore }
  | {
      readonly kind: 'submit'
      readonly request: number
      readonly shard: ChainNumber
      readonly raw: Uint8Array
    }

/**
 * Two clocks, both in milliseconds. `now` never steps: deadlines and pauses are counted in it. `wallMs` is the time of day, since
 * 1970: it may be wrong and may jump, and serves only to stamp blocks and to judge their stamps (R4). A clock set back by
 * an hour must not stop a node's timers for an hour.
 */
export type ValidatorInput = ValidatorEvent & { readonly now: number; readonly wallMs: number }

/** A shard's state is being fetched from its members (docs/protocol/state-sync.md). */
export type StateSyncFact = {
  readonly kind: 'state-sync'
  readonly shard: ChainNumber
  /** `liar`: a member's chunk did not verify. `refused`: nobody has it. `given-up`: the chain is replayed. */
  readonly phase: 'begun' | 'liar' | 'refused' | 'given-up' | 'done'
  /** Of the snapshot. */
  readonly height: number
  readonly peer?: number
  /** Of verified chunks. */
  readonly bytes?: number
}

export type ValidatorFact =
  | {
      readonly kind: 'engine'
      readonly chain: ChainNumber
      readonly epoch: number
      readonly fact: EngineFact
    }
  | { readonly kind: 'evidence'; readonly evidence: Evidence }
  /** More than f seats of a committee signed both (C.7). */
  | { readonly kind: 'fork'; readonly proof: ForkEvidence }
  | {
      readonly kind: 'finalized'
      readonly chain: ChainNumber
      readonly epoch: number
      readonly height: number
      readonly hash: Hash
    }
  | {
      readonly kind: 'refused-block'
      readonly chain: ChainNumber
      readonly code: string
      readonly detail: string
    }
  | { readonly kind: 'executor-failed'; readonly shard: ChainNumber }
  | StateSyncFact
  | { readonly kind: 'synchronized'; readonly chain: ChainNumber; readonly height: number }
  /** A final block is not valid here: this node signs nothing more for the chain (R8). */
  | {
      readonly kind: 'divergence'
      readonly chain: ChainNumber
      readonly height: number
      readonly detail: string
    }
  /** The chain's engine of this epoch has started, with this seat (B.4, B.5). */
  | {
      readonly kind: 'epoch'
      readonly chain: ChainNumber
      readonly epoch: number
      readonly seat: number
      /** The block from which it starts: the one that sealed the epoch before. */
      readonly height: number
      readonly hash: Hash
    }
  /** The beacon made the shard go on from this block; so many blocks that were final above it are taken back (B.8). */
  | {
      readonly kind: 'forced-handover'
      readonly shard: ChainNumber
      readonly epoch: number
      readonly height: number
      readonly hash: Hash
      readonly orphans: number
      /** The newest of them. */
      readonly from: BlockPlace | undefined
    }
  /** The connections to a validator were lost, or something was heard of it since (R17). */
  | { readonly kind: 'presence'; readonly validator: number; readonly isAway: boolean }
  /** This node began, or ceased, to host a shard (B.11). */
  | { readonly kind: 'hosting'; readonly shard: ChainNumber; readonly isHosted: boolean }
  /** The beacon recorded a chain that is not ours: this node signs nothing more for the shard in this epoch (C.7). */
  | { readonly kind: 'forked'; readonly shard: ChainNumber; readonly height: number }
  /** The node stands on the recorded branch: so many own blocks were taken back, so many others took their place (C.7). */
  | {
      readonly kind: 'reorganised'
      readonly shard: ChainNumber
      readonly epoch: number
      readonly height: number
      readonly hash: Hash
      readonly orphans: number
      /** The newest own block that was taken back. */
      readonly from: BlockPlace | undefined
      readonly taken: number
    }

/** A block by where it stands. */
export type BlockPlace = { readonly height: number; readonly hash: Hash }

export type ValidatorEffect =
  | { readonly kind: 'write'; readonly write: StoreWrite; readonly sync: boolean }
  /** Record in the vote guard, sign, answer `signed`; a refusal of the guard answers nothing. */
  | {
      readonly kind: 'sign'
      readonly chain: ChainNumber
      readonly epoch: number
      readonly vote: UnsignedVote
      readonly root: Hash
      /** Of a validator with two keys, the one that this committee votes with. */
      readonly use: KeyUse
    }
  /** Sign a RANDAO reveal (no vote: its root has a tag of its own), with the key whose signatures are unique (B.2). */
  | { readonly kind: 'reveal'; readonly job: number; readonly root: Hash }
  | {
      readonly kind: 'send'
      readonly to: readonly number[]
      readonly channel: ChannelName
      readonly message: NodeMessage
    }
  | {
      readonly kind: 'reply'
      readonly peer: string
      readonly channel: ChannelName
      readonly message: NodeMessage
    }
  | { readonly kind: 'publish'; readonly topic: string; readonly message: NodeMessage }
  | {
      readonly kind: 'execute'
      readonly shard: ChainNumber
      readonly job: number
      readonly request: ExecutionRequest
    }
  | {
      readonly kind: 'check'
      readonly job: number
      readonly questions: readonly SignatureQuestion[]
    }
  | { readonly kind: 'recover'; readonly job: number; readonly raws: readonly Uint8Array[] }
  | { readonly kind: 'load'; readonly job: number; readonly request: LoadRequest }
  | {
      readonly kind: 'submitted'
      readonly request: number
      readonly result: Result<Hash, MempoolRejectCode>
    }
  /** A shard block became final and its state is committed: for RPC subscribers. */
  | {
      readonly kind: 'shard-head'
      readonly shard: ChainNumber
      readonly outcome: BlockOutcome
    }
  | { readonly kind: 'pending-transaction'; readonly shard: ChainNumber; readonly hash: Hash }
  /** Start the shard's executor, read its chain from the disk, answer `opened`. */
  | { readonly kind: 'open-shard'; readonly config: ShardConfig }
  /** End the shard's executor; what is on disk stays there. Questions to it are answered undefined from then on. */
  | { readonly kind: 'close-shard'; readonly shard: ChainNumber }
  /** Listen to these topics and no others. */
  | { readonly kind: 'listen'; readonly topics: readonly string[] }
  /** The beacon's finalized head moved. */
  /** A beacon block is final: the state after it. */
  | { readonly kind: 'beacon-head'; readonly state: BeaconState }
  /** Replaces the earlier deadline; Infinity: none. */
  | { readonly kind: 'deadline'; readonly at: number }
  | { readonly kind: 'report'; readonly fact: ValidatorFact }
