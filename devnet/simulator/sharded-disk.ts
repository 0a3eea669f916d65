/**
 * The disk of one simulated node: the store, the states of its shards and the vote guard; what a crash leaves of it, and
 * how it fails.
 *
 * Invariants: a batch is atomic; a synced batch makes everything before it durable; a crash keeps of the batches since
 * then none, a prefix or a random subset, as LevelDB's log does. The states and the guard sync every write. The guard is
 * the node's own rule (node/storage/vote-guard.ts), in a file of its own that nothing here takes away.
 */
import { surviving } from '../../node/storage/io/faulty.ts'
import { genesisHash, type Genesis } from '../../node/beacon/genesis.ts'
import type { ChainNumber } from '../../node/primitives/identifiers.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import { createMemoryStateStore, type MemoryStateStore } from '../../node/shards/io/state-store.ts'
import type { StoreEntry, StoreRange, StoreWrite } from '../../node/storage/store.ts'
import {
  authorizeVotes,
  emptyGuardRecord,
  type VoteRequest,
  type VoteVerdict,
} from '../../node/storage/vote-guard.ts'
import type { DiskMode } from '../faults/fault.ts'
import type { Retention } from './disk.ts'
import { createDiskImage, type DiskImage, type RecordName } from './sharded-image.ts'

/** The disk did not do what it was asked: the process must end. */
export class DiskFailure extends Error {
  override readonly name = 'DiskFailure'
  readonly code: 'full' | 'unreadable' | 'damaged'
  constructor(code: DiskFailure['code']) {
    super(`the simulated disk is ${code}`)
    this.code = code
  }
}

export type NodeDisk = {
  mode: DiskMode
  /** The next read fails. */
  isUnreadable: boolean
  /** Atomic; throws DiskFailure on a full disk, and nothing of it is written. */
  readonly write: (writes: readonly StoreWrite[]) => void
  /** Everything written is durable. */
  readonly sync: () => void
  readonly read: (range: StoreRange) => readonly StoreEntry[]
  /** Synced at once. Throws DiskFailure on a full disk. */
  readonly authorize: (requests: readonly VoteRequest[]) => readonly VoteVerdict[]
  readonly state: (shard: ChainNumber) => MemoryStateStore
  readonly forgetState: (shard: ChainNumber) => void
  /** The power goes. */
  readonly crash: (retention: Retention, dice: Prng) => void
  /** One bit of so many stored records flips: reading one of them fails from now on. */
  readonly flip: (count: number, dice: Prng) => void
  /** So many stored records are gone, and nothing says so. */
  readonly lose: (count: number, dice: Prng) => void
  /** The operator's way out: store and states are removed, the guard stays. */
  readonly wipe: () => void
  /** Something was damaged since the last wipe. */
  readonly isDamaged: () => boolean
  /** Something was damaged or wiped, ever. */
  readonly wasDamaged: () => boolean
}

/** How to take one write back. */
type Undo = RecordName & { readonly before: Uint8Array | undefined }
/** A batch that is not durable yet. */
type Pending = { readonly writes: readonly StoreWrite[]; readonly undos: readonly Undo[] }

type Disk = {
  readonly image: DiskImage
  pending: Pending[]
  readonly damaged: Set<string>
  isDamaged: boolean
  wasDamaged: boolean
}

export function createNodeDisk(genesis: Genesis): NodeDisk {
  const self: Disk = {
    image: createDiskImage(),
    pending: [],
    damaged: new Set(),
    isDamaged: false,
    wasDamaged: false,
  }
  const states = new Map<ChainNumber, MemoryStateStore>()
  let guard = emptyGuardRecord(genesisHash(genesis))
  const assertRoom = (): void => {
    if (disk.mode === 'full') throw new DiskFailure('full')
  }
  const disk: NodeDisk = {
    mode: 'ok',
    isUnreadable: false,
    write: (writes) => {
      assertRoom()
      self.pending.push({ writes, undos: applyBatch(self.image, writes) })
    },
    sync: () => {
      self.pending = []
    },
    read: (range) => {
      if (disk.isUnreadable) {
        disk.isUnreadable = false
        throw new DiskFailure('unreadable')
      }
      return checked(self, range)
    },
    authorize: (requests) => {
      const ruling = authorizeVotes(guard, requests)
      if (ruling.record !== guard) assertRoom()
      guard = ruling.record
      return ruling.verdicts
    },
    state: (shard) => {
      const known = states.get(shard) ?? stateStore(assertRoom)
      states.set(shard, known)
      return known
    },
    forgetState: (shard) => void states.delete(shard),
    crash: (retention, dice) => crash(self, retention, dice),
    flip: (count, dice) => {
      damage(self)
      for (const name of drawRecords(self.image, count, dice)) self.damaged.add(textOf(name))
    },
    lose: (count, dice) => {
      damage(self)
      for (const name of drawRecords(self.image, count, dice)) self.image.put(name, undefined)
    },
    wipe: () => {
      self.image.clear()
      self.pending = []
      self.damaged.clear()
      self.isDamaged = false
      self.wasDamaged = true
      states.clear()
    },
    isDamaged: () => self.isDamaged,
    wasDamaged: () => self.wasDamaged,
  }
  return disk
}

function damage(self: Disk): void {
  self.isDamaged = true
  self.wasDamaged = true
}

function stateStore(assertRoom: () => void): MemoryStateStore {
  const { load, loadImport, commit } = createMemoryStateStore()
  return {
    load,
    loadImport,
    commit: (written) => {
      assertRoom()
      commit(written)
    },
  }
}

function applyBatch(image: DiskImage, writes: readonly StoreWrite[]): readonly Undo[] {
  return writes.map((write) => {
    const { table, key } = write
    const value = write.kind === 'put' ? write.value : undefined
    return { table, key, before: image.put(write, value) }
  })
}

function crash(self: Disk, retention: Retention, dice: Prng): void {
  const { image, pending } = self
  for (const { undos } of pending.toReversed()) {
    for (const undo of undos.toReversed()) image.put(undo, undo.before)
  }
  for (const { writes } of surviving(pending, retention, dice)) applyBatch(image, writes)
  self.pending = []
}

/** Seals are not computed here: a damaged record is known by name, and found when it is read, as its seal would find it. */
function checked({ image, damaged }: Disk, range: StoreRange): readonly StoreEntry[] {
  const entries = image.read(range)
  if (damaged.size === 0) return entries
  const { table } = range
  if (entries.some(({ key }) => damaged.has(textOf({ table, key }))))
    throw new DiskFailure('damaged')
  return entries
}

function drawRecords(image: DiskImage, count: number, dice: Prng): readonly RecordName[] {
  const names = image.names()
  if (names.length === 0) return []
  return Array.from({ length: count }, () => dice.pick(names))
}

function textOf({ table, key }: RecordName): string {
  return `${table}/${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')}`
}
