/** A process that measures the speed of the simulator: a message per load. It ends when all are measured. */
import { measureSpeed, SPEED_LOADS } from './speed.ts'

for (const load of SPEED_LOADS) process.send?.(measureSpeed(load))
process.disconnect?.()
