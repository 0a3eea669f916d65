/**
 * What a killed validator costs a network under load, and what it is worth to hear its connections close (consensus R17;
 * docs/decisions/0028): `node test/simulation/planted/main-away.ts [--seeds 3] [--kills 12] [--shards 4] [--validators 16]`.
 * In virtual time: neither the machine nor its load matters.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { runAwayBout } from './away-bout.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    kills: { type: 'string', default: '12' },
    shards: { type: 'string', default: '4' },
    validators: { type: 'string', default: '16' },
  },
})

const [kills, shards, validators] = [values.kills, values.shards, values.validators].map(Number)
if (kills === undefined || shards === undefined || validators === undefined)
  throw new Error('numbers are given')

console.log(
  '| heard | kills | views given up | blocks p50 | p99 | longest | throughput after | worst |',
)
console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |')
for (const isDeaf of [true, false]) {
  const runs = Array.from({ length: Number(values.seeds) }, (_, index) =>
    runAwayBout({ seed: index + 1, kills, shards, validators, isDeaf }),
  )
  const gaps = runs.flatMap(({ gapsMs }) => gapsMs).toSorted((left, right) => left - right)
  const shares = runs.flatMap((run) => run.shares)
  const words = [
    isDeaf ? 'no' : 'yes',
    shares.length,
    runs.reduce((sum, { nullified }) => sum + nullified, 0),
    `${quantile(gaps, 0.5)} ms`,
    `${quantile(gaps, 0.99)} ms`,
    `${quantile(gaps, 1)} ms`,
    `${(shares.reduce((sum, share) => sum + share, 0) / shares.length).toFixed(0)} %`,
    `${Math.min(...shares).toFixed(0)} %`,
  ]
  console.log(`| ${words.join(' | ')} |`)
  for (const { verdict } of runs) if (verdict !== undefined) console.log(verdict)
}
process.exitCode = 0

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor((sorted.length - 1) * share)] ?? NaN
}
