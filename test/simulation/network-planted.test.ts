/**
 * The tester is tested on whole networks: bugs are planted as patches of the node's source (test/simulation/planted), and
 * the simulator must see each of them within few seeds; without the bug the same seeds are clean. The canary: if one of
 * these is missed, a green simulation means nothing.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Catch } from './planted/hunt.ts'
import { PLANTED_BUGS } from './planted/planted-bugs.ts'
import type { SceneName } from './planted/planted-bug.ts'
import type { HuntAnswer, HuntRequest } from './planted/planted-process.ts'

const PROGRAM = fileURLToPath(new URL('planted/planted-process.ts', import.meta.url))

let hunter: ChildProcess
/** Its end is the answer to whatever was asked last. */
let ended: Promise<readonly [HuntAnswer]>
/** Seeds until the bugs of a scene were caught: the same are run without them. */
const seedsNeeded = new Map<SceneName, number>()

beforeAll(() => {
  // Without the flags of the test runner.
  hunter = fork(PROGRAM, [], { execArgv: [] })
  ended = once(hunter, 'exit').then(() => [{ kind: 'failed', error: 'the process ended' }])
})

afterAll(async () => {
  if (hunter.connected) hunter.disconnect()
  await ended
})

async function ask(request: HuntRequest): Promise<Catch> {
  const answered = once(hunter, 'message') as Promise<[HuntAnswer]>
  hunter.send(request)
  const [answer] = await Promise.race([answered, ended])
  if (answer.kind === 'failed') throw new Error(answer.error)
  return answer.caught
}

describe('planted bugs', () => {
  test('planted bugs: there are at least 25, each with a name of its own', () => {
    expect(PLANTED_BUGS.length).toBeGreaterThanOrEqual(25)
    expect(new Set(PLANTED_BUGS.map(({ name }) => name)).size).toBe(PLANTED_BUGS.length)
  })

  for (const bug of PLANTED_BUGS) {
    test(`planted bugs: ${bug.name} (${bug.rule}) is caught`, async () => {
      const { seeds, verdict } = await ask({ kind: 'bug', bug })
      expect(verdict, `missed in ${seeds} seeds of ${bug.scene}`).toBeTypeOf('string')
      seedsNeeded.set(bug.scene, Math.max(seeds, seedsNeeded.get(bug.scene) ?? 0))
    })
  }
})

describe('planted bugs: controls', () => {
  for (const scene of new Set(PLANTED_BUGS.map((bug) => bug.scene))) {
    test(`planted bugs: controls: ${scene} is clean without a bug`, async () => {
      const seeds = seedsNeeded.get(scene) ?? 1
      const { verdict } = await ask({ kind: 'control', scene, seeds })
      expect(verdict).toBeUndefined()
    })
  }
})
