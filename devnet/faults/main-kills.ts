/**
 * `node devnet/faults/main-kills.ts --kills 100`: under load, kills random validators at random moments, one after the
 * other, starts each again, and tells how soon it was back. Exits with 1 when anything is wrong at the end.
 *
 * `--seed` decides who and when; what the processes do at that moment is theirs.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createPrng } from '../../node/primitives/prng.ts'
import { DEFAULT_PARAMETERS } from '../parameters.ts'
import { openMortalRun, type MortalRun, type Recovery } from './mortal-run.ts'
import { describeRecoveries } from './recovery-figures.ts'

/** The longest wait before a kill, counted from the recovery before: several blocks of every chain. */
const BEFORE_KILL_MS = 2_000
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    shards: { type: 'string', default: '2' },
    validators: { type: 'string', default: '8' },
    // The longest time that a node is down: from shorter than a block to several.
    'down-ms': { type: 'string', default: '2000' },
    rate: { type: 'string', default: '40' },
    'keep-data': { type: 'boolean', default: false },
  },
})

type Plan = { readonly count: number; readonly seed: string; readonly downMaxMs: number }

async function kill(
  run: MortalRun,
  { count, seed, downMaxMs }: Plan,
): Promise<readonly Recovery[]> {
  const dice = createPrng(`kills ${seed}`)
  const recoveries: Recovery[] = []
  for (let number = 1; number <= count; number++) {
    await delay(dice.below(BEFORE_KILL_MS))
    const victim = dice.below(run.nodes.length)
    await run.network.crash(victim)
    const downMs = dice.below(downMaxMs)
    await delay(downMs)
    const recovery = await run.revive(victim)
    recoveries.push(recovery)
    const { readyMs, firstVoteMs, votingMs, headMs } = recovery
    const settled = run.traffic()?.counts
    process.stdout.write(
      `kill ${number}/${count}: node ${victim}, down ${downMs} ms; answers after ${readyMs}, first vote ${firstVoteMs}, ` +
        `votes everywhere ${votingMs}, at head ${headMs} ms; ` +
        `settled ${(settled?.settledIntra ?? 0) + (settled?.settledCross ?? 0)}\n`,
    )
  }
  return recoveries
}

const path = await mkdtemp(join(tmpdir(), 'weft-kills-'))
const startedMs = Date.now()
const run = await openMortalRun({
  path,
  parameters: {
    ...DEFAULT_PARAMETERS,
    shards: Number(values.shards),
    validators: Number(values.validators),
  },
  logLevel: 'info',
  hearsOthers: false,
  ratePerSecond: Number(values.rate),
  crossShard: 0.25,
})
try {
  const count = Number(values.kills)
  const downMaxMs = Number(values['down-ms'])
  const recoveries = await kill(run, { count, seed: values.seed, downMaxMs })
  const verdict = await run.verdict()
  process.stdout.write(`${describeRecoveries(recoveries)}\n`)
  process.stdout.write(
    `${run.book.blockCount} finalized blocks confirmed on every node that holds them; ` +
      `${Math.round((Date.now() - startedMs) / 1000)} s; load average ${loadavg()[2]?.toFixed(1)}\n`,
  )
  process.stdout.write(verdict.length === 0 ? 'ok\n' : `${verdict.join('\n')}\n`)
  process.exitCode = verdict.length === 0 ? 0 : 1
} finally {
  await run.stop()
  if (values['keep-data']) process.stdout.write(`data in ${path}\n`)
  else await rm(path, { recursive: true, force: true })
}
