/**
 * What can go wrong with a disk, as errors with codes. The first sentence says what happened, the second what to do.
 */

export type StorageErrorCode =
  | 'STORE_LOCKED'
  | 'STORE_UNREADABLE'
  | 'STORE_CORRUPTION'
  | 'STORAGE_FATAL'
  | 'VOTE_GUARD_MISSING'
  | 'VOTE_GUARD_EXISTS'
  | 'VOTE_GUARD_DAMAGED'
  | 'DIRECTORY_LOCKED'
  | 'NETWORK_MISMATCH'

export class StorageError extends Error {
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
