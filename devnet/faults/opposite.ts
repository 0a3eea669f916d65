/**
 * What takes a fault back, for faults that last for a time.
 */
import { PERFECT_LINK, type Fault } from './fault.ts'

/** undefined: it has no opposite (a start, a resume, a heal). */
export function oppositeOf(fault: Fault): Fault | undefined {
  switch (fault.kind) {
    case 'stop':
    case 'crash':
      return { kind: 'start', nodes: fault.nodes }
    case 'pause':
      return { kind: 'resume', nodes: fault.nodes }
    case 'cut':
    case 'link':
      // Not `heal`: other links may be at fault for other reasons.
      return { kind: 'link', links: fault.links, quality: PERFECT_LINK }
    case 'byzantine':
      return fault.vice === undefined
        ? undefined
        : { kind: 'byzantine', nodes: fault.nodes, vice: undefined }
    case 'disk':
      return fault.mode === 'ok' ? undefined : { kind: 'disk', nodes: fault.nodes, mode: 'ok' }
    case 'clock':
      return fault.skewMs === 0 ? undefined : { kind: 'clock', nodes: fault.nodes, skewMs: 0 }
    default:
      return undefined
  }
}
