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
  // The shell turns into a program that knows of no children.
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 600'])
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())
  while ((await statOf(pid))[0] !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5))
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
