/**
 * Reading sources for the checker: which files there are and what each of them imports. A few regular expressions over
 * text whose comments are blanked are enough, because the house style has no exotic imports; a test plants each form.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'

/** Path from the root of the repository, with slashes, to text. */
export type SourceMap = ReadonlyMap<string, string>

const NAMES = String.raw`(?:[\w$]+|\*(?:\s*as\s+[\w$]+)?|\{[^}]*\}|[\w$]+\s*,\s*(?:\{[^}]*\}|\*\s*as\s+[\w$]+))`
const IMPORT_FORMS = [
  // import ... from '...' and export ... from '...'
  new RegExp(String.raw`\b(?:import|export)\s+(?:type\s+)?${NAMES}\s*from\s*['"]([^'"]+)['"]`, 'g'),
  // import '...'
  /^\s*import\s*['"]([^'"]+)['"]/gm,
  // import('...'), as a value or as a type, and require('...')
  /\b(?:import|require|createRequire\([^)]*\))\(\s*['"]([^'"]+)['"]/g,
]
/** Comments and templates, which are blanked, and strings, which are kept: `//` inside of one is no comment. */
const COMMENTS_AND_STRINGS =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g

export async function readSources(root: string, folders: readonly string[]): Promise<SourceMap> {
  const sources = new Map<string, string>()
  for (const folder of folders) {
    for (const path of await listSources(join(root, folder))) {
      sources.set(posix.join(folder, path), await readFile(join(root, folder, path), 'utf8'))
    }
  }
  return sources
}

export function withoutComments(text: string): string {
  return text.replaceAll(COMMENTS_AND_STRINGS, (found) => (/^[/`]/.test(found) ? ' ' : found))
}

/** What the file imports, as written. */
export function importsOf(text: string): readonly string[] {
  const code = withoutComments(text)
  const found = new Set<string>()
  for (const form of IMPORT_FORMS) {
    for (const match of code.matchAll(form)) found.add(match[1] ?? '')
  }
  return [...found].sort()
}

/** The imported file as a path from the root, or undefined for a package. */
export function resolveImport(importer: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return posix.join(posix.dirname(importer), specifier)
}

async function listSources(folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(folder, { recursive: true })
    return names
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => name.endsWith('.ts') && !name.includes('node_modules/'))
      .sort()
  } catch {
    // A folder that is not there yet has no sources; the test asserts which ones must be.
    return []
  }
}
