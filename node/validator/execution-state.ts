/**
 * The state of a shard's execution, and what it asks of its surroundings (shard-execution.ts).
 */
import type { ChainBlock } from '../consensus/message.ts'
import type { ChannelHead } from '../crosslink/receipt.ts'
import { present } from '../primitives/assert.ts'
import type { Address, ChainNumber, Hash } from '../primitives/identifiers.ts'
import type { ShardBlock } from '../shards/block.ts'
import type { BlockOutcome } from '../shards/executor.ts'
import type { Context } from './context.ts'
import type { PendingBlock, PreparationSources } from './pending-block.ts'

/** A block, what executing it did, and the senders of its transactions (20 bytes each). */
export type CommittedBlock = {
  readonly block: ShardBlock
  readonly outcome: BlockOutcome
  readonly senders: Uint8Array
}

/** Where the committed state stands. */
export type CommittedTip = {
  readonly height: number
  readonly hash: Hash
  readonly cursors: readonly ChannelHead[]
  readonly channels: readonly ChannelHead[]
  readonly buffered: readonly number[]
}

export type ShardExecutionOptions = PreparationSources & {
  readonly shard: ChainNumber
  readonly beneficiaryOf: (block: ShardBlock) => Address | undefined
  readonly verified: (hash: Hash, valid: boolean) => void
  /** In height order, before the state is committed: what must be on disk once it is. */
  readonly committing: (committed: CommittedBlock) => void
  /** In height order, after the state is committed. */
  readonly committed: (block: ShardBlock, outcome: BlockOutcome, history: CommitHistory) => void
  /** Finalized blocks from the store, ascending from this height, at most RANGE_BLOCKS_MAX. */
  readonly loadFinalized: (
    fromHeight: number,
    answer: (blocks: readonly ChainBlock[]) => void,
  ) => void
  /** The executor was lost and is asked where it stands. */
  readonly failed: () => void
}

export type CommitHistory = {
  /** Read back from the store: not news to the network. */
  readonly replayed: boolean
  /** This process has told of it before. */
  readonly told: boolean
}

export type ExecutionState = {
  readonly context: Context
  readonly options: ShardExecutionOptions
  readonly pending: Map<string, PendingBlock>
  /** Final blocks that follow the committed tip. */
  queue: { readonly hash: Hash; readonly height: number; readonly replayed: boolean }[]
  /** Of the best final block known; what lies between the queue and it is in the store. */
  finalizedHeight: number
  /** Up to here this process has told of committed blocks. */
  toldHeight: number
  tip: CommittedTip | undefined
  mode: 'starting' | 'running' | 'recovering' | 'suspended' | 'diverged'
  /** Counts recoveries: answers to older questions are about a lost executor. */
  generation: number
  committing: boolean
  loading: boolean
  /** When to ask again what failed; Infinity: nothing did. */
  retryAt: number
  retry: () => void
  /** When the executor was last found to have lost something. */
  recoveredAt: number
  /** What is done as soon as the executor holds this block again; only the last wish counts. */
  awaited: { readonly hash: Hash; readonly act: () => void } | undefined
  /** The ways out of trouble (execution-recovery.ts). */
  readonly recover: () => void
  readonly refill: () => void
}

export function committedTip(self: ExecutionState): CommittedTip {
  return present(self.tip, 'the executor was asked for its status before it is used')
}
