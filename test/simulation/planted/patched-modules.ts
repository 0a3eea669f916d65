/**
 * Planted bugs are patches of source text: the simulator and all of the node are loaded once more with some lines changed,
 * so nothing in the node knows of them. Every module of the second load carries the plant's name in its address.
 *
 * Works in plain Node only (module.registerHooks), so tests do it in a process of its own (planted-process.ts).
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/** One change: `find` stands exactly once in the file. */
export type Patch = {
  /** From the root of the repository. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

const ROOT = new URL('../../../', import.meta.url).href
const PARAMETER = 'plant'

const plants = new Map<string, readonly Patch[]>()

registerHooks({
  resolve: (specifier, context, nextResolve) => {
    const resolved = nextResolve(specifier, context)
    const plant = plantOf(context.parentURL)
    if (plant === undefined || !isOurs(resolved.url)) return resolved
    return { ...resolved, url: taggedUrl(resolved.url, plant) }
  },
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context)
    const patches = plants.get(plantOf(url) ?? '')
    const file = url.slice(ROOT.length).split('?')[0]
    const wanted = patches?.filter((patch) => patch.file === file) ?? []
    if (wanted.length === 0) return loaded
    return { ...loaded, source: applyPatches(textOf(loaded.source), wanted) }
  },
})

/** Loads a module of this repository, and everything that it imports, with these changes. */
export async function importPatched(
  plant: string,
  patches: readonly Patch[],
  file: string,
): Promise<unknown> {
  // A stale patch is found before anything runs, also one of a file that nothing imports.
  for (const patch of patches) {
    applyPatches(readFileSync(fileURLToPath(new URL(patch.file, ROOT)), 'utf8'), [patch])
  }
  plants.set(plant, patches)
  return import(taggedUrl(new URL(file, ROOT).href, plant))
}

function applyPatches(source: string, patches: readonly Patch[]): string {
  return patches.reduce((text, { file, find, replace }) => {
    const parts = text.split(find)
    if (parts.length !== 2)
      throw new Error(`a planted bug is stale: ${file} holds ${parts.length - 1} times: ${find}`)
    return parts.join(replace)
  }, source)
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray | null | undefined): string {
  if (typeof source === 'string') return source
  if (source === null || source === undefined) throw new Error('a module has a source')
  return new TextDecoder().decode(source)
}

function isOurs(url: string): boolean {
  return url.startsWith(ROOT) && !url.includes('/node_modules/')
}

function taggedUrl(url: string, plant: string): string {
  return `${url}?${PARAMETER}=${encodeURIComponent(plant)}`
}

function plantOf(url: string | undefined): string | undefined {
  const mark = url?.indexOf(`?${PARAMETER}=`) ?? -1
  if (url === undefined || mark < 0) return undefined
  return decodeURIComponent(url.slice(mark + PARAMETER.length + 2))
}
