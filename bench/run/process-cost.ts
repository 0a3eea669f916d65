/**
 * What processes have cost so far, from the operating system's accounting (/proc): processor time by role of the thread,
 * and bytes written to disks. Differences of two readings are what a window cost.
 *
 * Threads that ended in between (a pool that shrinks) keep their time in the process's total; it is added to `other`.
 */
import { readdir, readFile } from 'node:fs/promises'
import { cpuSecondsOf, readCpuSeconds } from '../../devnet/processes/process-figures.ts'

/** Which threads: of a node, the main one runs consensus, network and RPC, and checks signatures where no thread does. */
export type ThreadRole = 'main' | 'workers' | 'disk' | 'engine' | 'other'

export const THREAD_ROLES: readonly ThreadRole[] = ['main', 'workers', 'disk', 'engine', 'other']

export type ProcessCost = {
  readonly pid: number
  readonly cpuSeconds: number
  readonly cpuSecondsByRole: Readonly<Record<ThreadRole, number>>
  /** To block devices; a file system in memory writes none. */
  readonly diskBytes: number
}

/** Names that Node and V8 give their threads (checked with Node 26), by their beginning. LevelDB's inherit the main name. */
const ROLES: readonly (readonly [string, ThreadRole])[] = [
  ['WorkerThread', 'workers'],
  ['libuv-worker', 'disk'],
  ['node-MainThread', 'disk'],
  ['node-V8Worker', 'engine'],
  ['DelayedTask', 'engine'],
]

/** undefined when the process is gone, or where there is no /proc. */
export async function readProcessCost(pid: number): Promise<ProcessCost | undefined> {
  const [cpuSeconds, threads, diskBytes] = await Promise.all([
    readCpuSeconds(pid),
    readThreads(pid),
    readDiskBytes(pid),
  ])
  if (cpuSeconds === undefined) return undefined
  const byRole = { main: 0, workers: 0, disk: 0, engine: 0, other: 0 }
  for (const thread of threads) byRole[roleOf(thread, pid)] += thread.cpuSeconds
  const known = threads.reduce((sum, thread) => sum + thread.cpuSeconds, 0)
  byRole.other += Math.max(0, cpuSeconds - known)
  return { pid, cpuSeconds, cpuSecondsByRole: byRole, diskBytes }
}

export type ThreadCost = {
  readonly id: number
  readonly name: string
  readonly cpuSeconds: number
}

export function roleOf({ id, name }: ThreadCost, pid: number): ThreadRole {
  if (id === pid) return 'main'
  return ROLES.find(([beginning]) => name.startsWith(beginning))?.[1] ?? 'other'
}

async function readThreads(pid: number): Promise<readonly ThreadCost[]> {
  const ids = await readdir(`/proc/${pid}/task`).catch(() => [])
  const threads = await Promise.all(
    ids.map(async (id) => {
      const text = await readFile(`/proc/${pid}/task/${id}/stat`, 'utf8').catch(() => undefined)
      return text === undefined ? [] : [parseThread(text)]
    }),
  )
  return threads.flat()
}

/** `tid (name) state ...`; the name may hold spaces and parentheses. */
export function parseThread(text: string): ThreadCost {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  return {
    id: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    cpuSeconds: cpuSecondsOf(text.slice(close + 2).split(' ')),
  }
}

async function readDiskBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/io`, 'utf8').catch(() => '')
  return Number(/^write_bytes: (\d+)$/m.exec(text)?.[1] ?? 0)
}
