/**
 * `weft sim` with a planted bug: `node test/simulation/planted/main-sim.ts BUG sim --only network-short --seeds 50`. Everything
 * is the command's own, so a bug is found, its plan is made smaller, and the line that is printed plays it again, with the
 * bug. In this process only, as `--jobs 1`: others have none.
 */
import process from 'node:process'
import type { Register } from '../../../node/cli/main.ts'
import { importPatched } from './patched-modules.ts'
import { PLANTED_BUGS } from './planted-bugs.ts'

type CommandLine = {
  readonly runCommandLine: (
    words: readonly string[],
    registrations: readonly Register[],
  ) => Promise<number>
}

const [name = '', ...words] = process.argv.slice(2)
const bug = PLANTED_BUGS.find((one) => one.name === name)

if (bug === undefined || words.includes('--jobs')) {
  const names = PLANTED_BUGS.map((one) => one.name)
  process.stderr.write(
    `usage: main-sim.ts BUG sim ..., without --jobs; bugs: ${names.join(', ')}\n`,
  )
  process.exitCode = 2
} else {
  const load = (file: string) => importPatched(bug.name, bug.patches, file)
  const { register } = (await load('devnet/cli/simulation.ts')) as { readonly register: Register }
  const { runCommandLine } = (await load('node/cli/main.ts')) as CommandLine
  const named: Register = (program) => {
    program.name(`node test/simulation/planted/main-sim.ts ${bug.name}`)
    register(program)
  }
  process.exitCode = await runCommandLine([...words, '--jobs', '1'], [named])
}
