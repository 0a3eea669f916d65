/**
 * The bundle of a devnet's programs: complete, kept while its sources are unchanged, made anew otherwise.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeBundle } from '../../../devnet/processes/bundle.ts'

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'weft-bundle-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return join(directory, 'bundle')
}

test('devnet: bundle: every program is a file, and an unchanged bundle is kept', async () => {
  const directory = await temporaryDirectory()
  const made = await makeBundle(directory)
  expect(made.isNew).toBe(true)
  for (const file of Object.values(made.files)) expect((await stat(file)).size).toBeGreaterThan(0)
  expect(await makeBundle(directory)).toEqual({ files: made.files, isNew: false })
})

test('devnet: bundle: a source that changed, or a manifest that is missing, makes it anew', async () => {
  const directory = await temporaryDirectory()
  await makeBundle(directory)
  const manifest = join(directory, 'manifest.json')
  const text = await readFile(manifest, 'utf8')
  const parsed = JSON.parse(text) as { inputs: [string, string][] }
  // As if this source had another size and time when the bundle was made.
  const changed = parsed.inputs.map(([path, stamp]) =>
    path.endsWith('node/consensus/engine.ts') ? [path, '1 1'] : [path, stamp],
  )
  expect(changed).not.toEqual(parsed.inputs)
  await writeFile(manifest, JSON.stringify({ ...parsed, inputs: changed }))
  expect((await makeBundle(directory)).isNew).toBe(true)
  await rm(manifest)
  expect((await makeBundle(directory)).isNew).toBe(true)
})

test('devnet: bundle: nothing in it loads a source of ours or a builtin by import', async () => {
  const { files } = await makeBundle(await temporaryDirectory())
  for (const file of Object.values(files)) {
    const text = await readFile(file, 'utf8')
    expect(text).not.toMatch(/from\s*["'](node:(?!module)|\/|\.\.)/)
    expect(text).not.toMatch(/\.ts["'],\s*import\.meta/)
  }
})
