/**
 * What the experiments beside the sweep share: a directory of results, progress on the error stream, a report, the end with
 * 1 when a run is void.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandError } from '../../node/cli/command-error.ts'
import { runsAsCsv } from '../report/csv.ts'
import { writePage, type Page } from '../report/page.ts'
import { openResults, type ResultsDirectory } from '../report/results-directory.ts'
import type { MeasureSurroundings } from '../run/measured-network.ts'

export type ExperimentOptions = { readonly out?: string; readonly json?: boolean }

export type Experiment = MeasureSurroundings & { readonly directory: ResultsDirectory }

/** A run, as far as all experiments agree: flat figures, and whether it counts. */
type AnyRun = { readonly audit: string }

export async function beginExperiment(options: ExperimentOptions): Promise<Experiment> {
  const directory = await openResults(options)
  return {
    directory,
    dataDirectory: join(directory.path, 'devnet'),
    onProgress: (sentence) => process.stderr.write(`  ${sentence}\n`),
  }
}

/** Writes what was found so far; called after every run, so that an interrupted experiment keeps what it has. */
export async function saveExperiment(
  { directory, dataDirectory }: Experiment,
  runs: readonly AnyRun[],
  page: Omit<Page, 'metadata'>,
): Promise<void> {
  const { metadata } = directory
  await rm(dataDirectory, { recursive: true, force: true })
  await directory.write({
    'results.json': { metadata, runs },
    'results.csv': runsAsCsv({ runs }),
    'report.html': writePage({ ...page, metadata }),
  })
}

/** Prints the table or the JSON; throws when a run is void. */
export function endExperiment(
  { directory }: Experiment,
  { json }: ExperimentOptions,
  { runs, lines }: { readonly runs: readonly AnyRun[]; readonly lines: readonly string[] },
): void {
  const { path } = directory
  const text =
    json === true
      ? JSON.stringify({ event: 'result', directory: path, runs })
      : [...lines, `Results are in ${path}`].join('\n')
  process.stdout.write(`${text}\n`)
  const voids = runs.filter(({ audit }) => audit !== 'ok')
  if (voids.length > 0) {
    throw new CommandError(`${voids.length} of ${runs.length} runs are void: ${voids[0]?.audit}`)
  }
}
