/**
 * The data directory of a devnet: created once, resumed ever after, deleted only on request and only if it is ours.
 *
 * Invariants: a stamp file says which devnet lives here; a directory without it is never deleted; a devnet is never
 * resumed with parameters other than those it was born with. The stamp is written last, so a half-made one has none.
 *
 *     DIR/weft-devnet.json     the stamp: parameters and time of birth
 *     DIR/genesis.json         and accounts-<k>.bin, when there are many accounts
 *     DIR/ledger.json          the auditor's books
 *     DIR/run.json             while it runs: processes, ports
 *     DIR/control.sock         while it runs: takes orders, see control-server.ts
 *     DIR/traffic.log
 *     DIR/program/             what its processes run, see bundle.ts
 *     DIR/nodes/<i>/           config.json committee.key identity.key node.log data/
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import type { Genesis } from '../../node/beacon/genesis.ts'
import { CommandError } from '../../node/cli/command-error.ts'
import { writeSecretFile } from '../../node/cli/identity.ts'
import { genesisFileText, readGenesisFile } from '../../node/runtime/genesis-file.ts'
import { LISTED_ALLOCATIONS_MAX, withAccountsApart } from '../../node/runtime/genesis-accounts.ts'
import { createDevnetGenesis } from '../genesis.ts'
import { differencesOf, type DevnetParameters } from '../parameters.ts'

const stampSchema = z.strictObject({
  format: z.literal('weft-devnet-1'),
  bornMs: z.int().min(0),
  parameters: z.strictObject({
    shards: z.int(),
    validators: z.int(),
    scheme: z.enum(['by-size', 'bls', 'ed25519', 'mock']),
    shardBlockMs: z.int(),
    beaconBlockMs: z.int(),
    idleMs: z.int(),
    deltaMs: z.int(),
    gasLimit: z.int(),
    loadAccounts: z.int(),
    // Older directories do not name these.
    idleAccounts: z.int().default(0),
    epochBlocks: z.int().default(0),
    inactivityEpochs: z.int().default(0),
    readiness: z.boolean().default(false),
    beaconSeats: z.int().default(0),
  }),
})

type Stamp = z.infer<typeof stampSchema>

export type DataDirectory = {
  readonly path: string
  readonly genesis: Genesis
  readonly resumed: boolean
}

export const filesOf = (path: string) => ({
  stamp: join(path, 'weft-devnet.json'),
  genesis: join(path, 'genesis.json'),
  ledger: join(path, 'ledger.json'),
  run: join(path, 'run.json'),
  control: join(path, 'control.sock'),
  trafficLog: join(path, 'traffic.log'),
  bundle: join(path, 'program', 'bundle'),
  compileCache: join(path, 'program', 'compile-cache'),
  node: (index: number) => {
    const directory = join(path, 'nodes', String(index))
    return {
      directory,
      config: join(directory, 'config.json'),
      committeeKey: join(directory, 'committee.key'),
      identityKey: join(directory, 'identity.key'),
      log: join(directory, 'node.log'),
      data: join(directory, 'data'),
    }
  },
})

/** Creates or resumes; throws `CommandError` with a sentence that says what to do. */
export async function openDataDirectory(
  directory: string,
  parameters: DevnetParameters,
  options: { readonly reset: boolean; readonly nowMs: number },
): Promise<DataDirectory> {
  const path = resolve(directory)
  if (options.reset) await resetDataDirectory(path)
  const stamp = await readStamp(path)
  if (stamp === undefined) {
    await refuseForeign(path)
    return { path, genesis: await create(path, parameters, options.nowMs), resumed: false }
  }
  const differences = differencesOf(stamp.parameters, parameters)
  if (differences.length > 0) {
    throw new CommandError(
      `the devnet in ${path} was made with ${differences.join(', ')}; use the same options, another --data, or --reset to start anew`,
    )
  }
  return { path, genesis: await readGenesisFile(filesOf(path).genesis), resumed: true }
}

/** Deletes a devnet's directory and nothing else: without our stamp it stays as it is. */
export async function resetDataDirectory(path: string): Promise<void> {
  if ((await entriesOf(path)).length === 0) return
  if ((await readStamp(path)) === undefined) await refuseForeign(path)
  await rm(path, { recursive: true, force: true })
}

async function refuseForeign(path: string): Promise<void> {
  if ((await entriesOf(path)).length === 0) return
  throw new CommandError(`${path} is not empty and holds no devnet; choose another --data`)
}

async function entriesOf(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new CommandError(`cannot use ${path} as data directory: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

async function readStamp(path: string): Promise<Stamp | undefined> {
  const text = await readFile(filesOf(path).stamp, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return stampSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new CommandError(
      `${filesOf(path).stamp} is of another version of weft or damaged; remove ${path} yourself or choose another --data`,
      { cause: error },
    )
  }
}

async function create(
  path: string,
  parameters: DevnetParameters,
  bornMs: number,
): Promise<Genesis> {
  const files = filesOf(path)
  const { genesis, identities } = await createDevnetGenesis(parameters, bornMs)
  await mkdir(path, { recursive: true, mode: 0o700 })
  for (const [index, identity] of identities.entries()) {
    const node = files.node(index)
    await mkdir(node.directory, { recursive: true, mode: 0o700 })
    await writeSecretFile(node.committeeKey, identity.secrets.committeeKey)
    await writeSecretFile(node.identityKey, identity.secrets.identityKey)
  }
  await writeGenesis(path, genesis)
  const stamp: Stamp = { format: 'weft-devnet-1', bornMs, parameters }
  await writeFile(files.stamp, `${JSON.stringify(stamp, undefined, 2)}\n`)
  return readGenesisFile(files.genesis)
}

/** Few accounts are listed, for whoever reads the file; many stand apart, so that nobody has to read those of all shards. */
async function writeGenesis(path: string, listed: Genesis): Promise<void> {
  const isLarge = listed.allocations.length > LISTED_ALLOCATIONS_MAX
  const { genesis, files } = isLarge ? withAccountsApart(listed) : { genesis: listed, files: [] }
  for (const { name, bytes } of files) await writeFile(join(path, name), bytes)
  await writeFile(filesOf(path).genesis, genesisFileText(genesis))
}
