/**
 * The offline checker: a history in, a verdict out. It knows nothing of nodes, blocks or signatures; whoever can write down
 * what clients saw can have it judged (docs/history.md).
 */
import { checkAppend } from './append.ts'
import { checkBank } from './bank.ts'
import { createHistoryReader, type History, type LineProblem, type Operation } from './history.ts'
import { checkReceipt } from './receipt.ts'
import { createFindings, type Verdict, type VerdictCounts } from './verdict.ts'

export type CheckResult =
  | { readonly ok: true; readonly verdict: Verdict }
  /** The text is no history; nothing was judged. */
  | { readonly ok: false; readonly problem: LineProblem }

/** Judges a whole history at once. */
export function checkHistoryText(text: string): CheckResult {
  const reader = createHistoryReader()
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  for (const line of lines) if (reader.push(line) !== undefined) break
  const read = reader.finish()
  return read.ok ? { ok: true, verdict: checkHistory(read.history) } : read
}

export function checkHistory(history: History): Verdict {
  const findings = createFindings()
  checkBank(history, findings)
  checkAppend(history, findings)
  checkReceipt(history, findings)
  return findings.verdict(countsOf(history))
}

function countsOf({ operations, lineCount }: History): VerdictCounts {
  const all = Object.values(operations).flat() as readonly Operation[]
  const ends = (kind: Operation['end']['kind']) => all.filter(({ end }) => end.kind === kind).length
  return {
    lines: lineCount,
    operations: all.length,
    ok: ends('ok'),
    fail: ends('fail'),
    unknown: ends('unknown'),
  }
}
