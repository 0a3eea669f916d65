/**
 * Whom a fault is for, as typed: `node:3`, `node:0,1`, `shard:2`, `shard:2-leader`, `beacon-leader`, `*`, several separated
 * by commas; `A->B` and `A<->B` for links, `A|B` for the sides of a partition. The words are those of scenario files.
 */
import { UsageError } from '../../node/cli/command-error.ts'
import type { Targets } from '../scenario/scenario.ts'
import { readTargets } from '../scenario/words.ts'

const EXAMPLES = 'node:3, node:0,1, shard:2, shard:2-leader, beacon-leader, *'

export type LinkEnds = {
  readonly from: Targets
  readonly to: Targets
  readonly bothWays: boolean
}

/** Throws `UsageError`. */
export function parseTargets(text: string): Targets {
  const targets = readTargets(spellOut(text))
  const isKnown = targets?.every(({ kind }) => kind !== 'group' && kind !== 'rest')
  if (targets !== undefined && isKnown === true) return targets
  throw new UsageError(`\`${text}\` names no nodes; write for example ${EXAMPLES}`)
}

/** A number alone goes on with nodes: `node:0,1` is `node:0,node:1`. */
function spellOut(text: string): string {
  const words = text.split(',').map((word) => word.trim())
  return words
    .map((word, index) => {
      if (word === '*') return 'all'
      const goesOn = /^\d+$/.test(word) && /^(node:)?\d+$/.test(words[index - 1] ?? '')
      return goesOn ? `node:${word}` : word
    })
    .join(',')
}

/** `node:3->*`, `shard:1<->shard:2`. Throws `UsageError`. */
export function parseLink(text: string): LinkEnds {
  const match = /^(.+?)(<->|->)(.+)$/.exec(text)
  if (match === null) {
    throw new UsageError(
      `\`${text}\` names no link; write for example 'node:3->*' or 'shard:1<->shard:2', in quotes`,
    )
  }
  const from = parseTargets(match[1] ?? '')
  return { from, to: parseTargets(match[3] ?? ''), bothWays: match[2] === '<->' }
}

/** The sides; one alone stands against everybody else. Throws `UsageError`. */
export function parseSides(text: string): readonly Targets[] {
  const sides = text.split('|').map((side) => parseTargets(side))
  return sides.length === 1 ? [...sides, [{ kind: 'rest' }]] : sides
}
