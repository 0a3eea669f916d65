/**
 * The shipped scenarios in virtual time: every one holds, under the checkers of the simulator. On real processes they are run
 * by hand, and one of them in test/devnet.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readScenario } from '../../devnet/scenario/document.ts'
import type { ResultEvent } from '../../devnet/scenario/run-event.ts'
import { runToResult } from '../../devnet/scenario/run-scenario.ts'
import type { Scenario } from '../../devnet/scenario/scenario.ts'

const directory = join(import.meta.dirname, '..', '..', 'devnet', 'scenarios')
const files = (await readdir(directory)).toSorted()

async function load(file: string): Promise<Scenario> {
  const read = readScenario(await readFile(join(directory, file), 'utf8'))
  if (read.ok) return read.scenario
  throw new Error(read.problems.map(({ line, sentence }) => `${file}:${line}: ${sentence}`).join())
}

function run(scenario: Scenario, seed: number): Promise<ResultEvent> {
  return runToResult({ scenario, engine: 'sim', seed, say: () => {} })
}

describe('scenarios: shipped', () => {
  test('scenarios: shipped: at least twenty, each named as its file', async () => {
    expect(files.length).toBeGreaterThanOrEqual(20)
    for (const file of files) expect(`${(await load(file)).name}.yaml`).toBe(file)
  })

  for (const file of files) {
    test(`scenarios: shipped: ${file} holds in virtual time`, async () => {
      const { ok, violations } = await run(await load(file), 1)
      expect(violations).toEqual([])
      expect(ok).toBe(true)
    })
  }
})

function inline(...steps: readonly string[]): Scenario {
  const lines = steps.map((step) => `  - ${step}\n`).join('')
  const read = readScenario(`name: inline\nstory: Something happens.\nsteps:\n${lines}`)
  if (read.ok) return read.scenario
  throw new Error('the scenario is good')
}

describe('scenarios: runs', () => {
  test('scenarios: runs: a seed is one run, and another seed another', async () => {
    const scenario = inline(
      'crash shard:1-leader for 1s',
      'link all -> all loss 5% jitter 30ms for 2s',
      'within 20s: expect every shard advances 3 blocks',
    )
    const first = await run(scenario, 7)
    const again = await run(scenario, 7)
    expect(first.ok).toBe(true)
    expect([again.hash, again.virtualMs]).toEqual([first.hash, first.virtualMs])
    expect((await run(scenario, 8)).hash).not.toBe(first.hash)
  })

  test('scenarios: runs: a shard without a quorum stands still, and the run says so', async () => {
    const { ok, violations } = await run(
      inline('crash shard:2/0..1', 'within 8s: expect shard 2 advances 3 blocks'),
      1,
    )
    expect(ok).toBe(false)
    expect(violations[0]).toContain('line 5: within 8s: expect shard 2 advances 3 blocks: not met')
  })
})
