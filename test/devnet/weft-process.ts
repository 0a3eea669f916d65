/**
 * `weft` as a process under test: its JSON lines as they come, its end, and whether its children outlive it.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const LAUNCHER = join(import.meta.dirname, '..', '..', 'weft.mjs')

export type Line = Readonly<Record<string, unknown>> & { readonly event: string }

export type WeftProcess = {
  readonly child: ChildProcess
  readonly lines: readonly Line[]
  /** The first line of this event, past or future; rejects when the process ends without it. */
  readonly event: (name: string) => Promise<Line>
  /** The next line to come that matches; rejects when the process ends without it. */
  readonly next: (matches: (line: Line) => boolean) => Promise<Line>
  readonly exit: Promise<number | string>
  readonly stderr: () => string
}

export function startWeft(...words: readonly string[]): WeftProcess {
  const child = spawn(process.execPath, [LAUNCHER, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: Line[] = []
  const waiting = new Map<string, ((line: Line | undefined) => void)[]>()
  const watching = new Set<(line: Line | undefined) => void>()
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line
    lines.push(line)
    for (const resolve of waiting.get(line.event) ?? []) resolve(line)
    waiting.delete(line.event)
    for (const watch of watching) watch(line)
  })
  const exit = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => {
      for (const list of waiting.values()) for (const give of list) give(undefined)
      for (const watch of watching) watch(undefined)
      resolve(code ?? signal ?? 'unknown')
    })
  })
  return { child, lines, exit, stderr: () => errors, event: (name) => awaitLine(name), next }

  function next(matches: (line: Line) => boolean): Promise<Line> {
    return new Promise((resolve, reject) => {
      const watch = (line: Line | undefined): void => {
        if (line !== undefined && !matches(line)) return
        watching.delete(watch)
        if (line === undefined) reject(new Error(`weft ended meanwhile: ${errors}`))
        else resolve(line)
      }
      watching.add(watch)
    })
  }

  async function awaitLine(name: string): Promise<Line> {
    const past = lines.find((line) => line.event === name)
    if (past !== undefined) return past
    const line = await new Promise<Line | undefined>((resolve) => {
      waiting.set(name, [...(waiting.get(name) ?? []), resolve])
    })
    if (line === undefined) throw new Error(`weft ended without ${name}: ${errors}`)
    return line
  }
}

/** Process ids that the devnet has told of. */
export function pidsOf({ lines }: WeftProcess): readonly number[] {
  return lines.filter(({ event }) => event === 'process').map((line) => Number(line['pid']))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Ports of the RPC servers that `ready` told of. */
function portsOf(ready: Line): readonly number[] {
  const shards = ready['shards'] as readonly { readonly rpc: string }[]
  return [...new Set(shards.map(({ rpc }) => Number(new URL(rpc).port)))]
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Resolves when none of the processes is left; the test's own time limit is the deadline. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** What a network that has ended has left: processes, and ports somebody still listens on. */
export async function remainsOf(weft: WeftProcess): Promise<readonly string[]> {
  const ports = portsOf(await weft.event('ready'))
  const listening = await Promise.all(ports.map(isListening))
  return [
    ...pidsOf(weft)
      .filter(isRunning)
      .map((pid) => `process ${pid}`),
    ...ports.filter((_, index) => listening[index]).map((port) => `port ${port}`),
  ]
}
