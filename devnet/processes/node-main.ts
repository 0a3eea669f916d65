/**
 * The program of a devnet's validator process: the command `weft node run` and no other, so that a process loads what a
 * node needs and not the commands that make keys, devnets and measurements.
 */
import { register } from '../../node/cli/commands/node.ts'
import { runCommandLine } from '../../node/cli/main.ts'

process.exitCode = await runCommandLine(process.argv.slice(2), [register])
