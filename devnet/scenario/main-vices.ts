/**
 * `node devnet/scenario/main-vices.ts`: how much throughput each vice costs when every committee has as many liars as it
 * tolerates (docs/reliability.md, "What liars cost"). The same figures on every machine. Exits with 1 when a rule is broken.
 */
import { parseArgs } from 'node:util'
import { alignColumns } from '../display/words.ts'
import { costs, type Cost } from './vice-cost.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
  },
})

function row(cost: Cost, honest: Cost): readonly string[] {
  const { vice = '(nobody)', settledPerSecond, shardBlocksPerSecond, beaconBlocksPerSecond } = cost
  const lost = 1 - settledPerSecond / honest.settledPerSecond
  return [
    vice,
    settledPerSecond.toFixed(1),
    `${(100 * lost).toFixed(0)} %`,
    shardBlocksPerSecond.toFixed(2),
    beaconBlocksPerSecond.toFixed(2),
    cost.violations.join('; ') || 'none',
  ]
}

const all: Cost[] = []
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1)
for await (const cost of costs({ seeds })) {
  all.push(cost)
  process.stderr.write(`${cost.vice ?? '(nobody)'}: ${cost.settledPerSecond.toFixed(1)} tx/s\n`)
}
const [honest] = all
if (honest !== undefined) {
  const header = ['vice', 'settled/s', 'lost', 'shard blocks/s', 'beacon blocks/s', 'broken rules']
  const rows = all.map((cost) => row(cost, honest))
  process.stdout.write(`${alignColumns([header, ...rows]).join('\n')}\n`)
}
process.exitCode = all.every(({ violations }) => violations.length === 0) ? 0 : 1
