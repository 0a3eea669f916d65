/** What was promised before SIGKILL is there after it: the guard's votes and the store's synced batches. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asciiBytes, bigIntToBytes } from '../../../node/primitives/bytes.ts'
import { sha256 } from '../../../node/primitives/hash.ts'
import { openLevelStore } from '../../../node/storage/io/level.ts'
import { openVoteGuard } from '../../../node/storage/io/vote-guard.ts'

const storage = join(import.meta.dirname, '../../../node/storage/io')
const genesis = sha256(asciiBytes('genesis'))
const TIMEOUT_MS = 60_000
/** Promises to wait for before the kill; the kill then falls into whatever the process is doing. */
const PROMISES = 25

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weft-kill-'))
})
afterEach(() => rm(directory, { recursive: true }))

/** Runs a script that prints the number of each kept promise, kills it in full run, returns the last number it printed. */
async function runAndKill(script: string): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (output.split('\n').length > PROMISES) child.kill('SIGKILL')
  })
  await new Promise((resolve) => child.once('close', resolve))
  const lines = output.split('\n').slice(0, -1)
  return Number(lines[lines.length - 1])
}

describe('storage: kill', () => {
  it(
    'storage: kill: every vote that was granted is known to the next process',
    async () => {
      const path = join(directory, 'votes')
      const last = await runAndKill(`
        const { openVoteGuard } = await import(${JSON.stringify(join(storage, 'vote-guard.ts'))})
        const genesis = Uint8Array.from(${JSON.stringify([...genesis])})
        const guard = await openVoteGuard(${JSON.stringify(path)}, genesis, { create: true })
        for (let view = 1; ; view++) {
          const vote = { chain: 1, epoch: 0, kind: 'notarize', view, signingRoot: genesis }
          const [verdict] = await guard.authorize([vote])
          if (verdict === 'granted') console.log(view)
        }`)
      expect(last).toBeGreaterThanOrEqual(PROMISES)
      const guard = await openVoteGuard(path, genesis, { create: false })
      for (let view = Math.max(1, last - 50); view <= last; view++) {
        const vote = { chain: 1, epoch: 0, kind: 'notarize', view } as const
        const verdicts = await guard.authorize([
          { ...vote, signingRoot: sha256(genesis) },
          { ...vote, signingRoot: genesis },
        ])
        expect(verdicts).toEqual(['refused', 'granted'])
      }
      await guard.close()
    },
    TIMEOUT_MS,
  )

  it(
    'storage: kill: every batch that was synced is in the store of the next process',
    async () => {
      const path = join(directory, 'db')
      const last = await runAndKill(`
        const { openLevelStore } = await import(${JSON.stringify(join(storage, 'level.ts'))})
        const store = await openLevelStore(${JSON.stringify(path)}, { create: true })
        for (let index = 1; ; index++) {
          const key = new Uint8Array(new Uint32Array([index]).buffer).reverse()
          const put = (table) => ({ kind: 'put', table, key, value: key })
          await store.write([put('a'), put('b')], { sync: true })
          console.log(index)
        }`)
      expect(last).toBeGreaterThanOrEqual(PROMISES)
      const store = await openLevelStore(path, { create: false })
      for (let index = 1; index <= last; index++) {
        const key = bigIntToBytes(BigInt(index), 4)
        expect(await store.get('a', key)).toEqual(key)
        expect(await store.get('b', key)).toEqual(key)
      }
      await store.close()
    },
    TIMEOUT_MS,
  )
})
