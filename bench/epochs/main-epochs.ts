/**
 * Throughput second by second and around each change of epoch: `weft devnet up --epoch-blocks 16 --for 300 --json > run.jsonl`,
 * then `node bench/epochs/main-epochs.ts run.jsonl`.
 */
import { readFile } from 'node:fs/promises'
import { readSeconds, throughputOf } from './epoch-throughput.ts'

const [file = '/dev/stdin'] = process.argv.slice(2)
const seconds = readSeconds((await readFile(file, 'utf8')).split('\n'))
for (const [index, { t, settled, epoch }] of seconds.entries()) {
  const before = seconds[index - 1]
  const mark = before !== undefined && epoch > before.epoch ? `  epoch ${epoch}` : ''
  const count = String(settled - (before?.settled ?? 0)).padStart(5)
  process.stdout.write(`${String(t).padStart(5)} s  ${count}${mark}\n`)
}
const { changes, steadyTps } = throughputOf(seconds)
process.stdout.write(`steady ${steadyTps.toFixed(1)} tx/s\n`)
for (const { epoch, t, tps } of changes) {
  const share = Math.round((100 * tps) / steadyTps)
  process.stdout.write(
    `into epoch ${epoch} at ${t} s: ${tps.toFixed(1)} tx/s, ${share} % of steady\n`,
  )
}
