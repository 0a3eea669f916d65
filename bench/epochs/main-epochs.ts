/**
 * Throughput second by second and around each change of epoch, of a run that is on file
 *
 *     weft devnet up --epoch-blocks 16 --for 300 --json > run.jsonl && node bench/epochs/main-epochs.ts run.jsonl
 *
 * or of one that is played now, with random validators killed and started again:
 *
 *     node bench/epochs/main-epochs.ts --kills-per-minute 1 --for 1800
 *
 * The second ends with code 1 unless the audit is ok and every change of epoch kept the share of the steady throughput.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { auditOf, readSeconds, throughputOf } from './epoch-throughput.ts'
import { playKills } from './kill-run.ts'

/** What a change of epoch may cost. */
const SHARE_MIN_PERCENT = 80

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'kills-per-minute': { type: 'string' },
    for: { type: 'string', default: '1800' },
    'epoch-blocks': { type: 'string', default: '16' },
    load: { type: 'string', default: '20' },
    validators: { type: 'string', default: '16' },
    data: { type: 'string', default: '.weft/epochs' },
    seed: { type: 'string', default: '1' },
  },
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const kills = values['kills-per-minute']
const lines = kills === undefined ? await linesOnFile() : await linesOfRun(Number(kills))
const seconds = readSeconds(lines)
for (const [index, { t, settled, epoch }] of seconds.entries()) {
  const before = seconds[index - 1]
  const mark = before !== undefined && epoch > before.epoch ? `  epoch ${epoch}` : ''
  const count = String(settled - (before?.settled ?? 0)).padStart(5)
  say(`${String(t).padStart(5)} s  ${count}${mark}`)
}
const { changes, steadyTps } = throughputOf(seconds)
say(`steady ${steadyTps.toFixed(1)} tx/s`)
const shares = changes.map(({ epoch, t, tps }) => {
  const share = Math.round((100 * tps) / steadyTps)
  say(`into epoch ${epoch} at ${t} s: ${tps.toFixed(1)} tx/s, ${share} % of steady`)
  return share
})
const mean = shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length)
say(`all changes together: ${mean.toFixed(0)} % of steady`)
const audit = auditOf(lines)
const low = shares.filter((share) => share < SHARE_MIN_PERCENT).length
say(`${low} of ${shares.length} changes below ${SHARE_MIN_PERCENT} %; audit ${audit ?? 'not seen'}`)
if (kills !== undefined && (audit !== 'ok' || low > 0 || shares.length === 0)) process.exitCode = 1

async function linesOnFile(): Promise<readonly string[]> {
  return (await readFile(positionals[0] ?? '/dev/stdin', 'utf8')).split('\n')
}

async function linesOfRun(killsPerMinute: number): Promise<readonly string[]> {
  return playKills(
    {
      seconds: Number(values.for),
      epochBlocks: Number(values['epoch-blocks']),
      load: Number(values.load),
      validators: Number(values.validators),
      data: values.data,
      seed: Number(values.seed),
      killsPerMinute,
    },
    (target) => say(`kill ${target}`),
  )
}
