/**
 * Actions of a step from their words. Gives the action, or the sentence that says what was expected.
 */
import type { DiskMode } from '../faults/fault.ts'
import type { Action, LinkWords, NodeVerb, Targets } from './scenario.ts'
import {
  readBandwidth,
  readCount,
  readDuration,
  readShard,
  readShare,
  readSkew,
  readTargets,
} from './words.ts'

const NODE_VERBS: readonly NodeVerb[] = ['stop', 'crash', 'start', 'restart', 'pause', 'resume']
const DISK_MODES: readonly DiskMode[] = ['ok', 'full', 'slow']

type Reader = (rest: string) => Action | string

const READERS: Readonly<Record<string, Reader>> = {
  partition: readPartition,
  link: readLink,
  heal: (rest) => (rest === '' ? { kind: 'heal' } : '`heal` heals all links and takes no words'),
  byzantine: readByzantine,
  honest: (rest) => withTargets(rest, (targets) => ({ kind: 'honest', targets })),
  disk: readDisk,
  clock: readClock,
  load: readLoad,
  send: readSend,
  wait: readWait,
}

const ALL_VERBS = [...NODE_VERBS, ...Object.keys(READERS), 'expect', 'within', 'for', 'at']

export function readAction(sentence: string): Action | string {
  const [first = '', ...words] = sentence.split(' ')
  // As YAML writes a pair: `crash: node:3`.
  const verb = first.replace(/:$/, '')
  const rest = words.join(' ')
  const nodeVerb = NODE_VERBS.find((known) => known === verb)
  if (nodeVerb !== undefined) {
    return withTargets(rest, (targets) => ({ kind: nodeVerb, targets }))
  }
  const reader = Object.hasOwn(READERS, verb) ? READERS[verb] : undefined
  if (reader === undefined) return `\`${verb}\` is no verb; there are ${ALL_VERBS.join(', ')}`
  return reader(rest)
}

function withTargets(text: string, make: (targets: Targets) => Action): Action | string {
  const targets = readTargets(text)
  return targets === undefined ? noTargets(text) : make(targets)
}

export function noTargets(text: string): string {
  return (
    `\`${text}\` names no nodes; write node:3, shard:2, shard:2/0..1, shard:2-leader, beacon-leader, all, tolerated ` +
    'or a group, several separated by commas'
  )
}

/** `A | B [| C]`, or `A -> B`: one way. */
function readPartition(rest: string): Action | string {
  const [from, to, ...more] = rest.split(' -> ')
  if (from !== undefined && to !== undefined && more.length === 0) {
    return between(from, to, (sources, sinks) => ({ kind: 'one-way', from: sources, to: sinks }))
  }
  const texts = rest.split(' | ')
  if (texts.length < 2)
    return 'a partition has sides: `partition shard:2 | rest`, or one way `partition node:1 -> rest`'
  const sides: Targets[] = []
  for (const text of texts) {
    const side = readTargets(text)
    if (side === undefined) return noTargets(text)
    sides.push(side)
  }
  return { kind: 'partition', sides }
}

/** `A -> B loss 20% delay 100ms`, or `A <-> B ...`. */
function readLink(rest: string): Action | string {
  const match = /^(\S+) (<->|->) (\S+) (.+)$/.exec(rest)
  if (match === null) {
    return 'a link is written `link node:3 -> all loss 20% delay 100ms`, or with <-> for both ways'
  }
  const quality = readQuality(match[4] ?? '')
  if (typeof quality === 'string') return quality
  const bothWays = match[2] === '<->'
  return between(match[1] ?? '', match[3] ?? '', (from, to) => {
    return { kind: 'link', from, to, bothWays, quality }
  })
}

function between(
  left: string,
  right: string,
  make: (from: Targets, to: Targets) => Action,
): Action | string {
  const from = readTargets(left)
  if (from === undefined) return noTargets(left)
  const to = readTargets(right)
  return to === undefined ? noTargets(right) : make(from, to)
}

type Quality = { -readonly [Key in keyof LinkWords]: LinkWords[Key] }

function readQuality(text: string): LinkWords | string {
  const quality: Quality = {
    lossPerMille: 0,
    delayMs: 0,
    jitterMs: 0,
    duplicatePerMille: 0,
    bytesPerSecond: undefined,
  }
  const words = text.split(' ')
  for (let index = 0; index < words.length; index += 2) {
    const problem = setQuality(quality, words[index] ?? '', words[index + 1] ?? '')
    if (problem !== undefined) return problem
  }
  return quality
}

function setQuality(quality: Quality, name: string, value: string): string | undefined {
  const share = readShare(value)
  const ms = readDuration(value)
  const rate = readBandwidth(value)
  if (name === 'loss' && share !== undefined) quality.lossPerMille = share
  else if (name === 'duplicate' && share !== undefined) quality.duplicatePerMille = share
  else if (name === 'delay' && ms !== undefined) quality.delayMs = ms
  else if (name === 'jitter' && ms !== undefined) quality.jitterMs = ms
  else if (name === 'bandwidth' && rate !== undefined) quality.bytesPerSecond = rate
  else {
    return `\`${name} ${value}\` says nothing of a link; write loss 20%, duplicate 5%, delay 100ms, jitter 50ms or bandwidth 64kB/s`
  }
  return undefined
}

function readByzantine(rest: string): Action | string {
  const match = /^(\S+) ([a-z][a-z-]*)$/.exec(rest)
  if (match === null) return 'a vice has a name: `byzantine node:5 equivocator`'
  return withTargets(match[1] ?? '', (targets) => {
    return { kind: 'byzantine', targets, vice: match[2] ?? '' }
  })
}

function readDisk(rest: string): Action | string {
  const match = /^(\S+) (\S+)$/.exec(rest)
  const mode = DISK_MODES.find((known) => known === match?.[2])
  if (match === null || mode === undefined) {
    return `a disk is ${DISK_MODES.join(', ')}: \`disk node:3 full\``
  }
  return withTargets(match[1] ?? '', (targets) => ({ kind: 'disk', targets, mode }))
}

function readClock(rest: string): Action | string {
  const match = /^(\S+) (\S+)$/.exec(rest)
  const skewMs = readSkew(match?.[2] ?? '')
  if (match === null || skewMs === undefined) {
    return 'a clock is ahead or behind: `clock node:3 +500ms`, `clock node:3 -2s`'
  }
  return withTargets(match[1] ?? '', (targets) => ({ kind: 'clock', targets, skewMs }))
}

function readLoad(rest: string): Action | string {
  const perSecond = readCount(/^([0-9]+) tps$/.exec(rest)?.[1])
  return perSecond === undefined
    ? 'the load is a rate: `load 200 tps`'
    : { kind: 'load', perSecond }
}

function readSend(rest: string): Action | string {
  const match = /^([0-9]+) transfers? from shard ([0-9]+) to shard ([0-9]+)$/.exec(rest)
  const count = readCount(match?.[1])
  const from = readShard(match?.[2])
  const to = readShard(match?.[3])
  if (count === undefined || from === undefined || to === undefined) {
    return 'transfers are sent from a shard to a shard: `send 20 transfers from shard 1 to shard 2`'
  }
  return { kind: 'send', count, from, to }
}

function readWait(rest: string): Action | string {
  const ms = readDuration(rest)
  return ms === undefined ? 'how long? `wait 5s`' : { kind: 'wait', ms }
}
