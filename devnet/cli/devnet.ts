/**
 * The `weft devnet` commands. What they need is loaded when they run, so that `weft --help` and every node process stay light.
 */
import type { Command } from 'commander'
import { integerBetween } from '../../node/cli/option-value.ts'
import { registerFaults } from './fault.ts'
import { registerShards } from './shards.ts'
import { declareUpOptions, DEFAULT_DATA_DIRECTORY, type TypedOptions } from './options.ts'
import type { RunningOptions } from './running.ts'

export function register(program: Command): void {
  const devnet = program.command('devnet').description('A whole network on this machine')
  declareUpOptions(
    devnet.command('up').description('Start a network, or resume the stored one, until Ctrl-C'),
  ).action(async (options: TypedOptions) => {
    const { up } = await import('./up.ts')
    await up(options)
  })
  withData(devnet.command('status').description('Show the processes of a running devnet')).action(
    async (options: RunningOptions) => {
      const { status } = await import('./running.ts')
      await status(options)
    },
  )
  withData(devnet.command('stop').description('Stop a running devnet')).action(
    async (options: RunningOptions) => {
      const { stop } = await import('./running.ts')
      await stop(options)
    },
  )
  withData(
    devnet
      .command('logs')
      .description('Print the last lines of the logs')
      .argument('[node]', 'number of the node; all without it', integerBetween(0, 127))
      .option('-f, --follow', 'go on with what comes'),
  ).action(async (node: number | undefined, options: RunningOptions & { follow?: boolean }) => {
    const { logs } = await import('./running.ts')
    await logs(node, options)
  })
  registerFaults(devnet)
  registerShards(devnet)
}

function withData(command: Command): Command {
  return command
    .option('--data <dir>', `data directory of the devnet (default ${DEFAULT_DATA_DIRECTORY})`)
    .option('--json', 'print JSON')
}
