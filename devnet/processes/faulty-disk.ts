/**
 * A disk that is full or slow, around a node's two places of promises: the chain's database and the vote guard. Whatever
 * is written to a full disk fails as the real one fails, and the node must end itself; nothing was written then.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { StorageFatalError } from '../../node/storage/io/storage-error.ts'
import type { Store } from '../../node/storage/store.ts'
import type { VoteGuard } from '../../node/storage/vote-guard.ts'
import type { DiskMode } from '../faults/fault.ts'

export type FaultyDisk = {
  readonly store: (store: Store) => Store
  readonly guard: (guard: VoteGuard) => VoteGuard
  readonly set: (mode: DiskMode) => void
}

/** A busy rotating disk needs about that for one sync. */
const SLOW_SYNC_MS = 100

export function createFaultyDisk(): FaultyDisk {
  let mode: DiskMode = 'ok'

  function refuseWhenFull(path: string): void {
    if (mode !== 'full') return
    const cause = new Error('ENOSPC: no space left on device, write (ordered by the supervisor)')
    throw new StorageFatalError(path, Object.assign(cause, { code: 'ENOSPC' }))
  }

  async function lingerWhenSlow(): Promise<void> {
    if (mode === 'slow') await delay(SLOW_SYNC_MS)
  }

  return {
    store: (store) => ({
      get: (table, key) => store.get(table, key),
      entries: (range) => store.entries(range),
      close: () => store.close(),
      write: async (writes, options) => {
        refuseWhenFull('the chain database')
        await store.write(writes, options)
        if (options.sync) await lingerWhenSlow()
      },
    }),
    guard: (guard) => ({
      condition: () => guard.condition(),
      close: () => guard.close(),
      authorize: async (requests) => {
        refuseWhenFull('the vote guard')
        const verdicts = await guard.authorize(requests)
        await lingerWhenSlow()
        return verdicts
      },
    }),
    set: (next) => {
      mode = next
    },
  }
}
