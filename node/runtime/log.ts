/**
 * The log: JSON lines by pino on standard output. Sentences are ours; what peers say stands in fields, never in a format.
 */
import { pino, type Logger } from 'pino'
import type { NodeConfig } from './config.ts'

export type Log = Logger

export function createLog(level: NodeConfig['logLevel'], name: string): Log {
  return pino({ level, base: { node: name }, timestamp: pino.stdTimeFunctions.isoTime })
}
