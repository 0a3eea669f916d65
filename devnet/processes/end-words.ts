/**
 * The end of a process in a sentence: whether anybody had ordered it, and how it ended.
 */
import type { ProcessEndEvent } from '../event.ts'
import type { ChildEnd } from './child.ts'
import type { EndOrder } from './fleet.ts'

const ORDERED = {
  stop: 'was stopped as ordered',
  crash: 'was killed as ordered',
  byzantine: 'was stopped to be started anew',
  disk: 'ended itself because its disk is full, as ordered',
} as const

/** `node`: validator index, or null for the traffic process. */
export function describeEnd(
  node: number | null,
  pid: number,
  { code, signal }: ChildEnd,
  order: EndOrder,
): ProcessEndEvent {
  const role = node === null ? 'traffic' : 'validator'
  const who = node === null ? 'the traffic process' : `validator ${node}`
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`
  const unexpected = `ended ${how}; ${node === null ? 'no load is offered' : 'the others go on'}`
  const message = `${who} ${order === undefined ? unexpected : ORDERED[order]}`
  return { event: 'exit', role, node, pid, code, signal, order: order ?? null, message }
}
