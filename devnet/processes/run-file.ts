/**
 * The run file: who is running in a data directory, so that `status`, `stop` and `logs` find a devnet from another
 * terminal, and a second `up` is refused. Processes are named by pid and start time, because pids are used again.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { filesOf } from './data-directory.ts'
import { readStartTicks } from './process-figures.ts'

const processSchema = z.strictObject({
  pid: z.int().min(1),
  /** /proc start time; absent where there is no /proc. */
  startTicks: z.int().optional(),
})

const runSchema = z.strictObject({
  format: z.literal('weft-run-1'),
  supervisor: processSchema,
  startedMs: z.int(),
  /** The socket that takes orders; absent when the path of the data directory is too long for one. */
  control: z.string().optional(),
  /** The last process of each node; it may have ended. */
  nodes: z.array(
    z.strictObject({
      index: z.int().min(0),
      rpcUrl: z.string(),
      log: z.string(),
      process: processSchema,
    }),
  ),
})

export type RunFile = z.infer<typeof runSchema>
export type ProcessName = z.infer<typeof processSchema>

export async function nameProcess(pid: number): Promise<ProcessName> {
  const startTicks = await readStartTicks(pid)
  return startTicks === undefined ? { pid } : { pid, startTicks }
}

export async function writeRunFile(path: string, run: RunFile): Promise<void> {
  const file = filesOf(path).run
  await writeFile(`${file}.new`, `${JSON.stringify(run, undefined, 2)}\n`)
  await rename(`${file}.new`, file)
}

export async function removeRunFile(path: string): Promise<void> {
  await rm(filesOf(path).run, { force: true })
}

/** The devnet that runs here, or undefined. A file left by a supervisor that was killed does not count. */
export async function findRunning(path: string): Promise<RunFile | undefined> {
  const run = await readRunFile(path)
  return run !== undefined && (await isAlive(run.supervisor)) ? run : undefined
}

/** The file as it stands, whoever of it still lives. */
export async function readRunFile(path: string): Promise<RunFile | undefined> {
  const text = await readFile(filesOf(path).run, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const parsed = runSchema.safeParse(parseJson(text))
  return parsed.success ? parsed.data : undefined
}

/** Whether this very process, and not a later one with its number, is there. */
export async function isAlive({ pid, startTicks }: ProcessName): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return startTicks === undefined || (await readStartTicks(pid)) === startTicks
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
