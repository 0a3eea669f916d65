/**
 * `weft twins`: every case of Twins for four validators and three views, or a range of them, with progress and time left.
 * Each failure prints the one command that runs it again.
 */
import type { Command } from 'commander'
import { CommandError, UsageError } from '../../node/cli/command-error.ts'
import { integerBetween } from '../../node/cli/option-value.ts'
import type { TwinsFigures, TwinsRange } from '../simulator/twins-enumeration.ts'

type TwinsOptions = {
  readonly from: number
  readonly to?: number
  readonly kinds?: boolean
  readonly case?: number
  readonly json?: boolean
}

/** Of the enumeration (devnet/simulator/twins.ts), which is loaded only when it runs. */
const CASES = 262_144
const PROGRESS_MS = 5_000

export function register(program: Command): void {
  program
    .command('twins')
    .description(
      'Run one validator on two machines against all leaders and partitions of three views',
    )
    .option('--from <case>', 'first case', integerBetween(0, CASES - 1), 0)
    .option(
      '--to <case>',
      `first case that is not run (default ${CASES})`,
      integerBetween(1, CASES),
    )
    .option('--kinds', 'one case of each kind only: cases that differ in names are alike')
    .option('--case <number>', 'run this one case and say what it is', integerBetween(0, CASES - 1))
    .option('--json', 'print JSON lines')
    .action(runTwinsCommand)
}

async function runTwinsCommand(options: TwinsOptions): Promise<void> {
  if (options.case !== undefined) return runCase(options.case, options.json === true)
  const range = { from: options.from, to: options.to ?? CASES, kindsOnly: options.kinds === true }
  if (range.from >= range.to) throw new UsageError('--from lies before --to')
  await runRange(range, options.json === true)
}

async function runCase(index: number, json: boolean): Promise<void> {
  const { runTwins, twinsText } = await import('../simulator/twins.ts')
  const outcome = runTwins(index)
  const { violation, isStuck, heights, evidence, eventHash } = outcome
  const text = twinsText(index)
  print(
    json
      ? JSON.stringify({ event: 'case', index, text, violation, isStuck, heights, evidence })
      : `case ${index}: ${text}\n  heights ${heights.join(' ')}, ${evidence} accusations, event hash ${eventHash}`,
  )
  if (violation !== undefined) throw new CommandError(`${violation.rule}: ${violation.sentence}`)
  if (isStuck) throw new CommandError('the honest validators did not go on')
}

async function runRange(range: TwinsRange, json: boolean): Promise<void> {
  const { enumerateTwins } = await import('../simulator/twins-enumeration.ts')
  const startedMs = performance.now()
  let saidMs = startedMs
  const figures = enumerateTwins(range, (index, now) => {
    const nowMs = performance.now()
    if (nowMs - saidMs >= PROGRESS_MS) {
      saidMs = nowMs
      print(progressLine(range, index + 1, { figures: now, elapsedMs: nowMs - startedMs, json }))
    }
    return false
  })
  const elapsedMs = performance.now() - startedMs
  print(resultText(range, figures, { elapsedMs, json }))
  const { failures } = figures
  if (failures.length > 0) {
    const lines = failures.map(
      ({ index, outcome }) =>
        `  weft twins --case ${index}   ${outcome.violation?.rule ?? 'stuck'}`,
    )
    throw new CommandError(`${failures.length} or more cases failed:\n${lines.join('\n')}`)
  }
}

type Standing = {
  readonly figures: TwinsFigures
  readonly elapsedMs: number
  readonly json: boolean
}

function progressLine({ from, to }: TwinsRange, reached: number, standing: Standing): string {
  const { figures, elapsedMs, json } = standing
  const done = reached - from
  const leftSeconds = Math.round(((elapsedMs / done) * (to - reached)) / 1000)
  if (json) return JSON.stringify({ event: 'progress', reached, run: figures.run, leftSeconds })
  const percent = ((100 * done) / (to - from)).toFixed(1)
  return `${percent.padStart(5)} %  case ${reached} of ${to}, ${figures.failures.length} failed, ${durationText(leftSeconds)} left`
}

function durationText(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`
}

function resultText(
  { from, to, kindsOnly }: TwinsRange,
  figures: TwinsFigures,
  { elapsedMs, json }: Omit<Standing, 'figures'>,
): string {
  const { run, steps, accused, recoveryMaxMs, failures } = figures
  const wallSeconds = Math.round(elapsedMs / 1000)
  if (json) {
    const indices = failures.map(({ index }) => index)
    return JSON.stringify({
      event: 'result',
      from,
      to,
      kindsOnly,
      run,
      failures: indices,
      accused,
      steps,
      recoveryMaxMs,
      wallSeconds,
    })
  }
  const kinds = kindsOnly ? ', one of each kind' : ''
  return (
    `cases ${from} to ${to - 1}${kinds}: ${run} run, ${failures.length} failed; ` +
    `the twin was caught in ${accused}; slowest recovery ${recoveryMaxMs} ms of simulated time; ${durationText(wallSeconds)}`
  )
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
