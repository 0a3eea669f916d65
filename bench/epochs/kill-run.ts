/**
 * A real devnet with epochs, under load, in which random validators are killed and come back: all of its JSON lines. Whom, is drawn
 * from a seed; when, is every so often, so that in a long run kills fall at all moments of an epoch.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { createPrng } from '../../node/primitives/prng.ts'

export type KillRun = {
  readonly seconds: number
  readonly epochBlocks: number
  readonly load: number
  readonly killsPerMinute: number
  readonly validators: number
  /** Directory of the devnet; it is made anew. */
  readonly data: string
  readonly seed: number
}

const WEFT = join(import.meta.dirname, '..', '..', 'weft.mjs')
/** A killed validator is started again after so long. */
const AWAY = '5s'
/** The last one has to be back and settled in time for the audit. */
const QUIET_END_MS = 20_000

/** Resolves with the lines when the devnet has ended by itself; throws if it fails. */
export async function playKills(
  run: KillRun,
  onKill: (target: string) => void,
): Promise<readonly string[]> {
  const { seconds, epochBlocks, load, validators, data } = run
  const words = ['--epoch-blocks', epochBlocks, '--load', load, '--validators', validators]
  const options = [...words, '--for', seconds, '--data', data, '--reset', '--json'].map(String)
  const devnet = weft(['devnet', 'up', ...options])
  const lines: string[] = []
  let timer: NodeJS.Timeout | undefined
  const reader = createInterface({ input: devnet.stdout })
  reader.on('line', (line) => {
    lines.push(line)
    if (timer === undefined && line.startsWith('{"event":"ready"')) timer = killEvery(run, onKill)
  })
  try {
    await ended(devnet)
  } finally {
    clearInterval(timer)
  }
  return lines
}

function killEvery(
  { seconds, killsPerMinute, validators, data, seed }: KillRun,
  onKill: (target: string) => void,
): NodeJS.Timeout | undefined {
  if (killsPerMinute === 0) return undefined
  const dice = createPrng(seed).stream('kills')
  const until = performance.now() + seconds * 1_000 - QUIET_END_MS
  return setInterval(() => {
    if (performance.now() > until) return
    const target = `node:${dice.below(validators)}`
    onKill(target)
    const fault = weft(['devnet', 'fault', 'kill', target, '--for', AWAY, '--data', data])
    fault.stdout.resume()
    // A devnet that just ended takes no orders.
    ended(fault).catch((error: unknown) => onKill(`${target} was not killed: ${String(error)}`))
  }, 60_000 / killsPerMinute)
}

type Child = ChildProcessByStdio<null, Readable, null>

function weft(words: readonly string[]): Child {
  return spawn(process.execPath, [WEFT, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
}

function ended(child: Child): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`weft ended with code ${code}`))
    })
  })
}
