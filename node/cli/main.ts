/**
 * The command line: turns arguments into one command and its outcome into an exit code. It knows no command; `weft.mjs`
 * hands it the registrations, so that the commands of devnet/ and bench/ can live in their own rows.
 *
 * Exit codes: 0 the command did what it says, 1 it failed, 2 it was asked wrongly. Errors are one sentence on stderr;
 * with `--json` also `{"event":"error","message"}` on stdout. A bug (a failed assertion) keeps its stack trace.
 */
import { Command, CommanderError } from 'commander'
import { CommandError, UsageError } from './command-error.ts'

export type Register = (program: Command) => void

const EXIT_OK = 0
const EXIT_FAILED = 1
const EXIT_USAGE = 2

export type CommandLineOutput = {
  readonly writeOut: (text: string) => void
  readonly writeError: (text: string) => void
}

const processOutput: CommandLineOutput = {
  writeOut: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
}

/** Runs one command to its end and gives the exit code; never throws for what a user or the machine did wrong. */
export async function runCommandLine(
  words: readonly string[],
  registrations: readonly Register[],
  output: CommandLineOutput = processOutput,
): Promise<number> {
  const program = new Command('weft')
    .description('A sharded Ethereum-compatible network: nodes, devnets and measurements')
    .showHelpAfterError('(add --help for the options)')
    .showSuggestionAfterError(true)
  for (const register of registrations) register(program)
  inheritSettings(program, output)
  try {
    await program.parseAsync(words, { from: 'user' })
    return EXIT_OK
  } catch (error) {
    return report(error, words.includes('--json'), output)
  }
}

/** Commands do not end the process by themselves and write where they are told, subcommands included. */
function inheritSettings(command: Command, output: CommandLineOutput): void {
  command.exitOverride()
  command.configureOutput({ writeOut: output.writeOut, writeErr: output.writeError })
  for (const child of command.commands) inheritSettings(child, output)
}

function report(error: unknown, json: boolean, output: CommandLineOutput): number {
  if (error instanceof CommanderError) {
    // Commander has written its sentence already. Help and version are errors to it with exit code 0.
    return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE
  }
  if (!(error instanceof CommandError || error instanceof UsageError)) throw error
  if (json) output.writeOut(`${JSON.stringify({ event: 'error', message: error.message })}\n`)
  output.writeError(`weft: ${error.message}\n`)
  return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED
}
