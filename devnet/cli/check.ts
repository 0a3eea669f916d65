/**
 * `weft check`: judges a client history offline. Exit code 0 only when it is accepted: contradicted, undecided and malformed
 * histories all fail, because none of them shows that the network was right.
 */
import { createReadStream } from 'node:fs'
import type { Command } from 'commander'
import { CommandError } from '../../node/cli/command-error.ts'
import type { CheckResult } from '../history/check.ts'
import type { Verdict } from '../history/verdict.ts'

type CheckOptions = { readonly json?: boolean }

export function register(program: Command): void {
  program
    .command('check')
    .description('Judge a history of what clients saw: no loss, no double spend, no going back')
    .argument('<file>', 'history, one JSON object per line (docs/history.md)')
    .option('--json', 'print one JSON line')
    .action(check)
}

async function check(file: string, options: CheckOptions): Promise<void> {
  const result = await checkFile(file)
  if (!result.ok) {
    const { line, sentence } = result.problem
    throw new CommandError(`${file}, line ${line}: ${sentence}`)
  }
  const { verdict } = result
  process.stdout.write(options.json === true ? jsonLine(verdict) : `${words(verdict).join('\n')}\n`)
  if (verdict.kind === 'accepted') return
  throw new CommandError(
    verdict.kind === 'contradicted'
      ? `${file} contradicts itself in ${verdict.contradictions.length + verdict.more} places`
      : `${file} is neither accepted nor refuted; record with fewer unknown operations`,
  )
}

async function checkFile(file: string): Promise<CheckResult> {
  const { createHistoryReader } = await import('../history/history.ts')
  const { checkHistory } = await import('../history/check.ts')
  const { readLines } = await import('../history/line-reader.ts')
  const reader = createHistoryReader()
  try {
    for await (const line of readLines(createReadStream(file))) {
      if (reader.push(line) !== undefined) break
    }
  } catch (error) {
    throw new CommandError(`cannot read ${file}; give a history file`, { cause: error })
  }
  const read = reader.finish()
  return read.ok ? { ok: true, verdict: checkHistory(read.history) } : read
}

function jsonLine({ kind, contradictions, more, undecided, counts }: Verdict): string {
  const ok = kind === 'accepted'
  return `${JSON.stringify({ event: 'verdict', ok, kind, contradictions, more, undecided, counts })}\n`
}

function words({ kind, contradictions, more, undecided, counts }: Verdict): readonly string[] {
  const { operations, ok, fail, unknown, lines } = counts
  return [
    `${kind}: ${operations} operations in ${lines} lines, ${ok} ok, ${fail} failed, ${unknown} unknown`,
    ...contradictions.map(
      ({ rule, lines: named, sentence }) => `  ${rule}, lines ${named.join(', ')}: ${sentence}`,
    ),
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...undecided.map((sentence) => `  undecided: ${sentence}`),
  ]
}
