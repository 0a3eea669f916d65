/** `weft run`: one short scenario on real processes, and how the command ends. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startWeft, type WeftProcess } from './weft-process.ts'

const temporary = process.env['TMPDIR']
let directory: string
let started: WeftProcess[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-test-'))
  // Where a run makes its own directory, which must be gone afterwards.
  process.env['TMPDIR'] = directory
})

afterEach(async () => {
  if (temporary === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = temporary
  for (const { child } of started) child.kill('SIGKILL')
  started = []
  await rm(directory, { recursive: true, force: true })
})

async function run(text: string, ...words: readonly string[]): Promise<WeftProcess> {
  const file = join(directory, 'scenario.yaml')
  await writeFile(file, text)
  const one = startWeft('run', file, '--json', ...words)
  started.push(one)
  return one
}

/** Processes that were started for this directory, where the system can tell. */
async function processesLeft(): Promise<readonly string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^[0-9]+$/.test(name))
  const lines = await Promise.all(
    pids.map((pid) => readFile(join('/proc', pid, 'cmdline'), 'latin1').catch(() => '')),
  )
  return lines.filter((line) => line.includes(`${directory}/weft-run-`))
}

async function expectNothingLeft(): Promise<void> {
  const entries = await readdir(directory)
  expect(entries.filter((name) => name.startsWith('weft-run-'))).toEqual([])
  expect(await processesLeft()).toEqual([])
}

const SMALL = `name: short
story: The node that proposes next dies and comes back.
network:
  shards: 1
  validators: 4
load:
  tps: 10
  cross-shard: 0%
`
/** The machine that runs the tests may be busy. */
const REAL = ['--engine', 'processes', '--patience', '4'] as const

describe('devnet: run', () => {
  test('devnet: run: a scenario on real processes is narrated, ends ok and leaves nothing', async () => {
    const weft = await run(
      `${SMALL}steps:
  - within 30s: expect settled >= 5
  - crash beacon-leader
  - within 30s: expect shard 1 advances 3 blocks
`,
      ...REAL,
    )
    expect(await weft.exit, weft.stderr()).toBe(0)
    const steps = weft.lines.filter(({ event }) => event === 'step')
    expect(steps.map(({ line, ok }) => [line, ok])).toEqual([
      [10, true],
      [11, true],
      [12, true],
    ])
    const phases = weft.lines.filter(({ event }) => event === 'phase')
    expect(phases).toHaveLength(4)
    // The independent audit, both ways.
    expect(phases.at(-1)?.['seen']).toMatch(/^over RPC 4 nodes: .*; on the disks of 4 nodes: /)
    expect(weft.lines.at(-1)).toMatchObject({
      event: 'result',
      ok: true,
      hash: null,
      violations: [],
    })
    await expectNothingLeft()
  })

  test('devnet: run: an interrupted scenario stops its network and leaves nothing', async () => {
    const weft = await run(`${SMALL}steps:\n  - wait 10m\n`, ...REAL)
    await weft.event('ready')
    weft.child.kill('SIGINT')
    expect(await weft.exit).toBe(1)
    expect(weft.lines.at(-2)).toMatchObject({
      event: 'result',
      ok: false,
      violations: ['interrupted'],
    })
    await expectNothingLeft()
  })

  test('devnet: run: a scenario that does not hold ends with 1 and the command that replays it', async () => {
    const weft = await run(`${SMALL}steps:\n  - expect settled >= 1000\n`, '--seed', '5')
    expect(await weft.exit).toBe(1)
    expect(weft.stderr()).toContain(`npx weft run ${directory}/scenario.yaml --engine sim --seed 5`)
  })

  test('devnet: run: a file that makes no sense ends with 2 and the line at fault', async () => {
    const weft = await run(`${SMALL}steps:\n  - heal\n  - explode node:1\n`)
    expect(await weft.exit).toBe(2)
    expect(weft.stderr()).toContain('scenario.yaml:11: `explode` is no verb')
  })
})
