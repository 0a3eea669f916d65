/**
 * What newcomers that come late cost a shard, and what asking them first brings (docs/decisions/0027):
 * `node test/simulation/planted/main-late.ts [--seeds 2] [--late 8000,14000]`. In virtual time; a row per lateness and way.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { runLateBout, type LateFigures } from './late-bout.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2' },
    late: { type: 'string', default: '0,8000,13000,16000,20000,30000' },
  },
})

console.log('| newcomers late by | asked | shard blocks/s | standing still | longest | forced on |')
console.log('| ---: | --- | ---: | ---: | ---: | ---: |')
for (const late of values.late.split(',')) {
  for (const isAsked of [false, true]) {
    const runs = Array.from({ length: Number(values.seeds) }, (_, index) =>
      runLateBout({ seed: index + 1, lateMs: Number(late), isAsked }),
    )
    const sum = (pick: (run: LateFigures) => number): number =>
      runs.reduce((total, run) => total + pick(run), 0)
    const shardMs = 2 * sum(({ virtualMs }) => virtualMs)
    const blocks = (sum(({ shardBlocks }) => shardBlocks) * 1000) / shardMs
    const still = (100 * sum(({ stillMs }) => stillMs)) / shardMs
    const longest = Math.max(...runs.map(({ longestMs }) => longestMs)) / 1000
    const words = [
      `${Number(late) / 1000} s`,
      isAsked ? 'yes' : 'no',
      blocks.toFixed(2),
      `${still.toFixed(1)} %`,
      `${longest.toFixed(1)} s`,
      String(sum(({ forced }) => forced)),
    ]
    console.log(`| ${words.join(' | ')} |`)
    for (const { verdict } of runs) if (verdict !== undefined) console.log(verdict)
  }
}
process.exitCode = 0
