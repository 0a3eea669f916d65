/** A node that dies between any two steps of its work contradicts nobody, loses nothing and comes back. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FAIL_POINTS } from '../../node/runtime/fail-point.ts'
import { killAt } from '../../devnet/faults/fail-point-kill.ts'
import { openMortalRun, SMALL, type MortalRun } from '../../devnet/faults/mortal-run.ts'
import { DEFAULT_PARAMETERS } from '../../devnet/parameters.ts'

let path: string
let run: MortalRun

/** One network for all points: what one kill breaks may show after the next. */
beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'weft-fault-'))
  run = await openMortalRun({
    path,
    parameters: { ...DEFAULT_PARAMETERS, ...SMALL },
    logLevel: 'warn',
    hearsOthers: true,
    ratePerSecond: 20,
    crossShard: 0,
  })
})

afterAll(async () => {
  await run.stop()
  await rm(path, { recursive: true, force: true })
})

describe('fault: fail points', () => {
  test.each(FAIL_POINTS)(
    'fault: fail points: a validator killed at %s votes again and reaches the head',
    async (step) => {
      const victim = await killAt(run, step)
      await run.revive(victim)
      expect(await run.network.heights(victim)).toBeDefined()
    },
  )

  test('fault: fail points: after all of them nothing is lost and no vote contradicts another', async () => {
    expect(await run.verdict()).toEqual([])
    // A verdict on nothing would be empty too.
    expect(run.book.blockCount).toBeGreaterThan(FAIL_POINTS.length)
  })
})
