/**
 * `weft devnet up`: a network until Ctrl-C, until `--for` has passed, or until `weft devnet stop` in another terminal.
 */
import { CommandError } from '../../node/cli/command-error.ts'
import { jsonConsole, wordConsole } from '../display/console.ts'
import { Supervisor } from '../processes/supervisor.ts'
import { resolveUpOptions, type TypedOptions } from './options.ts'

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** One sender of ten enters through a node outside its shard's committee, so that this way is exercised too. */
const OUTSIDER_EVERY = 10

export async function up(typed: TypedOptions): Promise<void> {
  const options = await resolveUpOptions(typed)
  const { validators } = options.parameters
  const screen = {
    isTerminal: process.stdout.isTTY,
    write: (text: string) => void process.stdout.write(text),
  }
  // A reader that has gone away (a closed pipe) must not take the network down half-way; the end comes by signal.
  process.stdout.on('error', () => {})
  const show = options.json ? jsonConsole(screen) : wordConsole(screen, validators)
  if (!options.json) {
    const { shards } = options.parameters
    screen.write(
      `Starting ${validators} validators for ${shards} shards in ${options.dataDirectory}\n`,
    )
  }
  const stopRequest = awaitSignal()
  const supervisor = new Supervisor({ ...options, outsiderEvery: OUTSIDER_EVERY, onEvent: show })
  const started = supervisor.start()
  await Promise.race([started, stopRequest])
  await Promise.race([stopRequest, elapsed(options.forSeconds)])
  const { audit } = await supervisor.stop()
  await started
  if (audit !== 'ok' && !audit.startsWith('not possible: the network was never ready')) {
    throw new CommandError(`the audit did not pass: ${audit}`)
  }
}

/** Resolves with the first signal; later ones change nothing, because stopping is under way and has its deadline. */
function awaitSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of STOP_SIGNALS) process.on(signal, () => resolve())
  })
}

/** Never resolves without a limit. */
function elapsed(seconds: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (seconds !== undefined) setTimeout(resolve, seconds * 1000).unref()
  })
}
