/**
 * Rules of docs/protocol and who cites them.
 *
 * A **rule** is defined by a line that begins with its number: a heading (`## C.3 Crosslink ...`), a bold word that opens a
 * paragraph, a list item or a table row (`**R4** ...`, `- **R4 Verify** ...`, `| **R4** | ...`). A number in running text is a
 * mention. A heading that ends with `(informative)` defines nothing. Numbers are R1, R2, ... or a capital letter, a dot and a
 * number (`A.7`, `C.3`).
 *
 * A **clause** is a part of a rule: a numbered item of the first level below its heading (`1. ...` under `## A.10` is A.10.1),
 * or a defining line with two dots. Code may cite clauses; citing one cites its rule.
 *
 * A **citation** is the number anywhere in a source file, as a word of its own.
 */

export type RuleBook = {
  /** Rule number to the file that defines it. */
  readonly rules: ReadonlyMap<string, string>
  readonly clauses: ReadonlySet<string>
  /** Numbers defined more than once. */
  readonly repeated: readonly string[]
}

const NUMBER = String.raw`(?:R\d+|[A-Z]\.\d+(?:\.\d+)*)`
const HEADING = new RegExp(String.raw`^#{1,6}\s+(${NUMBER})\b(.*)$`)
const BOLD = new RegExp(String.raw`^\s*(?:[-*]\s+|\|\s*)?\*\*(${NUMBER})(?=[\s.:*])`)
const ITEM = /^(\d+)\. /
/** No digit, letter or dot may touch the number: `IR4`, `R40` and `1.A.2` are something else. */
const CITATION = new RegExp(String.raw`(?<![\w.])${NUMBER}(?![\w]|\.\d)`, 'g')

export function readRules(files: ReadonlyMap<string, string>): RuleBook {
  const rules = new Map<string, string>()
  const clauses = new Set<string>()
  const repeated: string[] = []
  const define = (number: string, file: string): void => {
    if (isClause(number)) clauses.add(number)
    else if (rules.has(number)) repeated.push(number)
    else rules.set(number, file)
  }
  for (const [file, text] of files) {
    let section: string | undefined
    for (const line of withoutFences(text).split('\n')) {
      const heading = HEADING.exec(line)
      if (line.startsWith('#')) section = heading?.[1]
      if (heading?.[1] !== undefined && !/\(informative\)\s*$/.test(heading[2] ?? '')) {
        define(heading[1], file)
      }
      const bold = BOLD.exec(line)?.[1]
      if (bold !== undefined) define(bold, file)
      const item = ITEM.exec(line)?.[1]
      if (item !== undefined && section !== undefined) clauses.add(`${section}.${item}`)
    }
  }
  return { rules, clauses, repeated }
}

/** Every number cited in the text, and for a clause also its rule. */
export function citationsOf(text: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [number] of text.matchAll(CITATION)) {
    found.add(number)
    found.add(ruleOf(number))
  }
  return found
}

/** Rules of the book that none of the texts cites. */
export function uncited({ rules }: RuleBook, texts: Iterable<string>): readonly string[] {
  const cited = new Set<string>()
  for (const text of texts) for (const number of citationsOf(text)) cited.add(number)
  return [...rules.keys()].filter((number) => !cited.has(number)).sort(compareNumbers)
}

/** Citations of what the book does not define, as `file: number`. */
export function undefinedCitations(
  { rules, clauses }: RuleBook,
  sources: ReadonlyMap<string, string>,
): readonly string[] {
  const found: string[] = []
  for (const [file, text] of sources) {
    for (const number of citationsOf(text)) {
      if (!rules.has(number) && !clauses.has(number)) found.push(`${file}: ${number}`)
    }
  }
  return found
}

function isClause(number: string): boolean {
  return ruleOf(number) !== number
}

function ruleOf(number: string): string {
  return number.startsWith('R') ? number : number.split('.').slice(0, 2).join('.')
}

function withoutFences(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '')
}

function compareNumbers(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true })
}
