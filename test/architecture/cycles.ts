/**
 * Import cycles, types included: two files that need each other are one concept cut in the wrong place.
 */
import { importsOf, resolveImport, type SourceMap } from './source.ts'

type Visit = { readonly file: string; readonly rest: string[] }

/** One representative per back edge, as a path that ends where it began. Iterative depth-first search. */
export function findCycles(sources: SourceMap): readonly (readonly string[])[] {
  const targets = new Map(
    [...sources].map(([file, text]) => [file, targetsOf(file, text, sources)]),
  )
  const cycles: string[][] = []
  const done = new Set<string>()
  for (const root of sources.keys()) {
    if (done.has(root)) continue
    const path: Visit[] = [{ file: root, rest: [...(targets.get(root) ?? [])] }]
    while (path.length > 0) {
      const visit = path[path.length - 1]
      const next = visit?.rest.pop()
      if (next === undefined) {
        done.add(visit?.file ?? '')
        path.pop()
        continue
      }
      const start = path.findIndex(({ file }) => file === next)
      if (start >= 0) cycles.push([...path.slice(start).map(({ file }) => file), next])
      else if (!done.has(next)) path.push({ file: next, rest: [...(targets.get(next) ?? [])] })
    }
  }
  return cycles
}

function targetsOf(file: string, text: string, sources: SourceMap): readonly string[] {
  return importsOf(text)
    .map((specifier) => resolveImport(file, specifier))
    .filter((target) => target !== undefined)
    .filter((target) => sources.has(target))
}
