/**
 * Caps on processor time with control groups (Linux, root): each node gets a part of a core, so that a run says what
 * validators of that size do, and one node cannot take what another needs. Where it cannot be done the run goes on without.
 */
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export type ProcessorCaps = {
  /** Why there are none; undefined: they are in force. */
  readonly missing: string | undefined
  /** Once the processes are gone. */
  readonly remove: () => Promise<void>
}

const PERIOD_US = 100_000
const ROOT_V1 = '/sys/fs/cgroup/cpu'
const ROOT_V2 = '/sys/fs/cgroup'

/** One group per process. */
export async function capProcesses(
  pids: readonly number[],
  coresEach: number,
): Promise<ProcessorCaps> {
  const made: string[] = []
  const remove = async (): Promise<void> => {
    for (const directory of made.toReversed()) await rmdir(directory).catch(() => {})
    made.length = 0
  }
  try {
    const version = await groupsVersion()
    const parent = join(version === 2 ? ROOT_V2 : ROOT_V1, `weft-bench-${process.pid}`)
    await mkdir(parent)
    made.push(parent)
    if (version === 2) await writeFile(join(parent, 'cgroup.subtree_control'), '+cpu')
    for (const pid of pids) {
      const directory = join(parent, String(pid))
      await mkdir(directory)
      made.push(directory)
      const quota = Math.round(coresEach * PERIOD_US)
      if (version === 2) await writeFile(join(directory, 'cpu.max'), `${quota} ${PERIOD_US}`)
      else await writeFile(join(directory, 'cpu.cfs_quota_us'), String(quota))
      await writeFile(join(directory, 'cgroup.procs'), String(pid))
    }
    return { missing: undefined, remove }
  } catch (error) {
    await remove()
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    return {
      missing: `no caps on processor time: control groups are not at hand (${reason})`,
      remove,
    }
  }
}

async function groupsVersion(): Promise<1 | 2> {
  const controllers = await readFile(join(ROOT_V2, 'cgroup.controllers'), 'utf8').catch(() => '')
  return controllers.split(/\s/).includes('cpu') ? 2 : 1
}
