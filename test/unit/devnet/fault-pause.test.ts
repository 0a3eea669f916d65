/** A paused process is woken by whoever holds it, also when the supervisor dies without a word. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pauseProcess } from '../../../devnet/processes/pause.ts'

const MODULE = pathToFileURL(
  join(import.meta.dirname, '..', '..', '..', 'devnet', 'processes', 'pause.ts'),
).href

let sleeper: ChildProcess

beforeEach(async () => {
  sleeper = spawn('sleep', ['60'])
  await once(sleeper, 'spawn')
})

afterEach(() => {
  sleeper.kill('SIGKILL')
})

/** `T` is stopped, `S` sleeps. */
async function stateOf({ pid }: ChildProcess): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2)[0]
}

/** The system wakes it a moment after it was told to; the test's own limit is the deadline. */
async function untilState(process: ChildProcess, state: string): Promise<void> {
  while ((await stateOf(process)) !== state) await delay(10)
}

describe.runIf(existsSync('/proc/self/stat'))('devnet: fault pause', () => {
  test('devnet: fault pause: a process stands still until the pause ends', async () => {
    const pause = await pauseProcess(Number(sleeper.pid))
    await untilState(sleeper, 'T')
    await pause.end()
    await untilState(sleeper, 'S')
    expect(sleeper.exitCode).toBeNull()
  })

  test('devnet: fault pause: a process goes on when its supervisor is killed', async () => {
    const program = `const { pauseProcess } = await import(${JSON.stringify(MODULE)})
      await pauseProcess(${sleeper.pid})
      console.log('paused')
      setInterval(() => {}, 1000)`
    const supervisor = spawn(process.execPath, ['--input-type=module', '--eval', program])
    await once(supervisor.stdout, 'data')
    await untilState(sleeper, 'T')
    supervisor.kill('SIGKILL')
    await untilState(sleeper, 'S')
    expect(sleeper.exitCode).toBeNull()
  })

  test('devnet: fault pause: a process that is gone cannot be paused', async () => {
    sleeper.kill('SIGKILL')
    await once(sleeper, 'exit')
    await expect(pauseProcess(Number(sleeper.pid))).rejects.toThrow(/cannot be paused/)
  })
})
