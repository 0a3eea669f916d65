/**
 * Stories: hand-made histories as lists of lines, and changes to them by line number. A story is true to the network it
 * invents; a change makes it false in one described way.
 */
import { present } from '../../../node/primitives/assert.ts'
import type { Rule } from '../../../devnet/history/verdict.ts'

type Json = Record<string, unknown>

export type Lines = readonly Json[]

/** Every rule that the verdict must name, and no other; none: the history is good. */
export type Case = {
  readonly name: string
  readonly rules: readonly Rule[]
  readonly lines: Lines
}

export type Say = {
  /** Asked and answered at once: two lines. */
  readonly run: (process: number, f: string, asked: Json, answered: Json) => void
  readonly ask: (process: number, f: string, asked: Json) => void
  readonly ok: (process: number, f: string, answered: Json) => void
  readonly fail: (process: number, f: string) => void
  readonly info: (process: number, f: string) => void
}

export function story(header: Json, tell: (say: Say) => void): Lines {
  const lines: Json[] = [{ history: 'weft-history-1', ...header }]
  const event = (process: number, type: string, f: string, value?: Json) => {
    lines.push({ process, type, f, ms: 0, ...(value === undefined ? {} : { value }) })
  }
  const say: Say = {
    ask: (process, f, asked) => event(process, 'invoke', f, asked),
    ok: (process, f, answered) => event(process, 'ok', f, answered),
    fail: (process, f) => event(process, 'fail', f),
    info: (process, f) => event(process, 'info', f),
    run: (process, f, asked, answered) => {
      say.ask(process, f, asked)
      say.ok(process, f, answered)
    },
  }
  tell(say)
  return timed(lines)
}

export type Draft = {
  /** Line numbers begin at 1 and are those of the unchanged story. */
  readonly set: (line: number, path: string, value: unknown) => void
  readonly remove: (line: number, path: string) => void
  readonly drop: (...lines: readonly number[]) => void
  /** Puts lines behind others; 1 is behind the header. */
  readonly move: (lines: readonly number[], behind: number) => void
  readonly add: (behind: number, tell: (say: Say) => void) => void
}

function changed(original: Lines, change: (draft: Draft) => void): Lines {
  const lines = structuredClone(original) as Json[]
  const order: Json[] = [...lines]
  const at = (line: number) => present(lines[line - 1], 'the story has this line')
  const take = (line: number) => order.splice(order.indexOf(at(line)), 1)
  change({
    set: (line, path, value) => {
      const { owner, key } = find(at(line), path)
      owner[key] = value
    },
    remove: (line, path) => {
      const { owner, key } = find(at(line), path)
      delete owner[key]
    },
    drop: (...gone) => gone.forEach(take),
    move: (moved, behind) => {
      const taken = moved.map(at)
      moved.forEach(take)
      order.splice(order.indexOf(at(behind)) + 1, 0, ...taken)
    },
    add: (behind, tell) => {
      const [, ...added] = story({}, tell)
      order.splice(order.indexOf(at(behind)) + 1, 0, ...added)
    },
  })
  return timed(order)
}

/** Paths begin in `value`, in the header at its top. */
function find(line: Json, path: string): { readonly owner: Json; readonly key: string } {
  const parts = path.split('.')
  const key = present(parts.pop(), 'a path has parts')
  let owner = ('history' in line ? line : line['value']) as Json
  for (const part of parts) owner = owner[part] as Json
  return { owner, key }
}

function timed(lines: readonly Json[]): Lines {
  return lines.map((line, index) => ('history' in line ? line : { ...line, ms: 10 * index }))
}

export function textOf(lines: Lines): string {
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`
}

/** Cases that change one story. */
export function casesOf(original: Lines) {
  return (name: string, rules: readonly Rule[], change: (draft: Draft) => void): Case => {
    return { name, rules, lines: changed(original, change) }
  }
}
