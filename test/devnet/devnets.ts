/** Devnets of one test file: each test gets an empty folder, and nothing that it started outlives it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { pidsOf, startWeft, untilGone, type WeftProcess } from './weft-process.ts'

type Devnets = {
  /** `weft devnet up --json` with these words too. */
  readonly up: (...words: readonly string[]) => WeftProcess
  readonly dataOf: () => string
}

export function useDevnets(): Devnets {
  let directory: string
  let started: WeftProcess[] = []
  const dataOf = (): string => join(directory, 'net')

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'weft-devnet-test-'))
  })

  afterEach(async () => {
    for (const { child } of started) child.kill('SIGKILL')
    await untilGone(started.flatMap(pidsOf))
    started = []
    await rm(directory, { recursive: true, force: true })
  })

  return {
    up: (...words) => {
      const weft = startWeft('devnet', 'up', '--json', '--data', dataOf(), ...words)
      started.push(weft)
      return weft
    },
    dataOf,
  }
}
