/** `weft sim --speed`: how many seconds of a network of twenty a processor simulates in one. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CommandError } from '../../node/cli/command-error.ts'
import type { SpeedFigures } from '../simulator/speed.ts'
import { YOUNG_HEAP } from '../simulator/young-heap.ts'
import type { SimulationOptions } from './simulation-options.ts'
import { printLine } from './simulation-print.ts'

/** In a process of its own, with the flags of those that play seeds. */
export async function printSpeed(options: SimulationOptions): Promise<void> {
  const json = options.json === true
  if (!json) printLine('load      simulated s  processor s  times real time     events  transfers')
  const program = fileURLToPath(new URL('../simulator/main-speed.ts', import.meta.url))
  const child = fork(program, [], { execArgv: [...YOUNG_HEAP] })
  child.on('message', (figures: SpeedFigures) => {
    printLine(json ? JSON.stringify({ event: 'speed', ...figures }) : lineOf(figures))
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', resolve)
  })
  if (code !== 0) throw new CommandError(`the measuring process ended with code ${code}`)
}

function lineOf(figures: SpeedFigures): string {
  const { load, virtualMs, cpuMs, timesRealTime, events, settled } = figures
  return [
    load.padEnd(8),
    (virtualMs / 1000).toFixed(0).padStart(12),
    (cpuMs / 1000).toFixed(1).padStart(12),
    String(timesRealTime).padStart(16),
    String(events).padStart(10),
    String(settled).padStart(10),
  ].join(' ')
}
