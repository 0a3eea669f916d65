/** Faults in real processes, ordered from another terminal: what each does, that the network bears it, and what is left. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  pidsOf,
  remainsOf,
  startWeft,
  untilGone,
  type Line,
  type WeftProcess,
} from './weft-process.ts'

let directory: string
let network: string
let started: WeftProcess[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-fault-test-'))
  network = join(directory, 'net')
})

afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL')
  await untilGone(started.flatMap(pidsOf))
  started = []
  await rm(directory, { recursive: true, force: true })
})

function weft(...words: readonly string[]): WeftProcess {
  const one = startWeft('devnet', ...words, '--json', '--data', network)
  started.push(one)
  return one
}

function up(): WeftProcess {
  const size = ['--shards', '1', '--validators', '4', '--scheme', 'ed25519']
  return weft('up', ...size, '--load', '10')
}

async function fault(...words: readonly string[]): Promise<void> {
  const order = weft('fault', ...words)
  expect(await order.exit, order.stderr()).toBe(0)
}

async function metricsOf(node: number): Promise<string> {
  const log = await readFile(join(network, 'nodes', `${node}`, 'node.log'), 'utf8')
  const answer = await fetch(`${/http:[^\s]+/.exec(log)?.[0]}/metrics`)
  return answer.text()
}

const heightOf = (tick: Line): number =>
  (tick['shards'] as readonly { height: number }[])[0]?.height ?? 0
const isTick = ({ event }: Line): boolean => event === 'tick'

/** Resolves when the shard has finalized two more blocks than at the next tick: one could have been on its way. */
async function advances(devnet: WeftProcess): Promise<void> {
  const from = heightOf(await devnet.next(isTick))
  await devnet.next((line) => isTick(line) && heightOf(line) >= from + 2)
}

async function hasUp(devnet: WeftProcess, count: number): Promise<void> {
  await devnet.next((line) => isTick(line) && line['validatorsUp'] === count)
}

describe('devnet: fault', () => {
  test('devnet: fault: four validators bear every fault that one of them may have, and stand still without a quorum', async () => {
    const devnet = up()
    await devnet.event('tick')

    const killed = devnet.next(({ event }) => event === 'exit')
    await fault('kill', 'node:3')
    expect(await killed).toMatchObject({ node: 3, signal: 'SIGKILL', order: 'crash' })
    await hasUp(devnet, 3)
    await advances(devnet)
    await fault('restart', 'node:3')
    await hasUp(devnet, 4)

    // Three votes make a quorum of four: without node 0 the one that was killed has to vote.
    await fault('pause', 'node:0')
    await hasUp(devnet, 3)
    await advances(devnet)
    // R17: to the others that one was away as soon as its connections had closed.
    expect(await metricsOf(1)).toMatch(/^weft_validators_away_total [1-9]/m)
    await fault('resume', 'node:0')
    await hasUp(devnet, 4)

    await fault('partition', 'node:0,1')
    await devnet.next(isTick)
    const still = heightOf(await devnet.next(isTick))
    for (let ticks = 0; ticks < 3; ticks++) expect(heightOf(await devnet.next(isTick))).toBe(still)
    await fault('heal')
    await advances(devnet)

    const full = devnet.next(({ event }) => event === 'exit')
    await fault('disk-full', 'node:2')
    expect(await full).toMatchObject({ node: 2, code: 1, order: 'disk' })
    await advances(devnet)
    const refused = weft('fault', 'restart', 'node:2')
    expect(await refused.exit).toBe(1)
    expect(refused.stderr()).toContain('its disk is still full')
    await fault('disk-ok', 'node:2')
    await fault('restart', 'node:2')

    await fault('byzantine', 'node:3', 'equivocator')
    expect(await readFile(join(network, 'nodes', '3', 'node.log'), 'utf8')).toContain('BYZANTINE')
    await hasUp(devnet, 4)
    await advances(devnet)

    await fault('clock', 'node:1', '--skew', '-2s')
    await fault('link', 'node:1->*', '--delay', '50ms', '--jitter', '50ms', '--for', '1s')
    await devnet.next((line) => line.event === 'fault' && line['forMs'] === null)
    // All of them: the audit has to start them again.
    await fault('kill', '*')
    await hasUp(devnet, 0)
    const stop = weft('stop')
    expect(await stop.exit, stop.stderr()).toBe(0)
    expect(await devnet.exit, devnet.stderr()).toBe(0)
    expect(devnet.lines.at(-1)?.['summary']).toMatchObject({ audit: 'ok' })
    expect(devnet.lines.filter(({ event }) => event === 'violation')).toEqual([])
    expect(devnet.lines.filter(({ order }) => order === null)).toEqual([])

    expect(await remainsOf(devnet)).toEqual([])
    const left = await readdir(network)
    expect(left).not.toContain('control.sock')
    expect(left).not.toContain('run.json')
  })
})
