/**
 * Reading the documents: which there are, their links, their headings, and the paths and symbols they name.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'

export type Document = {
  /** From the root of the repository, with slashes. */
  readonly path: string
  readonly text: string
}

export type NamedSymbol = { readonly name: string; readonly file: string }

/** Folders that are not ours or not kept. */
const SKIPPED = new Set(['node_modules', '.git', '.weft', 'results'])

export async function readDocuments(root: string, folder = ''): Promise<readonly Document[]> {
  const documents: Document[] = []
  const entries = await readdir(join(root, folder), { withFileTypes: true })
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) {
      documents.push(...(await readDocuments(root, path)))
    } else if (entry.isFile() && entry.name.endsWith('.md')) {
      documents.push({ path, text: await readFile(join(root, path), 'utf8') })
    }
  }
  return documents
}

/** Without fenced and indented code, where brackets mean other things. */
function proseOf(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '').replace(/^ {4}.*$/gm, '')
}

/** Targets of links that point into the repository. */
export function relativeLinks({ text }: Document): readonly string[] {
  const targets = [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '')
  return targets.filter((target) => !/^[a-z]+:/.test(target))
}

/** A link's file as a path from the root, and its anchor if it has one. */
export function resolveLink(
  document: Document,
  target: string,
): { readonly path: string; readonly anchor: string | undefined } {
  const [file = '', anchor] = target.split('#')
  const path = file === '' ? document.path : posix.join(posix.dirname(document.path), file)
  return { path, anchor }
}

/** Anchors as GitHub makes them of headings. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#{1,6}\s+(.+)$/gm)].map((match) => match[1] ?? '')
  return new Set(
    headings.map((heading) =>
      heading
        .trim()
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** Files and folders of the repository named in backticks; patterns and placeholders are left out. */
export function namedPaths(text: string): readonly string[] {
  const names = [...proseOf(text).matchAll(/`((?:node|devnet|bench|test|docs)\/[^`\s]*)`/g)]
  return names.map((match) => match[1] ?? '').filter((name) => !/[*{}<>|:#]/.test(name))
}

/** `symbol`, `symbol` and `symbol` (`path/file.ts`). */
export function namedSymbols(text: string): readonly NamedSymbol[] {
  const one = String.raw`\x60[A-Za-z_$][\w$]*(?:\(\))?\x60`
  const list = new RegExp(
    String.raw`((?:${one}(?:,\s+|,?\s+and\s+))*${one})\s+\(\x60([\w./-]+\.ts)\x60\)`,
    'g',
  )
  return [...text.matchAll(list)].flatMap(([, names = '', file = '']) =>
    [...names.matchAll(/`([\w$]+)/g)].map((match) => ({ name: match[1] ?? '', file })),
  )
}

/** First cells of all table rows that hold one backticked word. */
export function tableEntries(text: string): readonly string[] {
  return [...text.matchAll(/^\|\s*`([^`]+)`\s*\|/gm)].map((match) => match[1] ?? '')
}

/** Scripts of package.json that the text tells the reader to run. */
export function namedScripts(text: string): readonly string[] {
  const run = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map((match) => match[1] ?? '')
  const short = [...text.matchAll(/\bnpm (start|test)\b/g)].map((match) => match[1] ?? '')
  return [...new Set([...run, ...short])]
}
