/** A process that has ended and whose parent never asks for its end: its number is taken, and it does nothing any more. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'

export type Zombie = {
  readonly pid: number
  /** When it was started, in ticks since boot. */
  readonly startTicks: number
  /** Ends the parent; the number is free then. */
  readonly bury: () => Promise<void>
}

export async function startZombie(): Promise<Zombie> {
  // The shell turns into a program that knows of no children; only then the child is let end, or the shell would notice.
  const parent = spawn('sh', ['-c', 'exec 3<&0; cat <&3 & echo $!; exec sleep 600'])
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())
  while (!(await isProgram(parent.pid, 'sleep'))) await pause()
  parent.stdin.end()
  while ((await statOf(pid))[0] !== 'Z') await pause()
  return {
    pid,
    startTicks: Number((await statOf(pid))[19]),
    bury: async () => {
      const gone = once(parent, 'exit')
      parent.kill('SIGKILL')
      await gone
    },
  }
}

/** From the state on: what stands before is the number and a name, which may hold spaces. */
async function statOf(pid: number): Promise<readonly string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

async function isProgram(pid: number | undefined, name: string): Promise<boolean> {
  return (await readFile(`/proc/${pid}/comm`, 'utf8')).trim() === name
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}
