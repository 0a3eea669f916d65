/**
 * The nodes of a devnet as processes: started, ended, paused and told what to suffer. A node keeps its ports, its keys and
 * its disk over all its starts, so that its peers find it again.
 *
 * Invariants: an end that nobody ordered is told as such; after `stopAll` no node runs and none starts any more; what a
 * node has to suffer (links, disk, clock, vice) is remembered while it is down.
 */
import { CommandError } from '../../node/cli/command-error.ts'
import type { NodeReadyMessage } from '../../node/cli/commands/node.ts'
import { assert, present } from '../../node/primitives/assert.ts'
import type { ChildEnd } from './child.ts'
import { HEALTHY, type NodeCondition } from './node-order.ts'
import { startNodeProcess, type NodePlan, type NodeProcess } from './node-process.ts'
import { pauseProcess, type Pause } from './pause.ts'

/** The fault that ended a node; undefined: nobody had ordered that. */
export type EndOrder = 'stop' | 'crash' | 'byzantine' | 'disk' | undefined

export type FleetEvents = {
  readonly onStart: (index: number, pid: number) => void
  readonly onEnd: (index: number, pid: number, end: ChildEnd, order: EndOrder) => void
}

type Member = {
  readonly plan: NodePlan
  /** The last one; undefined before the first start. */
  process: NodeProcess | undefined
  pause: Pause | undefined
  condition: NodeCondition
  vice: string | undefined
  /** The last end was ordered. */
  isDownByOrder: boolean
}

function memberOf(plan: NodePlan): Member {
  const process = undefined
  const pause = undefined
  return { plan, process, pause, condition: HEALTHY, vice: undefined, isDownByOrder: false }
}

/** A node that has not come up by then hangs: sixteen on two busy cores need half a minute. */
const START_WITHIN_MS = 120_000

export class NodeFleet {
  readonly #members: Member[]
  readonly #events: FleetEvents
  #closed = false

  constructor(plans: readonly NodePlan[], events: FleetEvents) {
    this.#events = events
    this.#members = plans.map(memberOf)
  }

  /** One more, under the next number; it is started like the others. */
  add(plan: NodePlan): void {
    assert(plan.index === this.#members.length, 'nodes are numbered without gaps')
    this.#members.push(memberOf(plan))
  }

  get size(): number {
    return this.#members.length
  }

  /** Of the nodes that run, paused ones included. */
  get pids(): readonly number[] {
    return this.#members.flatMap(({ process }) =>
      process?.child.alive === true ? [process.child.pid] : [],
    )
  }

  /** The last process of each node, running or not. */
  get processes(): readonly NodeProcess[] {
    return this.#members.flatMap(({ process }) => (process === undefined ? [] : [process]))
  }

  isRunning(index: number): boolean {
    return this.#member(index).process?.child.alive === true
  }

  isPaused(index: number): boolean {
    return this.isRunning(index) && this.#member(index).pause !== undefined
  }

  isDownByOrder(index: number): boolean {
    return !this.isRunning(index) && this.#member(index).isDownByOrder
  }

