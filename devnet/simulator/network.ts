/**
 * The simulated network: datagrams between numbered nodes over links that delay, drop, duplicate, reorder (delays are
 * independent), replay old messages and break apart, until the network becomes stable. From then on every message
 * arrives, once, within the stable link's longest delay: the model of partial synchrony (docs/protocol A.2).
 *
 * It carries any message type and looks into none. All chances are ratios of 10,000, all delays integers.
 */
import { assert, present } from '../../node/primitives/assert.ts'
import type { Prng } from '../../node/primitives/prng.ts'
import { isCut, type Partition } from './partition.ts'
import type { Scheduler } from './scheduler.ts'

/** Denominator of all chances in plans. */
export const MYRIAD = 10_000
/** Old messages kept for replay. A sample is enough: replays test idempotence, not storage. */
const RECORDED_MAX = 256

export type LinkQuality = {
  readonly delayMinMs: number
  /** Half of the messages take longer than this on top of the least, a quarter twice it, and so on. */
  readonly delayHalfLifeMs: number
  readonly delayMaxMs: number
  readonly dropPerMyriad: number
  readonly duplicatePerMyriad: number
  /** Chance that sending a message also sends a recorded older one again, to its old receiver. */
  readonly replayPerMyriad: number
}

export type NetworkPlan = {
  readonly nodeCount: number
  /** Global stabilization time: partitions, drops, duplicates and replays end here. */
  readonly stableAtMs: number
  readonly unstable: LinkQuality
  readonly stable: LinkQuality
  /** In order of time, not overlapping. */
  readonly partitions: readonly Partition[]
}

export type NetworkCounts = {
  sent: number
  dropped: number
  cut: number
  duplicated: number
  replayed: number
}

export type SimulatedNetwork<Message> = {
  /** `digest`: 32 bits for the event hash. */
  readonly send: (from: number, to: number, message: Message, digest: number) => void
  readonly counts: () => Readonly<NetworkCounts>
  /** Whether nothing passes now, one way or the other. */
  readonly isApart: (node: number, other: number) => boolean
}

export type NetworkPorts<Message> = {
  readonly plan: NetworkPlan
  readonly dice: Prng
  readonly scheduler: Scheduler
  readonly deliver: (from: number, to: number, message: Message) => void
}

type Recorded<Message> = {
  readonly from: number
  readonly to: number
  readonly message: Message
  readonly digest: number
}

export function createNetwork<Message>(ports: NetworkPorts<Message>): SimulatedNetwork<Message> {
  const { plan, dice, scheduler, deliver } = ports
  assertPlan(plan)
  const counts: NetworkCounts = { sent: 0, dropped: 0, cut: 0, duplicated: 0, replayed: 0 }
  const recorder: Recorded<Message>[] = []
  let episode = 0

  function partitionAt(now: number): Partition | undefined {
    let current = plan.partitions[episode]
    while (current !== undefined && current.untilMs <= now) current = plan.partitions[++episode]
    return current !== undefined && current.fromMs <= now ? current : undefined
  }

  function isUnreachable(letter: Recorded<Message>): boolean {
    return isCut(partitionAt(scheduler.now()), letter.from, letter.to)
  }

  function post(letter: Recorded<Message>, quality: LinkQuality): void {
    const { from, to, message, digest } = letter
    scheduler.schedule(scheduler.now() + drawDelay(dice, quality), {
      node: to,
      kind: 'message',
      payload: digest ^ Math.imul(from + 1, 0x9e3779b1),
      act: () => deliver(from, to, message),
    })
  }

  function sendUnstable(letter: Recorded<Message>): void {
    const quality = plan.unstable
    if (hits(dice, quality.replayPerMyriad) && recorder.length > 0) {
      const older = dice.pick(recorder)
      if (!isUnreachable(older)) {
        counts.replayed++
        post(older, quality)
      }
    }
    record(recorder, letter, dice)
    if (isUnreachable(letter)) counts.cut++
    else if (hits(dice, quality.dropPerMyriad)) counts.dropped++
    else {
      post(letter, quality)
      if (hits(dice, quality.duplicatePerMyriad)) {
        counts.duplicated++
        post(letter, quality)
      }
    }
  }

  return {
    send: (from, to, message, digest) => {
      counts.sent++
      const letter = { from, to, message, digest }
      if (scheduler.now() < plan.stableAtMs) sendUnstable(letter)
      else post(letter, plan.stable)
    },
    counts: () => counts,
    isApart: (node, other) => {
      const partition = partitionAt(scheduler.now())
      return isCut(partition, node, other) || isCut(partition, other, node)
    },
  }
}

/** Exponential-like with integers only: leading zeros of 32 random bits are geometric with ratio one half. */
function drawDelay(dice: Prng, quality: LinkQuality): number {
  const halvings = Math.clz32(dice.u32())
  const tail = halvings * quality.delayHalfLifeMs + dice.below(quality.delayHalfLifeMs + 1)
  return Math.min(quality.delayMinMs + tail, quality.delayMaxMs)
}

/** Draws nothing for a chance of zero, so that a fault that is off costs nothing. */
function hits(dice: Prng, perMyriad: number): boolean {
  return perMyriad > 0 && dice.chance(perMyriad, MYRIAD)
}

function record<Message>(
  recorder: Recorded<Message>[],
  letter: Recorded<Message>,
  dice: Prng,
): void {
  if (recorder.length < RECORDED_MAX) recorder.push(letter)
  else recorder[dice.below(RECORDED_MAX)] = letter
}

function assertPlan(plan: NetworkPlan): void {
  for (const quality of [plan.unstable, plan.stable]) {
    assert(quality.delayMinMs <= quality.delayMaxMs, 'the least delay is at most the longest')
  }
  for (let index = 1; index < plan.partitions.length; index++) {
    const earlier = present(plan.partitions[index - 1], 'the index is in range')
    const later = present(plan.partitions[index], 'the index is in range')
    assert(earlier.untilMs <= later.fromMs, 'partitions follow each other')
  }
}
