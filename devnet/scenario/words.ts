/**
 * Words into values: durations, rates, shares, nodes. Every reader gives the value or `undefined`; the sentence of the
 * refusal is made where the whole step is known (sentence.ts).
 */
import { SHARDS_MAX } from '../../node/primitives/limits.ts'
import type { Target, Targets } from './scenario.ts'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }
/** Nobody waits longer for one step. */
const DURATION_MS_MAX = 3_600_000
const NODE_MAX = 127
const PAYMENTS_MAX = 100_000
const BLOCKS_MAX = 100_000

/** `500ms`, `20s`, `1.5s`, `2m`: whole milliseconds. */
export function readDuration(word: string): number | undefined {
  const match = /^([0-9]{1,6}(?:\.[0-9]{1,3})?)(ms|s|m)$/.exec(word)
  if (match === null) return undefined
  const ms = Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0))
  return ms <= DURATION_MS_MAX ? ms : undefined
}

/** `+500ms`, `-2s`. */
export function readSkew(word: string): number | undefined {
  const ms = /^[+-]/.test(word) ? readDuration(word.slice(1)) : undefined
  if (ms === undefined) return undefined
  return word.startsWith('-') && ms > 0 ? -ms : ms
}

/** `20%`, `0.5%`: thousandths. */
export function readShare(word: string): number | undefined {
  const match = /^([0-9]{1,3}(?:\.[0-9])?)%$/.exec(word)
  if (match === null) return undefined
  const perMille = Math.round(Number(match[1]) * 10)
  return perMille <= 1000 ? perMille : undefined
}

/** `64kB/s`, `2MB/s`: bytes per second. */
export function readBandwidth(word: string): number | undefined {
  const match = /^([1-9][0-9]{0,5})(B|kB|MB)\/s$/.exec(word)
  if (match === null) return undefined
  const unit = match[2] === 'MB' ? 1_000_000 : match[2] === 'kB' ? 1000 : 1
  return Number(match[1]) * unit
}

export function readCount(word: string | undefined): number | undefined {
  return readInteger(word, 0, PAYMENTS_MAX)
}

export function readBlocks(word: string | undefined): number | undefined {
  return readInteger(word, 1, BLOCKS_MAX)
}

export function readShard(word: string | undefined): number | undefined {
  return readInteger(word, 1, SHARDS_MAX)
}

function readInteger(word: string | undefined, least: number, most: number): number | undefined {
  const value = word !== undefined && /^[0-9]{1,6}$/.test(word) ? Number(word) : -1
  return value >= least && value <= most ? value : undefined
}

/** `node:3`, `shard:2`, `shard:2/0..1`, `shard:2-leader`, `beacon-leader`, `all`, `rest`, `tolerated`, or a group's name. */
function readTarget(word: string): Target | undefined {
  const node = /^node:([0-9]{1,3})$/.exec(word)
  if (node !== null) {
    const number = readInteger(node[1], 0, NODE_MAX)
    return number === undefined ? undefined : { kind: 'node', node: number }
  }
  if (word.startsWith('shard:')) return readShardTarget(word)
  if (word === 'beacon-leader') return { kind: 'leader', chain: 0 }
  if (word === 'all' || word === 'rest' || word === 'tolerated') return { kind: word }
  return isGroupName(word) ? { kind: 'group', name: word } : undefined
}

function readShardTarget(word: string): Target | undefined {
  const match = /^shard:([0-9]{1,2})(?:(-leader)|\/([0-9]{1,3})(?:\.\.([0-9]{1,3}))?)?$/.exec(word)
  const shard = readShard(match?.[1])
  if (match === null || shard === undefined) return undefined
  if (match[2] !== undefined) return { kind: 'leader', chain: shard }
  if (match[3] === undefined) return { kind: 'shard', shard }
  const first = Number(match[3])
  const last = match[4] === undefined ? first : Number(match[4])
  return last < first ? undefined : { kind: 'seats', shard, first, last }
}

export function isGroupName(word: string): boolean {
  return /^[a-z][a-z0-9-]{0,31}$/.test(word) && !RESERVED.has(word)
}

/** Words that would make a step mean two things. */
const RESERVED = new Set(['all', 'rest', 'tolerated', 'beacon-leader', 'for', 'to', 'from', 'and'])

/** Separated by commas: `node:3,shard:2/0..1`. */
export function readTargets(text: string): Targets | undefined {
  const targets = text.split(',').map((word) => readTarget(word.trim()))
  const found = targets.filter((target) => target !== undefined)
  return found.length === targets.length ? found : undefined
}
