/**
 * The bundle of a devnet's programs: complete, kept while its sources are unchanged, made anew otherwise.
 */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  filesOfBundle,
  isCurrent,
  preparePrograms,
  PROGRAMS,
} from '../../../devnet/processes/bundle.ts'
import { makeBundle } from '../../../devnet/processes/make-bundle.ts'

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'weft-bundle-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return join(directory, 'bundle')
}

test('devnet: bundle: every program is a file, made once and then kept', async () => {
  const bundle = await temporaryDirectory()
  const directories = { bundle, compileCache: join(bundle, '..', 'compile-cache') }
  const signal = new AbortController().signal
  const files = await preparePrograms(directories, signal)
  for (const name of Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[]) {
    expect((await stat(files[name])).size).toBeGreaterThan(0)
  }
  expect((await readdir(directories.compileCache)).length).toBeGreaterThan(0)
  const before = await stat(files.node)
  await preparePrograms(directories, signal)
  expect((await stat(files.node)).mtimeMs).toBe(before.mtimeMs)
})

test('devnet: bundle: it is not used again when a source has changed or the manifest is missing', async () => {
  const directory = await temporaryDirectory()
  await makeBundle(directory)
  expect(await isCurrent(directory)).toBe(true)
  const { manifest } = filesOfBundle(directory)
  const parsed = JSON.parse(await readFile(manifest, 'utf8')) as { inputs: [string, string][] }
  // As if this source had another size and time when the bundle was made.
  const changed = parsed.inputs.map(([path, stamp]) =>
    path.endsWith('node/consensus/engine.ts') ? [path, '1 1'] : [path, stamp],
  )
  expect(changed).not.toEqual(parsed.inputs)
  await writeFile(manifest, JSON.stringify({ ...parsed, inputs: changed }))
  expect(await isCurrent(directory)).toBe(false)
  await rm(manifest)
  expect(await isCurrent(directory)).toBe(false)
})

test('devnet: bundle: nothing in it loads a source of ours or a builtin by import', async () => {
  const directory = await temporaryDirectory()
  await makeBundle(directory)
  for (const name of (await readdir(directory)).filter((file) => file.endsWith('.mjs'))) {
    const text = await readFile(join(directory, name), 'utf8')
    expect(text).not.toMatch(/from\s*["'](node:(?!module)|\/|\.\.)/)
    expect(text).not.toMatch(/\.ts["'],\s*import\.meta/)
  }
})
