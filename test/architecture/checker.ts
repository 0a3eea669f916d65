/**
 * The architecture checker: a function from sources to violations. The test runs it over the tree, and over planted files
 * to prove that it can see each kind of wrong.
 */
import { basename } from 'node:path/posix'
import {
  BANNED_NAMES,
  CONFINED_PACKAGES,
  DEFAULT_EXPORT_ALLOWED,
  LINES_MAX,
  PURE_PACKAGES,
  PURE_ROW_MAX,
  ROWS,
  TEST_FOLDER,
} from './rows.ts'
import { findCycles } from './cycles.ts'
import { importsOf, resolveImport, withoutComments, type SourceMap } from './source.ts'

export type Violation = {
  readonly rule:
    | 'row'
    | 'purity'
    | 'wiring'
    | 'package'
    | 'missing'
    | 'cycle'
    | 'export'
    | 'name'
    | 'length'
    | 'doc'
  readonly file: string
  readonly detail: string
}

type Place = { readonly folder: string; readonly row: number; readonly io: boolean }

export function checkArchitecture(sources: SourceMap): readonly Violation[] {
  const violations: Violation[] = []
  for (const [file, text] of sources) {
    violations.push(...checkShape(file, text))
    for (const specifier of importsOf(text)) {
      const target = resolveImport(file, specifier)
      if (target === undefined) violations.push(...checkPackage(file, specifier))
      else if (!sources.has(target)) violations.push(missing(file, specifier))
      else violations.push(...checkImport(file, target))
    }
  }
  for (const cycle of findCycles(sources)) {
    violations.push({ rule: 'cycle', file: cycle[0] ?? '', detail: cycle.join(' -> ') })
  }
  return violations
}

function placeOf(file: string): Place | undefined {
  const folder = Object.keys(ROWS).find((name) => file.startsWith(`${name}/`))
  if (folder === undefined) return undefined
  return { folder, row: ROWS[folder] ?? Number.NaN, io: file.includes('/io/') }
}

function isPure(place: Place): boolean {
  return place.row <= PURE_ROW_MAX && !place.io
}

/** Own files: the direction of rows, and the walls around io/. */
function checkImport(file: string, target: string): readonly Violation[] {
  if (file.startsWith(`${TEST_FOLDER}/`)) return []
  const [from, to] = [placeOf(file), placeOf(target)]
  if (from === undefined || to === undefined) {
    return [{ rule: 'row', file, detail: `${target} stands in no row below` }]
  }
  const found: Violation[] = []
  if (from.folder !== to.folder && from.row <= to.row) {
    const direction = from.row === to.row ? 'sideways' : 'up'
    found.push({ rule: 'row', file, detail: `imports ${direction}: ${target}` })
  }
  if (to.io && to.row <= PURE_ROW_MAX && isPure(from)) {
    found.push({ rule: 'wiring', file, detail: `pure code imports ${target}` })
  }
  return found
}

/** Packages and node modules: pure code has a short list, some packages have one home. */
function checkPackage(file: string, specifier: string): readonly Violation[] {
  if (file.startsWith(`${TEST_FOLDER}/`)) return []
  const found: Violation[] = []
  const place = placeOf(file)
  if (place !== undefined && isPure(place) && !names(PURE_PACKAGES, specifier)) {
    found.push({ rule: 'purity', file, detail: `pure code imports ${specifier}` })
  }
  for (const { packages, folders } of CONFINED_PACKAGES) {
    if (names(packages, specifier) && !folders.some((folder) => file.startsWith(folder))) {
      const home = folders.join(' or ')
      found.push({ rule: 'package', file, detail: `${specifier} is imported outside of ${home}` })
    }
  }
  return found
}

/** An entry names a package with its subpaths, or a whole scope when it ends with a slash or hyphen. */
function names(entries: readonly string[], specifier: string): boolean {
  return entries.some(
    (entry) =>
      specifier === entry ||
      specifier.startsWith(`${entry}/`) ||
      (/[/-]$/.test(entry) && specifier.startsWith(entry)),
  )
}

function missing(file: string, specifier: string): Violation {
  return { rule: 'missing', file, detail: `${specifier} is no source file (imports end with .ts)` }
}

function checkShape(file: string, text: string): readonly Violation[] {
  const found: Violation[] = []
  const complain = (rule: Violation['rule'], detail: string): void => {
    found.push({ rule, file, detail })
  }
  const name = basename(file).replace(/(\.test|\.config)?\.ts$/, '')
  if (BANNED_NAMES.includes(name)) complain('name', `${name} says nothing`)
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) complain('name', 'file names are kebab-case')
  const lineCount = text.trimEnd().split('\n').length
  if (lineCount > LINES_MAX) complain('length', `${lineCount} lines, at most ${LINES_MAX}`)
  // A test's first line is its describe, which says the same.
  if (!text.startsWith('/**') && !file.endsWith('.test.ts'))
    complain('doc', 'a module opens with its documentation')
  const code = withoutComments(text)
  if (/^export default\b/m.test(code) && !DEFAULT_EXPORT_ALLOWED.includes(file)) {
    complain('export', 'exports have names')
  }
  if (/^export\s+(?:type\s+)?(?:\*|\{[^}]*\}\s*from\b)/m.test(code)) {
    complain('export', 'what another module holds is imported from there')
  }
  return found
}
