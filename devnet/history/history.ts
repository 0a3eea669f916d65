/**
 * A history: what clients asked of a network and what they were told, in the order in which it happened to them. Lines come
 * in one by one; each completion is paired with the open invocation of its process.
 *
 * Invariants: a process has one operation open at a time; an operation that ended unknown (`info`) stays open for ever, and
 * so its process asks nothing more; time never runs backwards. A line that breaks one of them is named, not repaired.
 */
import {
  LINES_MAX,
  readEventLine,
  readHeaderLine,
  type Answered,
  type Asked,
  type HistoryEvent,
  type HistoryHeader,
  type OperationName,
} from './line.ts'

export type Operation<Name extends OperationName = OperationName> = {
  readonly process: number
  readonly invokeLine: number
  readonly asked: Asked<Name>
  readonly end: OperationEnd<Name>
}

export type OperationEnd<Name extends OperationName> =
  | { readonly kind: 'ok'; readonly line: number; readonly value: Answered<Name> }
  /** It certainly did not happen. */
  | { readonly kind: 'fail'; readonly line: number }
  /** It may have happened, or may still happen. */
  | { readonly kind: 'unknown' }

export type Operations = { readonly [Name in OperationName]: readonly Operation<Name>[] }

export type History = {
  readonly header: HistoryHeader
  readonly operations: Operations
  readonly lineCount: number
}

/** A line that is no part of a history. Lines count from 1. */
export type LineProblem = { readonly line: number; readonly sentence: string }

export type HistoryReader = {
  /** Takes the next line; gives what is wrong with it. After the first problem nothing more is read. */
  readonly push: (text: string) => LineProblem | undefined
  readonly finish: () =>
    | { readonly ok: true; readonly history: History }
    | { readonly ok: false; readonly problem: LineProblem }
}

type Open = { readonly f: OperationName; readonly operation: OpenOperation }
/** Written once, when its end is known. */
type OpenOperation = {
  readonly process: number
  readonly invokeLine: number
  readonly asked: unknown
  end: OperationEnd<OperationName>
}

/** Which part of the header an operation needs. */
const SECTION: Readonly<Record<OperationName, 'bank' | 'append' | 'receipt'>> = {
  transfer: 'bank',
  balances: 'bank',
  append: 'append',
  list: 'append',
  send: 'receipt',
  block: 'receipt',
  cut: 'receipt',
}

export function createHistoryReader(): HistoryReader {
  const pairing = createPairing()
  let header: HistoryHeader | undefined
  let lineCount = 0
  let lastMs = 0
  let problem: LineProblem | undefined

  function take(text: string): string | undefined {
    if (lineCount > LINES_MAX) return `more than ${LINES_MAX} lines`
    if (header === undefined) {
      const read = readHeaderLine(text)
      if (!read.ok) return `the header: ${read.sentence}`
      header = read.value
      return undefined
    }
    const read = readEventLine(text)
    return read.ok ? takeEvent(header, read.value) : read.sentence
  }

  function takeEvent(known: HistoryHeader, event: HistoryEvent): string | undefined {
    if (event.ms < lastMs) return `time runs backwards, from ${lastMs} to ${event.ms} ms`
    lastMs = event.ms
    if (known[SECTION[event.f]] === undefined) {
      return `${event.f} belongs to ${SECTION[event.f]}, which the header does not declare`
    }
    const { invoke, complete } = pairing
    return event.type === 'invoke' ? invoke(event, lineCount) : complete(event, lineCount)
  }

  return {
    push: (text) => {
      if (problem !== undefined) return problem
      lineCount++
      const sentence = take(text)
      if (sentence !== undefined) problem = { line: lineCount, sentence }
      return problem
    },
    finish: () => {
      if (problem !== undefined) return { ok: false, problem }
      if (header === undefined) {
        return { ok: false, problem: { line: 1, sentence: 'the header is missing' } }
      }
      return { ok: true, history: { header, operations: pairing.operations(), lineCount } }
    },
  }
}

type Pairing = {
  /** Both give what is wrong with the event, if something is. */
  readonly invoke: (event: HistoryEvent, line: number) => string | undefined
  readonly complete: (event: HistoryEvent, line: number) => string | undefined
  readonly operations: () => Operations
}

/** Pairs completions with the open invocations of their processes. */
function createPairing(): Pairing {
  const operations: Record<OperationName, OpenOperation[]> = {
    transfer: [],
    balances: [],
    append: [],
    list: [],
    send: [],
    block: [],
    cut: [],
  }
  const open = new Map<number, Open>()
  /** Processes whose last operation is unknown. */
  const retired = new Set<number>()
  return {
    invoke: ({ process, f, value }, line) => {
      if (retired.has(process)) return `process ${process} asks again after an unknown end`
      if (open.has(process)) return `process ${process} asks while its last operation is open`
      const end = { kind: 'unknown' } as const
      const operation: OpenOperation = { process, invokeLine: line, asked: value, end }
      operations[f].push(operation)
      open.set(process, { f, operation })
      return undefined
    },
    complete: ({ process, f, type, value }, line) => {
      const own = open.get(process)
      if (own === undefined) return `process ${process} ends an operation that it did not begin`
      if (own.f !== f) return `process ${process} ends ${f}, but its open operation is ${own.f}`
      open.delete(process)
      if (type === 'info') retired.add(process)
      if (type === 'fail') own.operation.end = { kind: 'fail', line }
      if (type === 'ok') {
        own.operation.end = { kind: 'ok', line, value: value as Answered<OperationName> }
      }
      return undefined
    },
    // Each list was filled under its own name by values of its own schemas.
    operations: () => operations as unknown as Operations,
  }
}
