/**
 * A fault in a sentence, for whoever watches: "nodes 0 and 3 are killed (kill -9)".
 */
import type { ShardChange } from '../../node/beacon/shard-change.ts'
import { unreachable } from '../../node/primitives/assert.ts'
import type { Fault, Link, LinkQuality } from './fault.ts'

const NODE_VERBS = {
  stop: ['is stopped', 'are stopped'],
  crash: ['is killed (kill -9)', 'are killed (kill -9)'],
  start: ['is started', 'are started'],
  pause: ['is paused', 'are paused'],
  resume: ['goes on', 'go on'],
} as const

const DISK_SENTENCES = { ok: 'disk is well again', full: 'disk is full', slow: 'disk is slow' }

/** More links than this are counted instead of listed. */
const LINKS_LISTED_MAX = 4

export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'stop':
    case 'crash':
    case 'start':
    case 'pause':
    case 'resume':
      return `${nameNodes(fault.nodes)} ${NODE_VERBS[fault.kind][fault.nodes.length === 1 ? 0 : 1]}`
    case 'cut':
      return `nothing passes ${nameLinks(fault.links)}`
    case 'link':
      return `messages ${nameLinks(fault.links)}: ${describeQuality(fault.quality)}`
    case 'heal':
      return 'all links are perfect again'
    case 'byzantine':
      return fault.vice === undefined
        ? `${nameNodes(fault.nodes)}: started anew as honest`
        : `${nameNodes(fault.nodes)}: started anew as BYZANTINE, ${fault.vice}`
    case 'disk':
      return `${nameNodes(fault.nodes)}: the ${DISK_SENTENCES[fault.mode]}`
    case 'clock':
      return `${nameNodes(fault.nodes)}: the clock ${describeSkew(fault.skewMs)}`
    case 'support':
      return `${nameNodes(fault.nodes)}: the operator wants ${describeWishes(fault.changes)}`
    default:
      return unreachable(fault)
  }
}

function describeWishes(changes: readonly ShardChange[]): string {
  if (changes.length === 0) return 'no change of the shards'
  return changes.map(({ kind, shard }) => `to ${kind} shard ${shard}`).join(', ')
}

/** "node 3", "nodes 0, 1 and 5". */
function nameNodes(nodes: readonly number[]): string {
  const sorted = nodes.toSorted((left, right) => left - right)
  const last = sorted.at(-1)
  if (sorted.length === 1) return `node ${last}`
  return `nodes ${sorted.slice(0, -1).join(', ')} and ${last}`
}

function nameLinks(links: readonly Link[]): string {
  if (links.length > LINKS_LISTED_MAX) return `on ${links.length} links`
  return `from ${links.map(({ from, to }) => `${from} to ${to}`).join(', ')}`
}

function describeQuality(quality: LinkQuality): string {
  const { lossPerMille, delayMs, jitterMs, duplicatePerMille, bytesPerSecond } = quality
  const words = [
    ...(lossPerMille > 0 ? [`${lossPerMille / 10} % lost`] : []),
    ...(delayMs > 0 ? [`${delayMs} ms late`] : []),
    ...(jitterMs > 0 ? [`up to ${jitterMs} ms of jitter`] : []),
    ...(duplicatePerMille > 0 ? [`${duplicatePerMille / 10} % twice`] : []),
    ...(bytesPerSecond === undefined ? [] : [`${bytesPerSecond} bytes per second`]),
  ]
  return words.length === 0 ? 'as usual' : words.join(', ')
}

function describeSkew(skewMs: number): string {
  if (skewMs === 0) return 'is right again'
  return `is ${Math.abs(skewMs)} ms ${skewMs > 0 ? 'ahead' : 'behind'}`
}
