/** `weft sim --speed`: how many seconds of a network of twenty a processor simulates in one. */
import { measureSpeed, SPEED_LOADS } from '../simulator/speed.ts'
import type { SimulationOptions } from './simulation-options.ts'
import { printLine } from './simulation-print.ts'

export function printSpeed(options: SimulationOptions): void {
  const json = options.json === true
  if (!json) printLine('load      simulated s  processor s  times real time     events  transfers')
  for (const load of SPEED_LOADS) {
    const figures = measureSpeed(load)
    const { virtualMs, cpuMs, timesRealTime, events, settled } = figures
    printLine(
      json
        ? JSON.stringify({ event: 'speed', ...figures })
        : [
            figures.load.padEnd(8),
            (virtualMs / 1000).toFixed(0).padStart(12),
            (cpuMs / 1000).toFixed(1).padStart(12),
            String(timesRealTime).padStart(16),
            String(events).padStart(10),
            String(settled).padStart(10),
          ].join(' '),
    )
  }
}
