/**
 * Making the bundle (bundle.ts) with rolldown: builtins without facades, threads as files, the rest in shared chunks.
 *
 * An ESM import of a builtin makes a facade, for which every export of it is read once; one export of `node:http` is a
 * getter that loads all of undici. A third of what starting from a bundle saves is not doing that.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { rolldown, type Plugin } from 'rolldown'
import { filesOfBundle, makerOfBundle, PROGRAMS, stampOf, type Manifest } from './bundle.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** The expression by which a pool names its thread, and the file of the bundle that takes its place. */
const THREADS: readonly (readonly [string, keyof typeof PROGRAMS])[] = [
  ["'./worker.ts', import.meta.url", 'execution-thread'],
  ["'./crypto-worker.ts', import.meta.url", 'crypto-thread'],
]

/** Packages that load a binary or a thread by a path beside their own files. */
const OUTSIDE = ['classic-level', 'piscina', '@chainsafe/hashtree', 'bufferutil', 'utf-8-validate']

/** Throws when a source does not parse or a module is missing. */
export async function makeBundle(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  const paths = await build(directory)
  const inputs = await Promise.all(
    paths.map(async (path): Promise<[string, string]> => [path, await stampOf(path)]),
  )
  const manifest: Manifest = { maker: makerOfBundle(), inputs }
  // Written last: a bundle that was interrupted has no manifest and is made anew.
  await writeFile(filesOfBundle(directory).manifest, JSON.stringify(manifest))
}

/** The absolute paths of everything that went in. */
async function build(directory: string): Promise<readonly string[]> {
  const bundle = await rolldown({
    input: Object.fromEntries(
      Object.entries(PROGRAMS).map(([name, path]) => [name, join(ROOT, path)]),
    ),
    platform: 'node',
    logLevel: 'silent',
    plugins: [builtins, outside, places],
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
      sourcemap: 'hidden',
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
const places: Plugin = {
  name: 'places',
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
