/**
 * Small files that must survive a power cut: written beside, synced, renamed, and the directory synced, because a rename
 * is on disk only when its directory is.
 */
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StorageFatalError } from './storage-error.ts'

/** Replaces `path` as a whole; after a crash the file is the old one or the new one. Mode 0600: nobody else's business. */
export async function writeFileDurably(path: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${path}.new`
  try {
    const file = await open(fresh, 'w', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
    await syncDirectory(dirname(path))
  } catch (error) {
    throw new StorageFatalError(path, error)
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows has no handle for a directory, and its renames are journalled.
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** The code of a failed system call, such as ENOENT. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
