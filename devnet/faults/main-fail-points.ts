/**
 * `node devnet/faults/main-fail-points.ts --times 5`: kills a validator of a small network at every fail point, so many
 * times each, and judges at the end. Exits with 1 when anything is wrong.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FAIL_POINTS } from '../../node/runtime/fail-point.ts'
import { DEFAULT_PARAMETERS } from '../parameters.ts'
import { killAt } from './fail-point-kill.ts'
import { openMortalRun, SMALL } from './mortal-run.ts'
import { describeRecoveries } from './recovery-figures.ts'

const { values } = parseArgs({ options: { times: { type: 'string', default: '5' } } })
const times = Number(values.times)
const path = await mkdtemp(join(tmpdir(), 'weft-fault-'))
const run = await openMortalRun({
  path,
  parameters: { ...DEFAULT_PARAMETERS, ...SMALL },
  logLevel: 'warn',
  hearsOthers: true,
  ratePerSecond: 20,
  crossShard: 0,
})
try {
  const recoveries = []
  for (let round = 0; round < times; round++) {
    for (const step of FAIL_POINTS) {
      const recovery = await run.revive(await killAt(run, step, round))
      recoveries.push(recovery)
      process.stdout.write(`${round + 1}/${times} ${step}: voting after ${recovery.votingMs} ms\n`)
    }
  }
  const verdict = await run.verdict()
  process.stdout.write(`${describeRecoveries(recoveries)}\n`)
  process.stdout.write(`load average ${loadavg()[1]?.toFixed(1)}\n`)
  process.stdout.write(verdict.length === 0 ? 'ok\n' : `${verdict.join('\n')}\n`)
  process.exitCode = verdict.length === 0 ? 0 : 1
} finally {
  await run.stop()
  await rm(path, { recursive: true, force: true })
}
