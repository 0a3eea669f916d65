/**
 * The price of lost messages, as a table:
 *
 *   npx node devnet/simulator/main-loss.ts --seeds 200 --seats 4,8,16 --loss 0,10,20,30
 */
import { parseArgs } from 'node:util'
import { measureLoss } from './loss-figures.ts'

function main(): void {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '20' },
      seats: { type: 'string', default: '4,8,16' },
      loss: { type: 'string', default: '0,10,20,30' },
      'run-ms': { type: 'string', default: '60000' },
      'interval-ms': { type: 'string', default: '1000' },
      'idle-ms': { type: 'string' },
    },
  })
  const numbers = (list: string): number[] => list.split(',').map(Number)
  const runMs = Number(values['run-ms'])
  const idle = values['idle-ms']
  const idleIntervalMs = idle === undefined ? undefined : Number(idle)
  const blockIntervalMs = Number(values['interval-ms'])
  console.log('seats  loss   blocks  p50 ms  p99 ms  max ms  lag p99 ms  messages per block')
  for (const seatCount of numbers(values.seats)) {
    for (const lossPercent of numbers(values.loss)) {
      const setting = { seatCount, lossPercent, runMs, blockIntervalMs, idleIntervalMs }
      const { blocks, p50Ms, p99Ms, maxMs, lagP99Ms, messagesPerBlock } = measureLoss(
        setting,
        Number(values.seeds),
      )
      const cells = [
        seatCount,
        `${lossPercent} %`,
        blocks,
        p50Ms,
        p99Ms,
        maxMs,
        lagP99Ms,
        messagesPerBlock,
      ]
      const widths = [5, 6, 9, 8, 8, 8, 12, 20]
      console.log(cells.map((cell, index) => `${cell}`.padStart(widths[index] ?? 0)).join(''))
    }
  }
}

main()
