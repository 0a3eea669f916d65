/**
 * The state store port: the flat records of one shard's finalized state and the head they belong to. Implementations:
 * `createMemoryStateStore` (tests, simulator; survives the executor) and `level-state-store.ts`.
 */
import { toHex } from '../../primitives/bytes.ts'
import type { StateCommit, StoredState } from '../execution.ts'

export interface StateStore {
  /** Everything, or undefined when nothing was ever committed. */
  load(): Promise<StoredState | undefined>
  /** Atomic, and durable when the promise resolves. Writes of one key apply in order. */
  commit(commit: StateCommit): Promise<void>
  close(): Promise<void>
}

/** The same in memory and at once, for executors that run inline. */
export type MemoryStateStore = {
  readonly load: () => StoredState | undefined
  readonly commit: (commit: StateCommit) => void
}

export function createMemoryStateStore(): MemoryStateStore {
  const records = new Map<string, { readonly key: Uint8Array; readonly value: Uint8Array }>()
  let head: StoredState['head'] | undefined
  return {
    load: () => (head === undefined ? undefined : { head, records: [...records.values()] }),
    commit: (commit) => {
      for (const { key, value } of commit.writes) {
        if (value === undefined) records.delete(toHex(key))
        else records.set(toHex(key), { key, value })
      }
      head = commit.head
    },
  }
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
