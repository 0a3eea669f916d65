/**
 * `weft bench compare BEFORE AFTER`: two directories of results.
 */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError } from '../../node/cli/command-error.ts'
import {
  comparableSchema,
  compareSweeps,
  comparisonTable,
  differentMachines,
  type Comparable,
} from '../report/compare.ts'

export async function compare(
  before: string,
  after: string,
  options: { readonly json?: boolean },
): Promise<void> {
  const [old, young] = await Promise.all([readResults(before), readResults(after)])
  const changes = compareSweeps(old, young)
  if (changes.length === 0) {
    throw new CommandError(`${before} and ${after} have no point in common`)
  }
  const warning = differentMachines(old, young)
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ event: 'result', changes, warning })}\n`)
    return
  }
  const lines = [
    ...comparisonTable(changes),
    ...(warning === undefined ? [] : [`Note: ${warning}`]),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** A directory of a run, or its results.json. */
async function readResults(path: string): Promise<Comparable> {
  const named = await stat(path).catch(() => undefined)
  if (named === undefined)
    throw new CommandError(`there is no ${path}; give directories of results`)
  const file = named.isDirectory() ? join(path, 'results.json') : path
  try {
    return comparableSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    throw new CommandError(`${file} is not the results.json of a sweep`, { cause: error })
  }
}
