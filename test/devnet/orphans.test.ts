/** A devnet whose supervisor dies without a word. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pidsOf, remainsOf, startWeft, untilGone, type WeftProcess } from './weft-process.ts'

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

function up(...words: readonly string[]): WeftProcess {
  const weft = startWeft('devnet', 'up', '--json', '--data', join(directory, 'net'), ...words)
  started.push(weft)
  return weft
}

describe('devnet: orphans', () => {
  test('devnet: orphans: a supervisor that is killed leaves no process and no port', async () => {
    const weft = up('--shards', '1', '--validators', '4')
    await weft.event('tick')
    const pids = pidsOf(weft)
    expect(pids).toHaveLength(5)
    weft.child.kill('SIGKILL')
    expect(await weft.exit).toBe('SIGKILL')
    await untilGone(pids)
    expect(await remainsOf(weft)).toEqual([])
  })
})
