/**
 * The stores of a stopped devnet, opened without touching them: LevelDB has no read-only mode (opening a database replays its
 * log and rewrites its manifest), so its files are linked or copied into a directory of their own, and that is opened.
 * Tables are never written twice, so links are safe for them; everything else is copied.
 *
 * While the audit reads, each node's directory is locked, as the node itself would lock it: a running one refuses us, and
 * none starts in between.
 */
import { copyFile, link, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { genesisHash, type Genesis } from '../../node/beacon/genesis.ts'
import { CommandError } from '../../node/cli/command-error.ts'
import { SHARDS_MAX } from '../../node/primitives/limits.ts'
import { openLevelStateStore } from '../../node/shards/io/level-state-store.ts'
import { StateDamagedError, StateStoreError } from '../../node/shards/io/state-store.ts'
import { lockDirectory } from '../../node/storage/io/directory-lock.ts'
import { openLevelStore } from '../../node/storage/io/level.ts'
import { DirectoryLockedError, StoreUnreadableError } from '../../node/storage/io/storage-error.ts'
import { filesOf } from '../processes/data-directory.ts'
import type { NodeArchive } from './archive.ts'

export type Snapshot = {
  readonly archives: readonly NodeArchive[]
  /** Nodes whose stores cannot be opened at all, in words. */
  readonly problems: readonly string[]
  readonly close: () => Promise<void>
}

/** Throws `CommandError` when a node runs in the directory. */
export async function openSnapshot(dataDirectory: string, genesis: Genesis): Promise<Snapshot> {
  const closers: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (let last = closers.pop(); last !== undefined; last = closers.pop()) await last()
  }
  try {
    const work = await mkdtemp(join(dataDirectory, 'audit-'))
    closers.push(() => rm(work, { recursive: true, force: true }))
    const archives: NodeArchive[] = []
    const problems: string[] = []
    for (const node of await nodesIn(dataDirectory)) {
      const data = filesOf(dataDirectory).node(node).data
      if (!(await isThere(join(data, 'chain')))) continue
      await lockNode(dataDirectory, data, closers)
      const opened = await openArchive({ node, data, work, genesis, closers })
      if (typeof opened === 'string') problems.push(opened)
      else archives.push(opened)
    }
    return { archives, problems, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Those of the genesis and those that joined since, ascending. */
async function nodesIn(dataDirectory: string): Promise<readonly number[]> {
  const names = await readdir(join(dataDirectory, 'nodes')).catch(() => [])
  const numbers = names.filter((name) => /^[0-9]{1,4}$/.test(name)).map(Number)
  return numbers.toSorted((left, right) => left - right)
}

async function lockNode(
  dataDirectory: string,
  data: string,
  closers: (() => Promise<unknown>)[],
): Promise<void> {
  try {
    closers.push((await lockDirectory(data)).release)
  } catch (error) {
    if (!(error instanceof DirectoryLockedError)) throw error
    throw new CommandError(
      `a node is running in ${data}: stop the devnet with \`weft devnet stop --data ${dataDirectory}\` to audit its disks, ` +
        'or leave out --disk to audit it over RPC',
      { cause: error },
    )
  }
}

type OpenOptions = {
  readonly node: number
  readonly data: string
  readonly work: string
  readonly genesis: Genesis
  readonly closers: (() => Promise<unknown>)[]
}

async function openArchive({
  node,
  data,
  work,
  genesis,
  closers,
}: OpenOptions): Promise<NodeArchive | string> {
  const states = new Map<number, NonNullable<ReturnType<NodeArchive['states']['get']>>>()
  for (let shard = 1; shard <= SHARDS_MAX; shard++) {
    const from = join(data, `state-${shard}`)
    if (!(await isThere(from))) continue
    const to = await copyDatabase(from, join(work, `${node}-state-${shard}`))
    states.set(shard, () => loadState(to, genesis, shard))
  }
  try {
    const store = await openLevelStore(
      await copyDatabase(join(data, 'chain'), join(work, `${node}-chain`)),
      {
        create: false,
      },
    )
    closers.push(() => store.close())
    return { node, store, states }
  } catch (error) {
    if (!(error instanceof StoreUnreadableError)) throw error
    return `node ${node}: its chain store in ${data} cannot be opened: ${error.message}`
  }
}

async function loadState(directory: string, genesis: Genesis, shard: number) {
  const config = { genesisHash: genesisHash(genesis), shard }
  const store = await openLevelStateStore(directory, config).catch((error: unknown) => {
    if (error instanceof StateStoreError)
      throw new StateDamagedError(error.message, { cause: error })
    throw error
  })
  try {
    return await store.load()
  } finally {
    await store.close()
  }
}

/** LevelDB's tables end in .ldb; a link to one costs nothing, and removing the link leaves the original. */
async function copyDatabase(from: string, to: string): Promise<string> {
  await mkdir(to)
  for (const name of await readdir(from)) {
    if (name === 'LOCK') continue
    const [source, target] = [join(from, name), join(to, name)]
    if (name.endsWith('.ldb')) await link(source, target).catch(() => copyFile(source, target))
    else await copyFile(source, target)
  }
  return to
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
