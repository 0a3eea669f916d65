/**
 * The programs of a devnet: the nodes, the traffic process and the threads of the nodes, as a few files instead of a
 * thousand modules. Here is what the bundle is, whether it may be used again, and the process that makes it
 * (make-bundle.ts).
 *
 * Every process of a devnet runs the same program, and finding, reading, stripping and linking its modules cost 0.44 s of
 * processor time each, with a warm compile cache; from a bundle 0.12 s.
 *
 * Invariant: what runs is what the sources say. The bundle is used again only if every file it was made of is unchanged.
 */
import { spawn } from 'node:child_process'
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CommandError } from '../../node/cli/command-error.ts'
import { NODE_FLAGS } from './node-flags.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const MAKER = join(import.meta.dirname, 'make-bundle-main.ts')

/** Name in the bundle: source. Threads have to be files of their own. */
export const PROGRAMS = {
  node: 'devnet/processes/node-main.ts',
  'mortal-node': 'devnet/faults/mortal-main.ts',
  traffic: 'devnet/load/main.ts',
  'execution-thread': 'node/shards/io/worker.ts',
  'crypto-thread': 'node/shards/io/crypto-worker.ts',
} as const

/** Where each program is, by its name. */
export type ProgramFiles = Readonly<Record<keyof typeof PROGRAMS, string>>

const manifestSchema = z.strictObject({
  maker: z.string(),
  inputs: z.array(z.tuple([z.string(), z.string()])),
})

export type Manifest = z.infer<typeof manifestSchema>

export function filesOfBundle(directory: string): ProgramFiles & { readonly manifest: string } {
  const file = (name: keyof typeof PROGRAMS) => join(directory, `${name}.mjs`)
  return {
    node: file('node'),
    'mortal-node': file('mortal-node'),
    traffic: file('traffic'),
    'execution-thread': file('execution-thread'),
    'crypto-thread': file('crypto-thread'),
    manifest: join(directory, 'manifest.json'),
  }
}

/** A bundle holds for the Node that made it and the place of its sources. */
export function makerOfBundle(): string {
  return `${process.version} ${NODE_FLAGS.join(' ')} ${ROOT}`
}

/** What of a file tells that it was written anew: reading two hundred files to hash them would cost ten times as much. */
export async function stampOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path)
  return `${size} ${mtimeMs}`
}

export async function isCurrent(directory: string): Promise<boolean> {
  try {
    const text = await readFile(filesOfBundle(directory).manifest, 'utf8')
    const manifest = manifestSchema.parse(JSON.parse(text))
    if (manifest.maker !== makerOfBundle()) return false
    const stamps = await Promise.all(manifest.inputs.map(([path]) => stampOf(path)))
    return manifest.inputs.every(([, stamp], index) => stamp === stamps[index])
  } catch {
    return false
  }
}

/**
 * The programs, made if there are none or the sources have changed; a process of its own makes them, so that the supervisor
 * stays small. Throws `CommandError` when they cannot be made. Cancelled, it returns with half of them.
 */
export async function preparePrograms(
  directories: { readonly bundle: string; readonly compileCache: string },
  cancel: AbortSignal,
): Promise<ProgramFiles> {
  const { bundle, compileCache } = directories
  if (await isCurrent(bundle)) return filesOfBundle(bundle)
  for (const directory of [bundle, compileCache]) {
    await rm(directory, { recursive: true, force: true })
  }
  const complaint = await runMaker(bundle, compileCache, cancel)
  if (complaint !== undefined && !cancel.aborted) {
    throw new CommandError(
      `the programs of the nodes cannot be made: ${complaint}; \`npm ci\` restores what may be missing`,
    )
  }
  return filesOfBundle(bundle)
}

/** What it said when it failed. Its flags are those of the nodes, or they could not use its compile cache. */
function runMaker(
  bundle: string,
  compileCache: string,
  cancel: AbortSignal,
): Promise<string | undefined> {
  const child = spawn(process.execPath, [...NODE_FLAGS, MAKER, bundle], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
    signal: cancel,
    killSignal: 'SIGKILL',
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  return new Promise((resolve) => {
    child.once('close', (code) =>
      resolve(code === 0 ? undefined : said.trim() || 'no reason given'),
    )
    // Cancelled: its end follows. Never started: nothing follows.
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(error.message)
    })
  })
}