  /** Starts whatever is not running of these; resolves when all of them answer. Throws `CommandError`. */
  async start(indexes: readonly number[]): Promise<readonly NodeReadyMessage[]> {
    const down = indexes.filter((index) => !this.isRunning(index))
    const spawned = await Promise.allSettled(down.map((index) => this.#spawn(index)))
    const failed = spawned.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return Promise.all(down.map((index) => this.#awaitReady(index)))
  }

  async startHonest(indexes: readonly number[]): Promise<void> {
    this.setVice(indexes, undefined)
    await this.start(indexes)
  }

  async #spawn(index: number): Promise<void> {
    if (this.#closed) return
    // A paused node that somebody else killed is still held.
    await this.resume([index])
    const member = this.#member(index)
    const { plan, condition, vice } = member
    const process = await startNodeProcess(
      plan,
      (code, signal) => {
        const isFull = member.condition.disk === 'full'
        member.isDownByOrder = isFull
        this.#tellEnd(index, { code, signal }, isFull ? 'disk' : undefined)
      },
      { condition, vice },
    )
    member.process = process
    this.#events.onStart(index, process.child.pid)
    // The order to stop all came between the start and here.
    if (this.#closed) await process.child.stop()
  }

  async #awaitReady(index: number): Promise<NodeReadyMessage> {
    const { process, condition } = this.#member(index)
    const { ready, log } = present(process, 'a node that was started has a process')
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => late.reject(new Error(`silent for ${START_WITHIN_MS / 1000} s`)),
      START_WITHIN_MS,
    )
    try {
      return await Promise.race([ready, late.promise])
    } catch (error) {
      const reason =
        condition.disk === 'full' ? 'its disk is still full' : `its log ${log} says why`
      throw new CommandError(`node ${index} did not start; ${reason}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Orderly; resolves when they are gone. */
  async stop(indexes: readonly number[], order: EndOrder = 'stop'): Promise<void> {
    await this.resume(indexes)
    await this.#end(indexes, order, ({ child }) => child.stop())
  }

  async crash(indexes: readonly number[]): Promise<void> {
    await this.#end(indexes, 'crash', ({ child }) => child.crash())
    // They hold nothing any more, and end.
    await this.resume(indexes)
  }

  async #end(
    indexes: readonly number[],
    order: EndOrder,
    end: (process: NodeProcess) => Promise<ChildEnd>,
  ): Promise<void> {
    await Promise.all(
      indexes.map(async (index) => {
        const member = this.#member(index)
        if (member.process === undefined || !this.isRunning(index)) return
        member.isDownByOrder = true
        this.#tellEnd(index, await end(member.process), order)
      }),
    )
  }

  #tellEnd(index: number, end: ChildEnd, order: EndOrder): void {
    if (this.#closed) return
    const { process } = this.#member(index)
    this.#events.onEnd(index, process?.child.pid ?? 0, end, order)
  }

  /** Whatever runs of these and is not paused yet. */
  async pause(indexes: readonly number[]): Promise<void> {
    await Promise.all(
      indexes.map(async (index) => {
        const member = this.#member(index)
        if (!this.isRunning(index) || member.pause !== undefined) return
        member.pause = await pauseProcess(present(member.process, 'it runs').child.pid)
      }),
    )
  }

  async resume(indexes: readonly number[]): Promise<void> {
    await Promise.all(
      indexes.map(async (index) => {
        const member = this.#member(index)
        const { pause } = member
        if (pause === undefined) return
        member.pause = undefined
        await pause.end()
        // What was ordered while it could not listen has been sent and is heard now.
      }),
    )
  }

  /** Resolves when all that run and are not paused have it; the others have it as soon as they go on. */
  async setCondition(
    indexes: readonly number[],
    change: (condition: NodeCondition, index: number) => NodeCondition,
  ): Promise<void> {
    await Promise.all(
      indexes.map(async (index) => {
        const member = this.#member(index)
        const before = JSON.stringify(member.condition)
        member.condition = change(member.condition, index)
        if (member.process === undefined || !this.isRunning(index)) return
        // What has changed nothing is in force already.
        if (JSON.stringify(member.condition) === before) return
        const obeyed = member.process.order(member.condition)
        if (member.pause === undefined) await obeyed
        else obeyed.catch(() => {})
      }),
    )
  }

  /** From the next start on. */
  setVice(indexes: readonly number[], vice: string | undefined): void {
    for (const index of indexes) this.#member(index).vice = vice
  }

  /** Nothing starts any more; resolves when nothing runs. */
  async stopAll(): Promise<void> {
    this.#closed = true
    const all = this.#members.map((_member, index) => index)
    await this.resume(all)
    await Promise.all(this.processes.map(({ child }) => child.stop()))
  }

  #member(index: number): Member {
    assert(index < this.#members.length, 'orders name nodes that exist')
    return present(this.#members[index], 'a node per plan')
  }
}
