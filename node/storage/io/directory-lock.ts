/**
 * One node per data directory: two nodes with one key would sign against each other. The lock is a file that names its
 * holder by process id and, where the system tells (Linux), the moment that process started, so that a process id used
 * again by somebody else does not pass for the holder. A dead holder's lock is taken over.
 */
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemErrorCode } from './durable-file.ts'
import { DirectoryLockedError, StorageFatalError } from './storage-error.ts'

export type DirectoryLock = { readonly release: () => Promise<void> }

const LOCK_FILE = 'node.lock'

/** Makes the directory if needed. Throws `DirectoryLockedError` while another living process holds it. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, LOCK_FILE)
  const own = await describeProcess(process.pid)
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    if (!(await createExclusively(path, own))) await takeOver(path, directory, own)
  } catch (error) {
    if (error instanceof DirectoryLockedError) throw error
    throw new StorageFatalError(path, error)
  }
  return {
    release: async () => {
      if ((await readText(path)) === own) await rm(path, { force: true })
    },
  }
}

/** False if the lock exists already. It appears with its content: a link to a file that was written beside. */
async function createExclusively(path: string, text: string): Promise<boolean> {
  const fresh = `${path}.${randomUUID()}.new`
  await writeFile(fresh, text, { mode: 0o600 })
  try {
    return await linkUnlessThere(fresh, path)
  } finally {
    await rm(fresh, { force: true })
  }
}

/**
 * Only who holds the claim to a dead lock may replace it, so of many that find it at once one does; the others see, under
 * their own claim, that it is no longer there. A claim whose holder died is itself a dead lock and taken over like one.
 */
async function takeOver(path: string, directory: string, own: string): Promise<void> {
  const found = (await readText(path)) ?? ''
  if (await isHeld(found)) throw new DirectoryLockedError(directory, holderOf(found))
  const claim = `${path}.claim`
  if (!(await createExclusively(claim, own))) await takeOver(claim, directory, own)
  try {
    const present = (await readText(path)) ?? ''
    if (present !== found) throw new DirectoryLockedError(directory, holderOf(present))
    const fresh = `${path}.${randomUUID()}.new`
    await writeFile(fresh, own, { mode: 0o600 })
    await rename(fresh, path)
  } finally {
    await rm(claim, { force: true })
  }
}

async function linkUnlessThere(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** A lock that cannot be read was torn by a power cut, which its holder did not survive. */
async function isHeld(text: string): Promise<boolean> {
  const holder = holderOf(text)
  if (holder === undefined || !isAlive(holder)) return false
  return (await describeProcess(holder)) === text
}

function holderOf(text: string): number | undefined {
  const match = /^(\d{1,10}) /.exec(text)
  return match === null ? undefined : Number(match[1])
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return systemErrorCode(error) === 'EPERM'
  }
}

/**
 * "<pid> <start>": start is field 22 of /proc/<pid>/stat, in ticks since boot, or 0 where there is no /proc. One that has
 * ended keeps its number until its parent asks for its end; it holds nothing any more.
 */
async function describeProcess(processId: number): Promise<string> {
  const stat = (await readText(`/proc/${processId}/stat`)) ?? ''
  // The second field is the command in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z') return 'ended'
  return `${processId} ${stat === '' ? '0' : (fields[19] ?? '0')}\n`
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}
