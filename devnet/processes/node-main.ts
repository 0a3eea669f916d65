/**
 * The program of a devnet's validator process: `node run` with seams for the faults of its supervisor, and no other command,
 * so that a process loads what a node needs and not the commands that make keys, devnets and measurements.
 *
 * `--vice NAME` makes the validator Byzantine. Only this program knows the option; `weft node run` has no faults and no vices.
 */
import type { Command } from 'commander'
import { runNode } from '../../node/cli/commands/node.ts'
import { runCommandLine } from '../../node/cli/main.ts'
import { corruptBy, obeySupervisor } from './faulty-node.ts'

function register(program: Command): void {
  program
    .command('node')
    .command('run')
    .requiredOption('--config <file>')
    .option('--vice <name>')
    .action(async ({ config, vice }: { config: string; vice?: string }) => {
      const seams = await obeySupervisor()
      const corrupt = vice === undefined ? {} : await corruptBy(vice, config)
      await runNode(config, false, { seams: { ...seams, ...corrupt } })
    })
}

process.exitCode = await runCommandLine(process.argv.slice(2), [register])
