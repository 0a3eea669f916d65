/**
 * The simulated disk of one node: logs and tables with a volatile image (what the process reads) and a durable one (what
 * a crash leaves). `sync` makes everything written before it durable; a crash keeps none, a prefix or a random subset of
 * what was written since.
 *
 * A log knows its own sequence numbers and is cut at the first hole when it is read back after a crash: a record behind
 * a lost one is never trusted (docs/protocol A.10.4).
 */
import { surviving } from '../../node/storage/io/faulty.ts'
import { assert } from '../../node/primitives/assert.ts'
import type { Prng } from '../../node/primitives/prng.ts'

/** What a crash leaves of the unsynced writes. */
export type Retention = 'none' | 'prefix' | 'subset'

type SimulatedLog<Value> = {
  readonly append: (value: Value) => void
  /** All values, oldest first. */
  readonly values: () => readonly Value[]
  /** Drops everything from this index on, durably; for recovery only. */
  readonly truncate: (count: number) => void
}

type SimulatedTable<Value> = {
  readonly put: (key: string, value: Value) => void
  readonly get: (key: string) => Value | undefined
  /** In order of first writing. */
  readonly values: () => Iterable<Value>
}

export type SimulatedDisk = {
  readonly log: <Value>() => SimulatedLog<Value>
  readonly table: <Value>() => SimulatedTable<Value>
  /** True while something is written and not synced. */
  readonly isDirty: () => boolean
  readonly sync: () => void
  readonly crash: (retention: Retention, dice: Prng) => void
}

export type DiskOptions = {
  /** False models a disk, or a caller, that says "synced" and lies. Planted faults only. */
  readonly honoursSync: boolean
}

type Part = { readonly restore: () => void }

export function createDisk(options: DiskOptions): SimulatedDisk {
  /** Unsynced writes in order, each able to apply itself to the durable image. */
  let pending: (() => void)[] = []
  let claimedClean = true
  const parts: Part[] = []

  function write(applyDurably: () => void): void {
    pending.push(applyDurably)
    claimedClean = false
  }

  return {
    log: <Value>() => {
      const { part, log } = createLog<Value>(write)
      parts.push(part)
      return log
    },
    table: <Value>() => {
      const { part, table } = createTable<Value>(write)
      parts.push(part)
      return table
    },
    isDirty: () => !claimedClean,
    sync: () => {
      claimedClean = true
      if (!options.honoursSync) return
      for (const applyDurably of pending) applyDurably()
      pending = []
    },
    crash: (retention, dice) => {
      for (const applyDurably of surviving(pending, retention, dice)) applyDurably()
      pending = []
      claimedClean = true
      for (const part of parts) part.restore()
    },
  }
}

function createLog<Value>(write: (applyDurably: () => void) => void): {
  readonly part: Part
  readonly log: SimulatedLog<Value>
} {
  let volatile: Value[] = []
  /** Slots by sequence number; a missing slot is a hole. */
  let durable = new Map<number, Value>()

  function restore(): void {
    volatile = []
    for (let sequence = 0; durable.has(sequence); sequence++) {
      volatile.push(durable.get(sequence) as Value)
    }
    durable = new Map(volatile.entries())
  }

  const log: SimulatedLog<Value> = {
    append: (value) => {
      const sequence = volatile.length
      volatile.push(value)
      write(() => durable.set(sequence, value))
    },
    values: () => volatile,
    truncate: (count) => {
      assert(count <= volatile.length, 'a log is cut within its length')
      volatile = volatile.slice(0, count)
      durable = new Map(volatile.entries())
    },
  }
  return { part: { restore }, log }
}

function createTable<Value>(write: (applyDurably: () => void) => void): {
  readonly part: Part
  readonly table: SimulatedTable<Value>
} {
  let volatile = new Map<string, Value>()
  const durable = new Map<string, Value>()
  const table: SimulatedTable<Value> = {
    put: (key, value) => {
      volatile.set(key, value)
      write(() => durable.set(key, value))
    },
    get: (key) => volatile.get(key),
    values: () => volatile.values(),
  }
  return { part: { restore: () => (volatile = new Map(durable)) }, table }
}
