/** Do the documents still say what is there? And would we notice if they did not? */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { present } from '../node/primitives/assert.ts'
import { ROWS } from './architecture/rows.ts'
import { withoutComments } from './architecture/source.ts'
import {
  anchorsOf,
  namedPaths,
  namedScripts,
  namedSymbols,
  readDocuments,
  relativeLinks,
  resolveLink,
  tableEntries,
} from './documents/markdown.ts'

const root = join(import.meta.dirname, '..')
const documents = await readDocuments(root)
const textOf = (path: string): string =>
  present(
    documents.find((document) => document.path === path),
    `${path} is there`,
  ).text

type Manifest = {
  readonly version: string
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
}
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest

describe('docs: what they name', () => {
  test('docs: what they name: the test saw the documents', () => {
    expect(documents.length).toBeGreaterThan(20)
    expect(documents.flatMap(relativeLinks).length).toBeGreaterThan(50)
  })

  test('docs: what they name: every relative link and anchor resolves', () => {
    const broken = documents.flatMap((document) =>
      relativeLinks(document)
        .filter((target) => {
          const { path, anchor } = resolveLink(document, target)
          if (!existsSync(join(root, path))) return true
          return anchor !== undefined && !anchorsOf(textOf(path)).has(anchor)
        })
        .map((target) => `${document.path}: ${target}`),
    )
    expect(broken).toEqual([])
  })

  test('docs: what they name: every path in backticks exists', () => {
    const missing = documents.flatMap(({ path, text }) =>
      namedPaths(text)
        .filter((name) => !existsSync(join(root, name)))
        .map((name) => `${path}: ${name}`),
    )
    expect(missing).toEqual([])
  })

  test('docs: what they name: every script exists', () => {
    const missing = documents.flatMap(({ path, text }) =>
      namedScripts(text)
        .filter((name) => manifest.scripts[name] === undefined)
        .map((name) => `${path}: npm run ${name}`),
    )
    expect(missing).toEqual([])
  })
})

describe('docs: architecture', () => {
  const architecture = textOf('ARCHITECTURE.md')

  test('docs: architecture: every symbol named with a file stands in that file', async () => {
    const symbols = namedSymbols(architecture)
    expect(symbols.length).toBeGreaterThan(40)
    const missing: string[] = []
    for (const { name, file } of symbols) {
      const code = existsSync(join(root, file))
        ? withoutComments(await readFile(join(root, file), 'utf8'))
        : ''
      if (!new RegExp(String.raw`\b${name}\b`).test(code)) missing.push(`${name} (${file})`)
    }
    expect(missing).toEqual([])
  })

  test('docs: architecture: the matrix lists the folders of the import rule that exist', () => {
    const folders = Object.keys(ROWS).filter((folder) => existsSync(join(root, folder)))
    expect(tableEntries(architecture).toSorted()).toEqual(folders.toSorted())
  })
})

describe('docs: dependencies', () => {
  test('docs: dependencies: every dependency has a line, and every line a dependency', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest
    const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
    expect(tableEntries(textOf('docs/dependencies.md')).toSorted()).toEqual(names.toSorted())
  })

  test('docs: dependencies: versions are exact', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest
    const versions = Object.values({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
    })
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  })
})

describe('docs: decisions', () => {
  const records = documents.filter(({ path }) => /^docs\/decisions\/\d{4}-/.test(path))

  test('docs: decisions: they are numbered without gaps and listed', () => {
    const numbers = records.map(({ path }) =>
      Number(path.slice('docs/decisions/'.length).slice(0, 4)),
    )
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    const listed = relativeLinks({
      path: 'docs/decisions/README.md',
      text: textOf('docs/decisions/README.md'),
    })
    expect(listed.map((link) => `docs/decisions/${link}`)).toEqual(records.map(({ path }) => path))
  })

  test.each(records)(
    'docs: decisions: $path gives context, decision and consequences',
    ({ text }) => {
      const headings = [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1])
      expect(headings).toEqual(['Context', 'Decision', 'Consequences'])
    },
  )
})

describe('docs: the change log', () => {
  test('docs: the change log: it knows the version of package.json', () => {
    expect(textOf('CHANGELOG.md')).toContain(`## ${manifest.version}`)
  })
})

describe('docs: the reader', () => {
  test('docs: the reader: it finds links, anchors, paths, symbols and scripts', () => {
    const text = [
      '# One: two',
      'See [a](a.md#one-two), [b](https://example.org), `node/x.ts` and `node/*/y.ts`.',
      '`first`, `second()` and `third` (`node/x.ts`); run `npm run lint` or `npm start`.',
      '    [no](link.md)',
      '| `entry` | text |',
    ].join('\n')
    expect(relativeLinks({ path: 'docs/x.md', text })).toEqual(['a.md#one-two'])
    expect(resolveLink({ path: 'docs/x.md', text }, 'a.md#one-two')).toEqual({
      path: 'docs/a.md',
      anchor: 'one-two',
    })
    expect([...anchorsOf(text)]).toEqual(['one-two'])
    expect(namedPaths(text)).toEqual(['node/x.ts', 'node/x.ts'])
    expect(namedSymbols(text)).toEqual(
      ['first', 'second', 'third'].map((name) => ({ name, file: 'node/x.ts' })),
    )
    expect(namedScripts(text)).toEqual(['lint', 'start'])
    expect(tableEntries(text)).toEqual(['entry'])
  })
})
