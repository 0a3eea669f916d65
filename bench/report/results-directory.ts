/**
 * Where a measurement leaves what it found: one directory per run, with metadata.json from the start and the other files
 * written anew as results come in.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describeRun } from './metadata.ts'

export type ResultsDirectory = {
  readonly path: string
  readonly metadata: Record<string, unknown>
  /** Text as it is, everything else as JSON. */
  readonly write: (files: Readonly<Record<string, unknown>>) => Promise<void>
}

export async function openResults(options: { readonly out?: string }): Promise<ResultsDirectory> {
  const path = resolve(options.out ?? join('bench', 'results', timestamp()))
  await mkdir(path, { recursive: true })
  const metadata = await describeRun({ ...options })
  const write = async (files: Readonly<Record<string, unknown>>): Promise<void> => {
    await Promise.all(
      Object.entries(files).map(([name, content]) =>
        writeFile(join(path, name), typeof content === 'string' ? content : toFile(content)),
      ),
    )
  }
  await write({ 'metadata.json': metadata })
  return { path, metadata, write }
}

function toFile(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** 2026-11-22T08-30-00: sorts by time and is a file name everywhere. */
function timestamp(): string {
  return new Date().toISOString().slice(0, 19).replaceAll(':', '-')
}
