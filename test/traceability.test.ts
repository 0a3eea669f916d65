/** Is every rule of the protocol enforced somewhere, and tested somewhere? Both are told by its number. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSources } from './architecture/source.ts'
import { citationsOf, readRules, uncited, undefinedCitations } from './traceability/rules.ts'

const root = join(import.meta.dirname, '..')
const book = readRules(await readProtocol())
const code = await readSources(root, ['node'])
const tests = new Map(
  [...(await readSources(root, ['test']))].filter(
    ([file]) => !file.startsWith('test/traceability'),
  ),
)

async function readProtocol(): Promise<ReadonlyMap<string, string>> {
  const folder = join(root, 'docs', 'protocol')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md')).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return new Map(names.map((name, index) => [name, texts[index] ?? '']))
}

describe('traceability: the protocol', () => {
  test('traceability: the protocol: the rules of consensus, beacon and crosslinks are there', () => {
    for (let number = 1; number <= 17; number++)
      expect([...book.rules.keys()]).toContain(`R${number}`)
    for (let number = 1; number <= 8; number++)
      expect([...book.rules.keys()]).toContain(`C.${number}`)
    const letters = new Set([...book.rules.keys()].map((number) => number[0]))
    expect([...letters]).toEqual(expect.arrayContaining(['A', 'B', 'C', 'R']))
    expect(book.repeated).toEqual([])
  })

  test('traceability: the protocol: every rule is cited by code', () => {
    expect(code.size).toBeGreaterThan(100)
    expect(uncited(book, code.values())).toEqual([])
  })

  test('traceability: the protocol: every rule is cited by a test', () => {
    expect(tests.size).toBeGreaterThan(50)
    expect(uncited(book, tests.values())).toEqual([])
  })

  test('traceability: the protocol: what code and tests cite is defined', () => {
    expect(undefinedCitations(book, new Map([...code, ...tests]))).toEqual([])
  })
})

describe('traceability: the reader', () => {
  const planted = readRules(
    new Map([
      [
        'planted.md',
        [
          '# Rules R1 to R3 and C.1',
          '## C.1 Header',
          'C.9 in running text defines nothing, nor does R8.',
          '## C.2 History (informative)',
          '**R1** Enter. **R7** is only mentioned here.',
          '- **R2 Propose**: see R9.',
          '| **R3** | in a table |',
          '## A.10 Restart',
          '1. The first clause.',
          '   2. no clause: an item inside of an item',
          '**A.11.2** A clause by name.',
          '```',
          '## C.5 in a listing',
          '```',
          '## C.1 again',
        ].join('\n'),
      ],
    ]),
  )

  test('traceability: the reader: headings and bold openings define rules, running text does not', () => {
    expect([...planted.rules.keys()]).toEqual(['C.1', 'R1', 'R2', 'R3', 'A.10'])
    expect([...planted.clauses]).toEqual(['A.10.1', 'A.11.2'])
    expect(planted.repeated).toEqual(['C.1'])
  })

  test('traceability: the reader: a number is cited as a word of its own, a clause cites its rule', () => {
    const text = '// R1, (C.1), A.10.1: but not R20x, xR3, 1.C.4 or RFC.8'
    expect([...citationsOf(text)]).toEqual(['R1', 'C.1', 'A.10.1', 'A.10'])
  })

  test('traceability: the reader: it names rules that nobody cites and citations of nothing', () => {
    expect(uncited(planted, ['// R1 and A.10.1', '// C.1'])).toEqual(['R2', 'R3'])
    const sources = new Map([['node/x.ts', '// R1, R44, A.10.1, A.10.2']])
    expect(undefinedCitations(planted, sources)).toEqual(['node/x.ts: R44', 'node/x.ts: A.10.2'])
  })
})
