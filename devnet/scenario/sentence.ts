/**
 * One step of a scenario from its sentence. The grammar, in the order in which words are read:
 *
 *     [at DURATION:] ACTION [for DURATION]
 *     [at DURATION:] [within DURATION: | for DURATION:] expect EXPECTATION
 *
 * A refused sentence is answered with what the word at fault could have been.
 */
import { accepted, rejected, type Result } from '../../node/primitives/result.ts'
import { readAction } from './sentence-action.ts'
import { readExpectation } from './sentence-expectation.ts'
import type { Patience, Step } from './scenario.ts'
import { readDuration } from './words.ts'

export type SentenceReject = 'bad-step'

/** Verbs whose effect has an opposite, so that `for DURATION` makes sense. */
const UNDOABLE = new Set([
  'pause',
  'stop',
  'crash',
  'partition',
  'one-way',
  'link',
  'byzantine',
  'disk',
  'clock',
  'load',
])

export function readStep(text: string, line: number): Result<Step, SentenceReject> {
  const words = text.trim().replaceAll(/\s+/g, ' ')
  const timed = /^at ([^ :]+):? (.*)$/.exec(words)
  const atMs = timed === null ? undefined : readDuration(timed[1] ?? '')
  if (timed !== null && atMs === undefined) return refuseDuration(timed[1] ?? '')
  const where = { line, text: words, atMs }
  const rest = timed?.[2] ?? words
  const patient = /^(within|for) ([^ :]+):? (.*)$/.exec(rest)
  if (patient === null && !/^expect( |$)/.test(rest)) return readDoing(rest, where)
  const patience = readPatience(patient)
  if (!patience.ok) return patience
  const sentence = patient?.[3] ?? rest
  if (!/^expect( |$)/.test(sentence)) {
    const hint =
      'after `within` or `for` comes `expect ...`; a fault that ends by itself is written `pause node:1 for 20s`'
    return rejected('bad-step', hint)
  }
  const read = readExpectation(sentence.slice('expect'.length).trim())
  if (typeof read === 'string') return rejected('bad-step', read)
  return accepted({ ...where, kind: 'expect', expectation: read, patience: patience.value })
}

type Where = Pick<Step, 'line' | 'text' | 'atMs'>

function readDoing(sentence: string, where: Where): Result<Step, SentenceReject> {
  const limited = /^(.*) for ([^ ]+)$/.exec(sentence)
  const action = readAction(limited?.[1] ?? sentence)
  if (typeof action === 'string') return rejected('bad-step', action)
  if (limited === null) return accepted({ ...where, kind: 'do', action, forMs: undefined })
  const forMs = readDuration(limited[2] ?? '')
  if (forMs === undefined) return refuseDuration(limited[2] ?? '')
  if (!UNDOABLE.has(action.kind)) {
    return rejected(
      'bad-step',
      `\`${action.kind}\` has no opposite that could follow after ${limited[2]}`,
    )
  }
  return accepted({ ...where, kind: 'do', action, forMs })
}

function readPatience(match: RegExpExecArray | null): Result<Patience, SentenceReject> {
  if (match === null) return accepted({ kind: 'now' })
  const ms = readDuration(match[2] ?? '')
  if (ms === undefined) return refuseDuration(match[2] ?? '')
  return accepted({ kind: match[1] === 'within' ? 'within' : 'throughout', ms })
}

function refuseDuration(word: string): Result<never, SentenceReject> {
  return rejected(
    'bad-step',
    `\`${word}\` is no duration; write 500ms, 20s or 2m, at most one hour`,
  )
}
