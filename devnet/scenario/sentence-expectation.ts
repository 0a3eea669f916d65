/**
 * Expectations of a step from their words. Gives the expectation, or the sentence that says what was expected.
 */
import { noTargets } from './sentence-action.ts'
import type { Chains, Expectation } from './scenario.ts'
import { readBlocks, readCount, readShard, readTargets } from './words.ts'

const FORMS = [
  'shard 2 advances 3 blocks',
  'shard 2 halted',
  'settled >= 20',
  '20 more settled',
  'nothing pending',
  'no violation',
  'evidence against node:5',
  'no evidence',
  'node:5 slashed',
  'nobody slashed',
  'shard 2 reorganised',
  'node:3 up',
  'node:3 down',
  'node:3 caught up',
]

export function readExpectation(text: string): Expectation | string {
  return (
    readFixed(text) ??
    readProgress(text) ??
    readSettled(text) ??
    readReorganised(text) ??
    readAboutNodes(text) ??
    `\`expect ${text}\` is not understood; what can be expected: ${FORMS.join(', ')} (for a shard also: beacon, every shard)`
  )
}

function readFixed(text: string): Expectation | undefined {
  if (text === 'no violation') return { kind: 'no-violation' }
  if (text === 'no evidence') return { kind: 'no-evidence' }
  if (text === 'nobody slashed') return { kind: 'nobody-slashed' }
  if (text === 'nothing pending') return { kind: 'nothing-pending' }
  return undefined
}

function readProgress(text: string): Expectation | undefined {
  const match = /^(shard \d+|beacon|every shard) (?:(halted)|advances (\d+) blocks?)$/.exec(text)
  const chains = readChains(match?.[1] ?? '')
  if (match === null || chains === undefined) return undefined
  if (match[2] !== undefined) return { kind: 'halted', chains }
  const blocks = readBlocks(match[3])
  return blocks === undefined ? undefined : { kind: 'advances', chains, blocks }
}

function readChains(text: string): Chains | undefined {
  if (text === 'every shard') return 'every-shard'
  return text === 'beacon' ? 0 : readShard(/^shard (\d+)$/.exec(text)?.[1])
}

function readSettled(text: string): Expectation | undefined {
  const total = readCount(/^settled >= (\d+)$/.exec(text)?.[1])
  if (total !== undefined) return { kind: 'settled', least: total }
  const more = readCount(/^(\d+) more settled$/.exec(text)?.[1])
  return more === undefined ? undefined : { kind: 'more-settled', least: more }
}

function readReorganised(text: string): Expectation | undefined {
  const shard = readShard(/^shard (\d+) reorganised$/.exec(text)?.[1])
  return shard === undefined ? undefined : { kind: 'reorganised', chains: shard }
}

const KIND_OF: Readonly<Record<string, 'up' | 'caught-up' | 'slashed'>> = {
  up: 'up',
  'caught up': 'caught-up',
  slashed: 'slashed',
}

function readAboutNodes(text: string): Expectation | string | undefined {
  const accused = /^evidence against (\S+)$/.exec(text)?.[1]
  if (accused !== undefined) {
    const targets = readTargets(accused)
    return targets === undefined ? noTargets(accused) : { kind: 'evidence', targets }
  }
  const match = /^(\S+) (up|down|caught up|slashed)$/.exec(text)
  if (match === null) return undefined
  const targets = readTargets(match[1] ?? '')
  if (targets === undefined) return noTargets(match[1] ?? '')
  return { kind: KIND_OF[match[2] ?? ''] ?? 'down', targets }
}
