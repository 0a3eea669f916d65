/**
 * What the execution machine of a shard holds, what it gives out to be stored, and the answers that several of its parts give.
 */
import type { ShardHeader } from '../crosslink/header.ts'
import type { Hash } from '../primitives/identifiers.ts'
import type { ExecutedBlock, ShardRules, StatePoint } from './block-execution.ts'
import { bufferedOf, cursorsOf, readChannels } from './channel-state.ts'
import type { ExecutionReject, ExecutionResponse } from './executor.ts'
import type { StateRecord } from './genesis-state.ts'
import type { KeptSnapshots } from './kept-snapshots.ts'
import { createKeptStates, type KeptStates } from './kept-states.ts'
import type { ImportCommit, SnapshotImport } from './snapshot-import.ts'
import { rootOf } from './state-tree.ts'
import type { PastStates, UndoStep } from './undo-log.ts'
import type { StateWrite } from './working-state.ts'

/** Finalized states readable by height, if together they are worth no more than FINALIZED_CHANGES_MAX. */
export const FINALIZED_STATES_MAX = 256
/** Changed records that kept states may add up to: each holds about 2.5 KiB of old nodes, so this is 160 MiB. */
const FINALIZED_CHANGES_MAX = 65_536

/** The finalized block that the stored records belong to; block 0 has no header. */
export type FinalizedHead = {
  readonly height: number
  readonly hash: Hash
  readonly stateRoot: Hash
  readonly header: ShardHeader | undefined
}

/** To be stored in one atomic batch. */
export type StateCommit = {
  readonly kind: 'blocks'
  /** In order: a later write of a key wins. An undefined value removes the record. */
  readonly writes: readonly Pick<StateWrite, 'key' | 'value'>[]
  readonly head: FinalizedHead
  /** One step per block that was added. Steps that lie UNDO_HEIGHTS_MAX below the head may go. */
  readonly undo?: readonly UndoStep[]
}

export type StoredState = {
  readonly head: FinalizedHead
  readonly records: readonly StateRecord[]
  /** In any order; there may be more than lead down from the head. */
  readonly undo?: readonly UndoStep[]
}

export type StoreCommit = StateCommit | ImportCommit

export type HandledRequest = {
  readonly response: ExecutionResponse
  /** To be durable before the response is given. */
  readonly commit?: StoreCommit
}

export type MachineState = {
  readonly rules: ShardRules
  head: StatePoint
  /** By hash, in the order of execution. */
  readonly executed: Map<string, ExecutedBlock>
  /** The head's own outcome, for hosts that ask again. */
  headBlock: ExecutedBlock | undefined
  finalized: KeptStates
  readonly snapshots: KeptSnapshots
  /** Below the state that was stored at the start; undefined once newer ones are kept. */
  past: PastStates | undefined
  importing: SnapshotImport | undefined
}

/** Kept states that begin at this one. */
export function keptFrom({ point, tree }: StatePoint): KeptStates {
  const finalized = createKeptStates({
    statesMax: FINALIZED_STATES_MAX,
    changesMax: FINALIZED_CHANGES_MAX,
  })
  finalized.add(point.height, { tree, changes: 0 })
  return finalized
}

export function statusOf({ head }: MachineState): ExecutionResponse {
  const channels = readChannels(head.tree, head.point.shardCount)
  return {
    kind: 'status',
    height: head.point.height,
    hash: head.point.hash,
    stateRoot: rootOf(head.tree),
    cursors: cursorsOf(channels),
    channels: channels.outgoing,
    buffered: bufferedOf(channels),
  }
}

export function refuse(code: ExecutionReject, detail: string): ExecutionResponse {
  return { kind: 'refused', code, detail }
}
