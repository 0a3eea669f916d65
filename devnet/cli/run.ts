/**
 * `weft run FILE`: a scenario in virtual time or on real processes, told step by step. Ends with 0 when all of it held, else
 * with 1 and the command that runs it again; a file that makes no sense ends with 2 and the lines at fault.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { CommandError, UsageError } from '../../node/cli/command-error.ts'
import { integerBetween, oneOf } from '../../node/cli/option-value.ts'
import { ENGINE_NAMES, type EngineName } from '../scenario/engine.ts'
import type { RunEvent } from '../scenario/run-event.ts'
import type { Scenario } from '../scenario/scenario.ts'

type RunCommandOptions = {
  readonly engine: EngineName
  readonly seed: number
  readonly data?: string
  readonly patience: number
  readonly json?: boolean
  readonly list?: boolean
}

const SHIPPED = join(import.meta.dirname, '..', 'scenarios')
const SEED_MAX = 2_147_483_647
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export function register(program: Command): void {
  program
    .command('run')
    .description('Run scenarios: a network, its faults, and what must hold')
    .argument('[files...]', 'scenario files, or names of shipped scenarios')
    .option('--engine <name>', 'sim (virtual time) or processes', oneOf(ENGINE_NAMES), 'sim')
    .option('--seed <number>', 'seed of everything that is drawn', integerBetween(0, SEED_MAX), 1)
    .option(
      '--patience <factor>',
      'wait so many times as long as the file says: for slow machines',
      integerBetween(1, 20),
      1,
    )
    .option('--data <dir>', 'with real processes: keep their files here instead of removing them')
    .option('--list', 'print the shipped scenarios')
    .option('--json', 'print JSON lines')
    .action(run)
}

async function run(files: readonly string[], options: RunCommandOptions): Promise<void> {
  // A reader that has gone away (a closed pipe) must not end a run half-way.
  process.stdout.on('error', () => {})
  if (options.list === true) return list(options)
  if (files.length === 0) {
    throw new UsageError('name a scenario file; `weft run --list` prints the shipped ones')
  }
  const scenarios: { readonly file: string; readonly scenario: Scenario }[] = []
  for (const file of files) scenarios.push({ file, scenario: await read(file) })
  const { runToResult } = await import('../scenario/run-scenario.ts')
  const { runWords } = await import('../scenario/run-event.ts')
  const say = (event: RunEvent): void => {
    const lines = options.json === true ? [JSON.stringify(event)] : runWords(event)
    process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  }
  const { engine, seed, data, patience } = options
  if (data !== undefined && (engine === 'sim' || files.length > 1)) {
    throw new UsageError('--data keeps the files of one scenario on real processes')
  }
  const dataDirectory = data === undefined ? undefined : resolve(data)
  const signal = signalOfEnd()
  const failed: string[] = []
  for (const { file, scenario } of scenarios) {
    if (signal.aborted) break
    const { ok } = await runToResult({
      scenario,
      engine,
      seed,
      patience,
      dataDirectory,
      say,
      signal,
    })
    if (!ok) failed.push(commandOf(file, options))
  }
  if (failed.length === 0 && !signal.aborted) return
  throw new CommandError(
    failed.length === 0
      ? 'interrupted'
      : `${failed.length} of ${files.length} failed; again: ${failed.join('; ')}`,
  )
}

/** Runs it again: exactly, in the simulator. */
function commandOf(file: string, { engine, seed, patience }: RunCommandOptions): string {
  const more = patience === 1 ? '' : ` --patience ${patience}`
  return `npx weft run ${file} --engine ${engine} --seed ${seed}${more}`
}

/** A path, or the name of a shipped scenario. */
async function read(file: string): Promise<Scenario> {
  const shipped = /^[a-z0-9-]+$/.test(file) ? join(SHIPPED, `${file}.yaml`) : file
  const text = await readFile(shipped, 'utf8').catch((error: unknown) => {
    throw new UsageError(`cannot read ${file}; \`weft run --list\` prints the shipped scenarios`, {
      cause: error,
    })
  })
  const { readScenario } = await import('../scenario/document.ts')
  const parsed = readScenario(text)
  if (parsed.ok) return parsed.scenario
  const problems = parsed.problems.map(({ line, sentence }) => `\n  ${file}:${line}: ${sentence}`)
  throw new UsageError(`the scenario makes no sense:${problems.join('')}`)
}

async function list({ json }: RunCommandOptions): Promise<void> {
  const names = (await readdir(SHIPPED)).filter((name) => name.endsWith('.yaml')).sort()
  for (const name of names) {
    const scenario = await read(join(SHIPPED, name))
    const { story } = scenario
    const words =
      json === true
        ? JSON.stringify({ name: scenario.name, story })
        : `${scenario.name}\n  ${story}`
    process.stdout.write(`${words}\n`)
  }
}

/** Aborted by the first Ctrl-C or kill; the run then stops its network and ends. */
function signalOfEnd(): AbortSignal {
  const controller = new AbortController()
  for (const name of STOP_SIGNALS) process.once(name, () => controller.abort())
  return controller.signal
}
