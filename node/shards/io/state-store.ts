/**
 * The state store port: the flat records of one shard's finalized state and the head they belong to. Implementations:
 * `createMemoryStateStore` (tests, simulator; survives the executor) and `level-state-store.ts`.
 */
import { toHex } from '../../primitives/bytes.ts'
import type { FinalizedHead, StoreCommit, StoredState } from '../execution-machine.ts'
import type { StoredImport } from '../snapshot-import.ts'
import { UNDO_HEIGHTS_MAX, type UndoStep } from '../undo-log.ts'

export interface StateStore {
  /** Everything, or undefined when nothing was ever committed. */
  load(): Promise<StoredState | undefined>
  /** The snapshot that was being imported, if one was. */
  loadImport(): Promise<StoredImport | undefined>
  /** Atomic, and durable when the promise resolves. Writes of one key apply in order. */
  commit(commit: StoreCommit): Promise<void>
  close(): Promise<void>
}

/** The same in memory and at once, for executors that run inline. */
export type MemoryStateStore = {
  readonly load: () => StoredState | undefined
  readonly loadImport: () => StoredImport | undefined
  readonly commit: (commit: StoreCommit) => void
}

type Records = Map<string, { readonly key: Uint8Array; readonly value: Uint8Array }>

export function createMemoryStateStore(): MemoryStateStore {
  let records: Records = new Map()
  let head: FinalizedHead | undefined
  let imported: Omit<StoredImport, 'records'> | undefined
  let staged: Records = new Map()
  const undo = new Map<number, UndoStep>()

  function commit(one: StoreCommit): void {
    switch (one.kind) {
      case 'blocks':
        put(records, one.writes)
        head = one.head
        for (const step of one.undo ?? []) undo.set(step.height, step)
        for (const height of undo.keys()) {
          if (height <= one.head.height - UNDO_HEIGHTS_MAX) undo.delete(height)
        }
        return
      case 'begin-import':
        staged = new Map()
        imported = { header: one.header, progress: one.progress }
        return
      case 'import-chunk':
        put(staged, one.writes)
        imported = { header: one.header, progress: one.progress }
        return
      case 'finish-import':
        records = staged
        head = headOf(one)
        staged = new Map()
        imported = undefined
    }
  }

  return {
    load: () =>
      head === undefined
        ? undefined
        : { head, records: [...records.values()], undo: [...undo.values()] },
    loadImport: () => imported && { ...imported, records: [...staged.values()] },
    commit,
  }
}

function put(
  records: Records,
  writes: readonly { readonly key: Uint8Array; readonly value: Uint8Array | undefined }[],
): void {
  for (const { key, value } of writes) {
    if (value === undefined) records.delete(toHex(key))
    else records.set(toHex(key), { key, value })
  }
}

/** The head that an imported state belongs to. */
export function headOf({
  header,
  hash,
}: StoreCommit & { readonly kind: 'finish-import' }): FinalizedHead {
  return { height: header.height, hash, stateRoot: header.stateRoot, header }
}

export type StateStoreErrorCode = 'state-damaged' | 'state-unavailable'

/** The stored state cannot be used; the host removes it and replays finalized blocks from genesis. */
export class StateDamagedError extends Error {
  override readonly name = 'StateDamagedError'
  readonly code: StateStoreErrorCode = 'state-damaged'
}

/** The store could not be opened, read or written: a full disk, a lock held by another process. */
export class StateStoreError extends Error {
  override readonly name = 'StateStoreError'
  readonly code: StateStoreErrorCode = 'state-unavailable'
}
