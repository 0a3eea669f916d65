/**
 * Filters: what `eth_newBlockFilter` and its siblings left behind, to be asked for changes. State of one server, bounded:
 * when there is no room the filter asked about longest ago goes, and each keeps only the newest changes.
 */
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { HeadEvent } from './backend.ts'
import { formatData } from './hexadecimal.ts'

/** Filters of one server: ten per connection at a hundred busy clients. */
const FILTERS_MAX = 1_000
/** Changes kept per filter; who asks more rarely loses the oldest. */
const CHANGES_MAX = 1_024
/** geth's time after which a filter nobody asks about is gone. */
const IDLE_MS = 300_000

type FilterKind = 'blocks' | 'pending-transactions' | 'logs'

type Filter = {
  readonly shard: ChainNumber
  readonly kind: FilterKind
  changes: string[]
  askedAt: number
}

export type FilterStore = {
  /** The new filter's id. */
  readonly create: (shard: ChainNumber, kind: FilterKind, now: number) => string
  /** What happened since the last time; undefined for a filter that is not (or no longer) there. */
  readonly changes: (id: string, now: number) => readonly string[] | undefined
  readonly kindOf: (id: string) => FilterKind | undefined
  readonly remove: (id: string) => boolean
  readonly note: (event: HeadEvent) => void
}

/** `nextId` gives ids that cannot be guessed, so that clients do not take each other's changes. */
export function createFilterStore(nextId: () => string): FilterStore {
  // Insertion order is the order of last questions: every question moves its filter to the end.
  const filters = new Map<string, Filter>()

  function expire(now: number): void {
    for (const [id, filter] of filters) {
      const isOld = now - filter.askedAt > IDLE_MS
      if (!isOld && filters.size <= FILTERS_MAX) return
      filters.delete(id)
    }
  }

  return {
    create: (shard, kind, now) => {
      const id = nextId()
      filters.set(id, { shard, kind, changes: [], askedAt: now })
      expire(now)
      return id
    },
    changes: (id, now) => {
      expire(now)
      const filter = filters.get(id)
      if (filter === undefined) return undefined
      filters.delete(id)
      filters.set(id, filter)
      filter.askedAt = now
      const { changes } = filter
      filter.changes = []
      return changes
    },
    kindOf: (id) => filters.get(id)?.kind,
    remove: (id) => filters.delete(id),
    note: (event) => {
      if (event.kind === 'beacon' || event.kind === 'shard-left') return
      const kind: FilterKind = event.kind === 'block' ? 'blocks' : 'pending-transactions'
      const hash = formatData(event.kind === 'block' ? event.block.hash : event.hash)
      for (const filter of filters.values()) {
        if (filter.kind !== kind || filter.shard !== event.shard) continue
        filter.changes.push(hash)
        if (filter.changes.length > CHANGES_MAX) filter.changes.shift()
      }
    },
  }
}
