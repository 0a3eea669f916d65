#!/usr/bin/env node
/**
 * The launcher: plain JavaScript that any Node from 18 on can read. On a Node older than Weft needs it runs itself again
 * with the one pinned in node_modules, handing over arguments, streams, signals and the exit code.
 *
 * It stands outside the rows of ARCHITECTURE.md and is the one place where the commands of node/, devnet/ and bench/ meet.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR_MIN = 24
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
/** Set for the second run, so that a pinned Node that is too old cannot start itself for ever. */
const RELAUNCHED = 'WEFT_RELAUNCHED'

const root = dirname(fileURLToPath(import.meta.url))
const major = Number(process.versions.node.split('.')[0])

function refuse(sentence) {
  process.stderr.write(`weft: ${sentence}\n`)
  process.exit(1)
}

function relaunch() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const pinned = join(root, 'node_modules', '.bin', name)
  if (process.env[RELAUNCHED] !== undefined || !existsSync(pinned)) {
    refuse(
      `needs Node ${NODE_MAJOR_MIN} or newer (this is ${process.version}) and found none in node_modules; run \`npm ci\``,
    )
  }
  const child = spawn(pinned, process.argv.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, [RELAUNCHED]: '1' },
  })
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => refuse(`cannot start ${pinned}: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    // The same end for whoever waits on this process: the handlers go, then the signal takes its usual course.
    for (const forwarded of FORWARDED_SIGNALS) process.removeAllListeners(forwarded)
    process.kill(process.pid, signal)
  })
}

async function run() {
  if (!existsSync(join(root, 'node_modules', 'commander'))) {
    refuse('the dependencies are missing; run `npm ci` first')
  }
  const { runCommandLine } = await import('./node/cli/main.ts')
  const registrations = await Promise.all([
    import('./node/cli/commands/node.ts'),
    import('./node/cli/commands/keys.ts'),
    import('./node/cli/commands/genesis.ts'),
    import('./devnet/cli/devnet.ts'),
    import('./devnet/cli/risk.ts'),
    import('./devnet/cli/simulation.ts'),
    import('./devnet/cli/twins.ts'),
    import('./devnet/cli/check.ts'),
    import('./devnet/cli/audit.ts'),
    import('./devnet/cli/trace.ts'),
    import('./devnet/cli/validators.ts'),
    import('./devnet/cli/join.ts'),
    import('./devnet/cli/exit.ts'),
    import('./devnet/cli/run.ts'),
    import('./bench/cli/bench.ts'),
  ])
  process.exitCode = await runCommandLine(
    process.argv.slice(2),
    registrations.map(({ register }) => register),
  )
}

if (major < NODE_MAJOR_MIN) relaunch()
else await run()
