/**
 * Orders of faults, carried out one after the other on the processes of a devnet, and taken back when their time is over.
 *
 * Invariant: when `apply` resolves the fault is in force: a killed process is gone, a started one answers, a link is cut
 * on both of its ends. A fault that has its time is taken back by the supervisor, whoever ordered it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../../node/cli/command-error.ts'
import { unreachable } from '../../node/primitives/assert.ts'
import type { Fault } from '../faults/fault.ts'
import { createLinkTable } from '../faults/link-state.ts'
import { oppositeOf } from '../faults/opposite.ts'
import type { NodeFleet } from './fleet.ts'

/** Starting a node takes a few seconds on a busy machine. */
const UNDER_WAY_MS = 10_000

export type FaultEvents = {
  /** It is about to be carried out. */
  readonly onFault: (fault: Fault, forMs: number | undefined) => void
  /** A fault whose time was over could not be taken back. */
  readonly onFailure: (sentence: string) => void
}

export class FaultOrders {
  readonly #fleet: NodeFleet
  readonly #events: FaultEvents
  readonly #links = createLinkTable()
  readonly #timers = new Set<NodeJS.Timeout>()
  #tail: Promise<void> = Promise.resolve()
  #closed = false

  constructor(fleet: NodeFleet, events: FaultEvents) {
    this.#fleet = fleet
    this.#events = events
  }

  /** Throws `CommandError` when it cannot be done; `forMs`: it is taken back after so long. */
  async apply(fault: Fault, forMs?: number): Promise<void> {
    const opposite = forMs === undefined ? [] : oppositeOf(fault)
    if (forMs !== undefined && opposite.length === 0) {
      throw new CommandError(
        `nothing takes this back after a time: ${fault.kind}; leave the time out`,
      )
    }
    await this.#enqueue(async () => {
      if (this.#closed)
        throw new CommandError('the devnet is being stopped and takes no more orders')
      this.#events.onFault(fault, forMs)
      await this.#perform(fault)
    })
    if (forMs !== undefined) this.#takeBackLater(opposite, forMs)
  }

  /** No order is taken any more; what is at fault by order is well again, and what was ended stays down. */
  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    // An order under way may be the start of a node that hangs.
    await Promise.race([this.#tail, delay(UNDER_WAY_MS, undefined, { ref: false })])
    const everybody = this.#everybody()
    await this.#fleet.resume(everybody)
    this.#links.apply({ kind: 'heal' })
    await this.#fleet.setCondition(everybody, ({ changes }, index) => {
      return { links: this.#links.linksOf(index), disk: 'ok', skewMs: 0, changes }
    })
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(work)
    this.#tail = done.catch(() => {})
    return done
  }

  #takeBackLater(opposite: readonly Fault[], forMs: number): void {
    if (this.#closed) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#takeBack(opposite)
    }, forMs)
    this.#timers.add(timer)
  }

  async #takeBack(opposite: readonly Fault[]): Promise<void> {
    try {
      for (const fault of opposite) await this.apply(fault)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      // At the end of the devnet everything is taken back anyway.
      if (!this.#closed) this.#events.onFailure(error.message)
    }
  }

  async #perform(fault: Fault): Promise<void> {
    const fleet = this.#fleet
    switch (fault.kind) {
      case 'stop':
        return fleet.stop(fault.nodes)
      case 'crash':
        return fleet.crash(fault.nodes)
      case 'start':
        await fleet.start(fault.nodes)
        return
      case 'pause':
        return fleet.pause(fault.nodes)
      case 'resume':
        return fleet.resume(fault.nodes)
      case 'cut':
      case 'link':
      case 'heal':
        this.#links.apply(fault)
        return fleet.setCondition(this.#endsOf(fault), (condition, index) => {
          return { ...condition, links: this.#links.linksOf(index) }
        })
      case 'byzantine':
        fleet.setVice(fault.nodes, fault.vice)
        await fleet.stop(fault.nodes, 'byzantine')
        await fleet.start(fault.nodes)
        return
      case 'disk':
        return fleet.setCondition(fault.nodes, (condition) => ({ ...condition, disk: fault.mode }))
      case 'clock':
        return fleet.setCondition(fault.nodes, (condition) => {
          return { ...condition, skewMs: fault.skewMs }
        })
      case 'support':
        return fleet.setCondition(fault.nodes, (condition) => {
          return { ...condition, changes: fault.changes }
        })
      default:
        return unreachable(fault)
    }
  }

  #endsOf(fault: Extract<Fault, { kind: 'cut' | 'link' | 'heal' }>): readonly number[] {
    if (fault.kind === 'heal') return this.#everybody()
    return [...new Set(fault.links.flatMap(({ from, to }) => [from, to]))]
  }

  #everybody(): readonly number[] {
    return Array.from({ length: this.#fleet.size }, (_, index) => index)
  }
}
