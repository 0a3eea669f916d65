/**
 * The compiler and the linter guard the purity of the core as well (tsconfig.core.json, .oxlintrc.json). Both are run here
 * on planted files in a directory of their own: a guard that was switched off, or that a dependency's types opened, fails.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const TIMEOUT_MS = 60_000

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-guards-'))
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  for (const file of ['package.json', 'tsconfig.json', 'tsconfig.core.json', '.oxlintrc.json']) {
    await cp(join(root, file), join(directory, file))
  }
})
afterEach(() => rm(directory, { recursive: true }))

async function plant(path: string, code: string): Promise<void> {
  const file = join(directory, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, code)
}

/** Runs a tool of node_modules with this node; its output whatever its exit code. */
function run(tool: string, ...options: string[]): Promise<string> {
  return new Promise((resolve) => {
    const command = [join(root, 'node_modules', tool), ...options]
    execFile(process.execPath, command, { cwd: directory }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })
}

describe('architecture: the compiler', () => {
  it(
    'architecture: the compiler: pure code knows no timer, process, network, disk or console',
    async () => {
      // The real pure folders are in the program too: if the types of one dependency opened a door, it is open here.
      await cp(join(root, 'node'), join(directory, 'node'), { recursive: true })
      const lines = [
        `/** Planted. */`,
        `export const a = () => setTimeout(() => {}, 1)`,
        `export const b = () => process.exit(1)`,
        `export const c = () => fetch('http://localhost')`,
        `export { readFileSync } from 'node:fs'`,
        `export const d = () => console.log('x')`,
        `export const e = () => Buffer.alloc(1)`,
        `export const f = () => performance.now()`,
        `export const g = () => crypto.getRandomValues(new Uint8Array(1))`,
        `export const harmless = () => new Uint8Array(1).toString()`,
      ]
      await plant('node/consensus/planted.ts', lines.join('\n'))
      await plant('node/consensus/io/planted.ts', lines.join('\n'))
      const output = await run(
        'typescript/bin/tsc',
        '-p',
        'tsconfig.core.json',
        '--pretty',
        'false',
      )
      const planted = output.split('\n').filter((line) => line.includes('planted.ts'))
      const seen = planted.map((line) => Number(/planted\.ts\((\d+),/.exec(line)?.[1]))
      expect([...new Set(seen)].sort((left, right) => left - right)).toEqual([
        2, 3, 4, 5, 6, 7, 8, 9,
      ])
      expect(planted.filter((line) => line.includes('/io/'))).toEqual([])
    },
    TIMEOUT_MS,
  )
})

describe('architecture: the linter', () => {
  const code = `/** Planted. */
export const now = () => Date.now()
export const dice = () => Math.random()
export const loose = (value: any) => value
export const sure = (value: string | undefined) => value!
async function later() {}
export const floating = () => {
  later()
}
export default now
`
  const everywhere = [
    'typescript(no-explicit-any)',
    'typescript(no-non-null-assertion)',
    'typescript(no-floating-promises)',
    'import(no-default-export)',
  ]
  const pureOnly = ['eslint(no-restricted-globals)', 'eslint(no-restricted-properties)']

  async function rulesBrokenIn(path: string): Promise<readonly string[]> {
    await plant(path, code)
    const output = await run('oxlint/bin/oxlint', '--type-aware', '--format', 'json', path)
    const report = JSON.parse(output) as {
      readonly diagnostics: readonly { readonly code: string }[]
    }
    return report.diagnostics.map((diagnostic) => diagnostic.code)
  }

  it(
    'architecture: the linter: pure code has no clock and no dice, and nobody hides from the types',
    async () => {
      const broken = await rulesBrokenIn('node/consensus/planted.ts')
      expect(broken).toEqual(expect.arrayContaining([...everywhere, ...pureOnly]))
    },
    TIMEOUT_MS,
  )

  it(
    'architecture: the linter: io may read the clock, the other rules hold there too',
    async () => {
      const broken = await rulesBrokenIn('node/consensus/io/planted.ts')
      expect(broken).toEqual(expect.arrayContaining(everywhere))
      for (const rule of pureOnly) expect(broken).not.toContain(rule)
    },
    TIMEOUT_MS,
  )
})
