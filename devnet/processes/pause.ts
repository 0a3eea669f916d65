/**
 * A paused process: alive, connections open, doing nothing. It cannot notice that its supervisor is gone, so a shell holds
 * it: the shell stops the process and wakes it when the pipe from the supervisor closes, whatever the reason.
 *
 * Invariant: no process stays stopped without a supervisor.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { CommandError } from '../../node/cli/command-error.ts'

export type Pause = {
  /** Resolves when the process goes on. */
  readonly end: () => Promise<void>
}

/** `read` returns when the pipe closes; a process that has ended meanwhile needs no waking. */
const HOLD = 'kill -STOP "$1" && echo held && read -r _; kill -CONT "$1" 2>/dev/null; true'

/** Resolves when the process is stopped. */
export async function pauseProcess(pid: number): Promise<Pause> {
  const shell = spawn('/bin/sh', ['-c', HOLD, 'sh', String(pid)], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Out of reach of a Ctrl-C, which would end it without the waking.
    detached: true,
  })
  const closed = once(shell, 'close')
  const held = await Promise.race([
    once(shell.stdout, 'data').then(() => true),
    closed.then(() => false),
  ])
  if (!held) throw new CommandError(`process ${pid} cannot be paused`)
  return {
    end: async () => {
      shell.stdin.end()
      await closed
    },
  }
}
