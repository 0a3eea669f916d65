/**
 * What can go wrong with a disk, as errors with codes. The first sentence says what happened, the second what to do.
 */
import { toHex } from '../../primitives/bytes.ts'
import type { Hash } from '../../primitives/identifiers.ts'

type StorageErrorCode =
  | 'STORE_LOCKED'
  | 'STORE_UNREADABLE'
  | 'STORE_CORRUPTION'
  | 'STORAGE_FATAL'
  | 'VOTE_GUARD_MISSING'
  | 'VOTE_GUARD_DAMAGED'
  | 'DIRECTORY_LOCKED'
  | 'NETWORK_MISMATCH'

class StorageError extends Error {
  override readonly name: string = 'StorageError'
  readonly code: StorageErrorCode

  constructor(code: StorageErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** Another process has the database open. */
export class StoreLockedError extends StorageError {
  override readonly name = 'StoreLockedError'

  constructor(directory: string, cause: unknown) {
    super(
      'STORE_LOCKED',
      `The database ${directory} is open in another process. Stop that process, or give this node a data directory of its own.`,
      cause,
    )
  }
}

/** The database cannot be opened, or it is not one of ours. Never repaired by itself: repair may drop records. */
export class StoreUnreadableError extends StorageError {
  override readonly name = 'StoreUnreadableError'

  constructor(directory: string, reason: string, cause?: unknown) {
    super(
      'STORE_UNREADABLE',
      `The database ${directory} cannot be opened: ${reason}. Move it aside and let the node sync again; keep the vote guard file.`,
      cause,
    )
  }
}

/** A value's checksum does not fit its table, key and bytes. */
export class StoreCorruptionError extends StorageError {
  override readonly name = 'StoreCorruptionError'
  readonly table: string
  readonly key: string

  constructor(table: string, key: string) {
    super(
      'STORE_CORRUPTION',
      `The value of ${table}/${key} is damaged on disk. Move the database aside and let the node sync again; keep the vote guard file.`,
    )
    this.table = table
    this.key = key
  }
}

/** A write or sync failed: what is on disk is unknown, so the process ends and nothing is signed any more. */
export class StorageFatalError extends StorageError {
  override readonly name = 'StorageFatalError'

  constructor(path: string, cause: unknown) {
    super(
      'STORAGE_FATAL',
      `Writing ${path} failed, and what is on disk is unknown now. Check the disk and its free space, then start the node again.`,
      cause,
    )
  }
}

/** The key may have signed before and nobody remembers what. */
export class VoteGuardMissingError extends StorageError {
  override readonly name = 'VoteGuardMissingError'

  constructor(path: string) {
    super(
      'VOTE_GUARD_MISSING',
      `The vote guard ${path} is not there. Without it this node does not vote until the next epoch; restore the file if you have it, but never an old copy.`,
    )
  }
}

/** Neither slot can be read: what was signed is unknown, and the node stays an observer. */
export class VoteGuardDamagedError extends StorageError {
  override readonly name = 'VoteGuardDamagedError'

  constructor(path: string) {
    super(
      'VOTE_GUARD_DAMAGED',
      `The vote guard ${path} is damaged in both slots. This node does not vote until the next epoch; move the file aside only after that.`,
    )
  }
}

/** Another living process works in this data directory. */
export class DirectoryLockedError extends StorageError {
  override readonly name = 'DirectoryLockedError'

  constructor(directory: string, processId: number | undefined) {
    const holder = processId === undefined ? 'another process' : `process ${processId}`
    super(
      'DIRECTORY_LOCKED',
      `The data directory ${directory} is in use by ${holder}. Stop it first: two nodes with one key sign against each other.`,
    )
  }
}

/** A file or directory of another network; `found` is absent when what it says is no hash at all. */
export class NetworkMismatchError extends StorageError {
  override readonly name = 'NetworkMismatchError'

  constructor(path: string, found: Hash | undefined, expected: Hash) {
    const other = found === undefined ? 'an unreadable name' : toHex(found)
    super(
      'NETWORK_MISMATCH',
      `${path} belongs to another network: it says ${other}, the genesis file hashes to ${toHex(expected)}. Use the other genesis file, or another data directory.`,
    )
  }
}
