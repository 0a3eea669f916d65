import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pidsOf, startWeft, untilGone, type WeftProcess } from './weft-process.ts'

let directory: string
let started: WeftProcess[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-devnet-test-'))
})

afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL')
  await untilGone(started.flatMap(pidsOf))
  started = []
  await rm(directory, { recursive: true, force: true })
})

function weft(...words: readonly string[]): WeftProcess {
  const one = startWeft('devnet', ...words, '--json', '--data', join(directory, 'net'))
  started.push(one)
  return one
}

const SMALL = ['--shards', '2', '--validators', '8'] as const

function heightsOf(line: Readonly<Record<string, unknown>> | undefined): number[] {
  const shards = (line ?? { shards: [] })['shards'] as { height: number }[]
  return shards.map(({ height }) => height)
}

describe('devnet: resume', () => {
  test('devnet: resume: a dead validator is told of, the rest settles on, and all of it goes on tomorrow', async () => {
    const first = weft('up', ...SMALL)
    await first.event('first-settled')
    const victim = first.lines.find((line) => line.event === 'process' && line['node'] === 3)
    process.kill(Number(victim?.['pid']), 'SIGKILL')
    expect(await first.event('exit')).toMatchObject({
      role: 'validator',
      node: 3,
      signal: 'SIGKILL',
    })

    const second = weft('up', ...SMALL)
    expect(await second.exit).toBe(1)
    expect(second.stderr()).toContain('already runs')

    const stop = weft('stop')
    expect(await stop.exit, stop.stderr()).toBe(0)
    expect(await first.exit, first.stderr()).toBe(0)
    const before = heightsOf(first.lines.findLast(({ event }) => event === 'tick'))

    const other = weft('up', '--shards', '1', '--validators', '8')
    expect(await other.exit).toBe(1)
    expect(other.stderr()).toContain('shards 2 instead of 1')

    const again = weft('up', ...SMALL, '--for', '8')
    const ready = await again.event('ready')
    expect(ready['resumed']).toBe(true)
    for (const [index, height] of heightsOf(ready).entries()) {
      expect(height).toBeGreaterThanOrEqual((before[index] ?? 0) - 1)
    }
    expect(await again.exit, again.stderr()).toBe(0)
    const summary = again.lines.at(-1)?.['summary'] as Record<string, number | string>
    expect(summary['audit']).toBe('ok')
    expect(summary['settled']).toBeGreaterThan(0)
  })
})
