/**
 * What takes a fault back, for faults that last for a time.
 */
import { PERFECT_LINK, type Fault } from './fault.ts'

/** In this order; empty: it has no opposite (a start, a resume, a heal). */
export function oppositeOf(fault: Fault): readonly Fault[] {
  switch (fault.kind) {
    case 'stop':
    case 'crash':
      return [{ kind: 'start', nodes: fault.nodes }]
    case 'pause':
      return [{ kind: 'resume', nodes: fault.nodes }]
    case 'cut':
    case 'link':
      // Not `heal`: other links may be at fault for other reasons.
      return [{ kind: 'link', links: fault.links, quality: PERFECT_LINK }]
    case 'byzantine':
      return fault.vice === undefined
        ? []
        : [{ kind: 'byzantine', nodes: fault.nodes, vice: undefined }]
    case 'disk':
      return fault.mode === 'ok' ? [] : recover(fault.nodes)
    case 'clock':
      return fault.skewMs === 0 ? [] : [{ kind: 'clock', nodes: fault.nodes, skewMs: 0 }]
    default:
      return []
  }
}

/** A node ends itself on a full disk, so it is started, too. */
function recover(nodes: readonly number[]): readonly Fault[] {
  return [
    { kind: 'disk', nodes, mode: 'ok' },
    { kind: 'start', nodes },
  ]
}
