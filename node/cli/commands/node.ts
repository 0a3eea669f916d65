/**
 * `weft node run`: one node from one config file, until a signal or, when another process started it over an IPC channel,
 * until that process is gone. A supervisor that was killed without a word therefore leaves no node behind.
 */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { parseNodeConfig, type NodeConfig } from '../../runtime/config.ts'
import type { NodeOptions, RunningNode } from '../../runtime/node.ts'
import { CommandError } from '../command-error.ts'
import { readGenesis } from './genesis.ts'

/** What a node tells the process that started it. */
export type NodeReadyMessage = {
  readonly kind: 'ready'
  readonly rpcUrl: string
  readonly rpcPort: number
  readonly peer: string
  readonly multiaddrs: readonly string[]
}

const EXIT_OK = 0
const EXIT_FAILED = 1
/** Closing databases and streams takes a second at most; this is ten times that. */
const STOP_DEADLINE_MS = 10_000
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export function register(program: Command): void {
  const node = program.command('node').description('Run one node of a network')
  node
    .command('run')
    .description('Run one node from its config file until it is told to stop')
    .requiredOption('--config <file>', 'the config file of the node (JSON)')
    .option('--json', 'print JSON lines')
    .action(async (options: { config: string; json?: boolean }) => {
      await runNode(options.config, options.json === true)
    })
}

/** Returns when the node has stopped; throws `CommandError`. Programs for tests and devnets give options, `weft` none. */
export async function runNode(
  configFile: string,
  json: boolean,
  options: NodeOptions = {},
): Promise<void> {
  try {
    await runUntilStopped(configFile, json, options)
  } finally {
    // Whoever listens on the IPC channel keeps the process alive, although nothing is left to do: after a stop, and after
    // a start that failed, whose sentence would be in the log while the process hangs. Closing it would end that start as
    // an order to stop does, with exit code 0.
    process.channel?.unref()
  }
}

async function runUntilStopped(
  configFile: string,
  json: boolean,
  options: NodeOptions,
): Promise<void> {
  const config = await readConfig(configFile)
  const genesis = await readGenesis(config.genesisFile)
  let up = false
  const stopRequest = awaitStopRequest()
  void stopRequest.then(() => {
    // A start can be long (replaying blocks); leaving it is a crash, and a node survives those.
    if (!up) process.exit(EXIT_OK)
    // A node that hangs in its end must not outlive the order to stop.
    setTimeout(() => process.exit(EXIT_FAILED), STOP_DEADLINE_MS).unref()
  })
  // Loaded here, because every other command would pay for libp2p and the databases too.
  const { createNode } = await import('../../runtime/node.ts')
  const running = await createNode(config, genesis, options).catch(rethrowForUser)
  up = true
  announce(running, json)
  const reason = await stopRequest
  await running.stop()
  if (json) process.stdout.write(`${JSON.stringify({ event: 'stopped', reason })}\n`)
}

/** What the world refused (a lock, a port, a damaged file) carries a code and a sentence; anything else is a bug. */
function rethrowForUser(error: unknown): never {
  if (error instanceof Error && 'code' in error)
    throw new CommandError(error.message, { cause: error })
  throw error
}

async function readConfig(path: string): Promise<NodeConfig> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new CommandError(`cannot read the config file ${path}; give --config a JSON file`, {
      cause: error,
    })
  }
  const parsed = parseNodeConfig(value)
  if (parsed.ok) return parsed.config
  throw new CommandError(`config file ${path}: ${parsed.problems.join('; ')}`)
}

function announce(running: RunningNode, json: boolean): void {
  const { rpcUrl, rpcPort, peer, multiaddrs } = running
  const message: NodeReadyMessage = { kind: 'ready', rpcUrl, rpcPort, peer, multiaddrs }
  process.send?.(message)
  const line = json
    ? JSON.stringify({ event: 'ready', rpcUrl, peer, multiaddrs })
    : `node ${peer} answers at ${rpcUrl}`
  process.stdout.write(`${line}\n`)
}

/** Resolves with the first reason to stop. */
function awaitStopRequest(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of STOP_SIGNALS) process.once(signal, () => resolve(signal))
    if (process.connected) process.once('disconnect', () => resolve('the starting process is gone'))
  })
}
