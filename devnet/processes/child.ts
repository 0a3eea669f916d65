/**
 * One process of a devnet: started with a log file and an IPC channel, stopped with a signal and, when it does not end in
 * time, killed. It runs in a process group of its own, so that a Ctrl-C reaches the supervisor alone and the end is orderly.
 *
 * Invariant: whatever happens to the supervisor, the child ends: on `stop`, or by itself when its IPC channel closes.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { open } from 'node:fs/promises'

export type ChildOptions = {
  /** Arguments after the Node executable, flags of Node included. */
  readonly words: readonly string[]
  readonly log: string
  readonly environment?: Readonly<Record<string, string>>
  readonly onMessage: (message: unknown) => void
  /** Only for an end that nobody asked for. */
  readonly onUnexpectedExit: (code: number | null, signal: NodeJS.Signals | null) => void
}

export type ChildEnd = { readonly code: number | null; readonly signal: string | null }

/** A node writes its last state within a second or two; more than this is a hang. */
const STOP_DEADLINE_MS = 10_000

export class Child {
  readonly #process: ChildProcess
  /** Resolves when the process is gone, for whatever reason. */
  readonly ended: Promise<ChildEnd>
  #stopping = false
  #alive = true

  private constructor(process: ChildProcess, options: ChildOptions) {
    this.#process = process
    this.ended = new Promise((resolve) => {
      process.once('exit', (code, signal) => {
        this.#alive = false
        if (!this.#stopping) options.onUnexpectedExit(code, signal)
        resolve({ code, signal })
      })
    })
    process.on('message', options.onMessage)
    // A message to a child that has just died is lost; its exit is reported anyway.
    process.on('error', () => {})
  }

  static async start(options: ChildOptions): Promise<Child> {
    const log = await open(options.log, 'a', 0o600)
    try {
      const child = spawn(process.execPath, options.words, {
        stdio: ['ignore', log.fd, log.fd, 'ipc'],
        env: { ...process.env, ...options.environment },
        detached: true,
      })
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve)
        child.once('error', reject)
      })
      return new Child(child, options)
    } finally {
      await log.close()
    }
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get alive(): boolean {
    return this.#alive
  }

  send(message: unknown): void {
    if (this.#process.connected) this.#process.send(message as object)
  }

  /** Resolves when the process is gone. `none`: it has been told to stop in its own words already. */
  async stop(signal: NodeJS.Signals | 'none' = 'SIGTERM'): Promise<ChildEnd> {
    this.#stopping = true
    if (!this.#alive) return this.ended
    if (signal !== 'none') this.#process.kill(signal)
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_DEADLINE_MS)
    const end = await this.ended
    clearTimeout(timer)
    return end
  }

  /** `kill -9`, also of a process that is paused. */
  async crash(): Promise<ChildEnd> {
    this.#stopping = true
    if (this.#alive) this.#process.kill('SIGKILL')
    return this.ended
  }
}
