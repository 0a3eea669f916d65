/**
 * The traffic process as the supervisor holds it: orders go in, reports come out (load/message.ts).
 */
import type { TrafficMessage, TrafficPlan, TrafficReport, TrafficRequest } from '../load/message.ts'
import { Child } from './child.ts'
import { NODE_FLAGS } from './node-flags.ts'

export type TrafficEvents = {
  readonly onReport: (report: TrafficReport) => void
  readonly onFirstSettled: (tx: string, from: number, to: number) => void
  readonly onViolation: (sentence: string) => void
  readonly onNotice: (sentence: string) => void
  readonly onUnexpectedExit: (code: number | null, signal: string | null) => void
}

export class TrafficProcess {
  readonly #events: TrafficEvents
  readonly #waiting = new Map<string, () => void>()
  #child: Child | undefined
  #last: TrafficReport | undefined

  constructor(events: TrafficEvents) {
    this.#events = events
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** The newest report; after `stop` the last one. */
  get report(): TrafficReport | undefined {
    return this.#last
  }

  /** Starts the process and gives it its plan; it watches and offers as soon as the nodes answer. */
  async start(
    plan: TrafficPlan,
    files: { readonly log: string; readonly compileCache: string; readonly program: string },
  ): Promise<void> {
    this.#child = await Child.start({
      words: [...NODE_FLAGS, files.program],
      log: files.log,
      environment: { NODE_COMPILE_CACHE: files.compileCache },
      onMessage: (message) => this.#receive(message as TrafficMessage),
      onUnexpectedExit: (code, signal) => {
        // Whoever waits for an answer must not wait for ever.
        for (const resolve of this.#waiting.values()) resolve()
        this.#events.onUnexpectedExit(code, signal)
      },
    })
    this.#send({ kind: 'plan', plan })
  }

  setRate(ratePerSecond: number): void {
    this.#send({ kind: 'rate', ratePerSecond })
  }

  clearLatency(): void {
    this.#send({ kind: 'clear-latency' })
  }

  async prepare(payments: number): Promise<void> {
    const prepared = this.#answer('prepared')
    this.#send({ kind: 'prepare', payments })
    await prepared
  }

  /** The next report, counted from now. */
  async nextReport(): Promise<TrafficReport | undefined> {
    await this.#answer('report')
    return this.#last
  }

  /** Resolves when it has saved its books and is gone. */
  async stop(): Promise<void> {
    if (this.#child === undefined) return
    this.#send({ kind: 'stop' })
    await this.#child.stop('none')
  }

  #send(request: TrafficRequest): void {
    this.#child?.send(request)
  }

  #answer(kind: TrafficMessage['kind']): Promise<void> {
    if (this.#child?.alive !== true) return Promise.resolve()
    return new Promise((resolve) => {
      const before = this.#waiting.get(kind)
      this.#waiting.set(kind, () => {
        before?.()
        resolve()
      })
    })
  }

  #receive(message: TrafficMessage): void {
    if (message.kind === 'report') {
      this.#last = message
      this.#events.onReport(message)
    }
    if (message.kind === 'stopped') this.#last = message.report
    if (message.kind === 'violation') this.#events.onViolation(message.sentence)
    if (message.kind === 'notice') this.#events.onNotice(message.sentence)
    if (message.kind === 'first-settled') {
      this.#events.onFirstSettled(message.tx, message.from, message.to)
    }
    this.#waiting.get(message.kind)?.()
    this.#waiting.delete(message.kind)
  }
}
