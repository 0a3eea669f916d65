/**
 * The bundle: the nodes and the traffic process of a devnet as a few files instead of a thousand modules.
 *
 * Every process of a devnet runs the same program, and finding, reading, stripping and linking its modules cost 0.44 s of
 * processor time each, with a warm compile cache; from a bundle 0.12 s. A third of that difference are the facades that an
 * ESM import of a builtin makes (`node:http` loads all of undici for one getter), so builtins are taken without them.
 *
 * Invariant: what runs is what the sources say. The bundle is used again only if every file it was made of is unchanged.
 */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { rolldown, type Plugin } from 'rolldown'
import { z } from 'zod'
import { CommandError } from '../../node/cli/command-error.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** Name in the bundle: source. The threads have to be files of their own; `THREADS` says what refers to them. */
const ENTRIES = {
  node: 'devnet/processes/node-main.ts',
  traffic: 'devnet/load/main.ts',
  'execution-thread': 'node/shards/io/worker.ts',
  'crypto-thread': 'node/shards/io/crypto-worker.ts',
} as const

/** The expression by which a pool names its thread, and the file of the bundle that takes its place. */
const THREADS: readonly (readonly [string, keyof typeof ENTRIES])[] = [
  ["'./worker.ts', import.meta.url", 'execution-thread'],
  ["'./crypto-worker.ts', import.meta.url", 'crypto-thread'],
]

/** Packages that load a binary or a thread by a path beside their own files. */
const OUTSIDE = ['classic-level', 'piscina', '@chainsafe/hashtree', 'bufferutil', 'utf-8-validate']

export type BundleFiles = Readonly<Record<keyof typeof ENTRIES, string>>

const manifestSchema = z.strictObject({
  maker: z.string(),
  inputs: z.array(z.tuple([z.string(), z.string()])),
})

/** Makes the bundle in `directory`, or keeps the one that is there; throws `CommandError` when a source does not parse. */
export async function makeBundle(
  directory: string,
): Promise<{ readonly files: BundleFiles; readonly isNew: boolean }> {
  const files = Object.fromEntries(
    Object.keys(ENTRIES).map((name) => [name, join(directory, `${name}.mjs`)]),
  ) as BundleFiles
  if (await isCurrent(directory)) return { files, isNew: false }
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  const inputs = await build(directory).catch((error: unknown) => {
    throw new CommandError(
      'the sources of the node cannot be bundled; `npm run types` says more, and `npm ci` restores the dependencies',
      { cause: error },
    )
  })
  const stamped = await Promise.all(inputs.map(async (path) => [path, await stampOf(path)]))
  // Written last: a bundle that was interrupted has no manifest and is made anew.
  await writeFile(manifestOf(directory), JSON.stringify({ maker: maker(), inputs: stamped }))
  return { files, isNew: true }
}

const manifestOf = (directory: string): string => join(directory, 'manifest.json')

/** The flags of the compile cache and the code of this file are part of what the bundle is. */
function maker(): string {
  return `${process.version} ${ROOT}`
}

/** What of a file tells that it was written anew; 1 ms for a hundred files, where hashing them costs ten. */
async function stampOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path)
  return `${size} ${mtimeMs}`
}

async function isCurrent(directory: string): Promise<boolean> {
  try {
    const manifest = manifestSchema.parse(JSON.parse(await readFile(manifestOf(directory), 'utf8')))
    if (manifest.maker !== maker()) return false
    const stamps = await Promise.all(manifest.inputs.map(([path]) => stampOf(path)))
    return manifest.inputs.every(([, stamp], index) => stamp === stamps[index])
  } catch {
    return false
  }
}

/** The absolute paths of everything that went in. */
async function build(directory: string): Promise<readonly string[]> {
  const bundle = await rolldown({
    input: Object.fromEntries(
      Object.entries(ENTRIES).map(([name, path]) => [name, join(ROOT, path)]),
    ),
    platform: 'node',
    logLevel: 'silent',
    plugins: [builtins, outside, paths],
  })
  try {
    const { output } = await bundle.write({
      dir: directory,
      format: 'esm',
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name]-[hash].mjs',
      // Names stay, for stack traces and profiles; the rest of minifying halves what every process has to read.
      minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
      keepNames: true,
    })
    const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []))
    const own = [...modules.filter((id) => !id.startsWith('\0')), import.meta.filename]
    return [...new Set(own)]
  } finally {
    await bundle.close()
  }
}

/** Node's own modules, taken from the process instead of imported: no facade, no live bindings. */
const builtins: Plugin = {
  name: 'builtins',
  resolveId(id) {
    const name = id.replace(/^node:/, '')
    // The bundler's own runtime imports this one.
    if (name === 'module' || !isBuiltin(name)) return undefined
    return `\0builtin:${name}`
  },
  load(id) {
    if (!id.startsWith('\0builtin:')) return undefined
    const name = JSON.stringify(`node:${id.slice('\0builtin:'.length)}`)
    return { code: `module.exports = process.getBuiltinModule(${name})`, moduleType: 'js' }
  },
}

/** Loaded at run time from where they are installed, wherever the bundle lies. */
const outside: Plugin = {
  name: 'outside',
  resolveId(id) {
    return OUTSIDE.includes(id) ? `\0outside:${id}` : undefined
  },
  load(id) {
    if (!id.startsWith('\0outside:')) return undefined
    const from = JSON.stringify(pathToFileURL(join(ROOT, 'package.json')).href)
    const name = JSON.stringify(id.slice('\0outside:'.length))
    return {
      code: `module.exports = process.getBuiltinModule('node:module').createRequire(${from})(${name})`,
      moduleType: 'js',
    }
  },
}

/** Our own modules know where they are: threads are beside the bundle, everything else is where it was. */
const paths: Plugin = {
  name: 'paths',
  transform(code, id) {
    if (!id.startsWith(ROOT) || !code.includes('import.meta')) return undefined
    let result = code
    for (const [expression, name] of THREADS) {
      result = result.replaceAll(expression, `'./${name}.mjs', import.meta['url']`)
    }
    return {
      code: result
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
        .replaceAll('import.meta.dirname', JSON.stringify(join(id, '..'))),
    }
  },
}
