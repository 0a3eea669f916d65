/**
 * Inquiry: whoever follows the beacon without a seat asks for what it may have missed (docs/protocol/beacon.md B.15). Final
 * blocks are told to followers by one node, their proposer; where all who take over with an epoch have none of the seats that
 * end it, a lost word about the sealing block would leave nobody who goes on.
 *
 * Without loss nothing is asked: a block comes within the patience. One member is asked at a time, the next after as long again.
 */
import { isSealingHeight, ONE_EPOCH } from '../beacon/epoch.ts'
import type { Genesis } from '../beacon/genesis.ts'
import type { Context } from './context.ts'

/** A view that gives up an absent leader and the one after it, and the word about its block. */
const BLOCK_DELTAS = 12

export type InquiryOptions = {
  /** Without a seat. */
  readonly isFollower: () => boolean
  /** How long the next block may take. */
  readonly patienceMs: () => number
  /** Of the epoch in which this node is. */
  readonly members: () => readonly number[]
  readonly ask: (member: number) => void
}

export type Inquiry = {
  /** A block is final here, or an epoch has begun. */
  readonly heard: () => void
  readonly deadline: () => number
  readonly tick: () => void
}

export function createInquiry(context: Pick<Context, 'now'>, options: InquiryOptions): Inquiry {
  let askAt = Infinity
  let attempt = 0
  const rearm = (): void => {
    askAt = options.isFollower() ? context.now() + options.patienceMs() : Infinity
  }
  return {
    heard: rearm,
    deadline: () => askAt,
    tick: () => {
      if (context.now() < askAt) return
      rearm()
      const members = options.members()
      const member = members[attempt++ % Math.max(1, members.length)]
      if (options.isFollower() && member !== undefined) options.ask(member)
    },
  }
}

/** After the block at this height. The one that seals an epoch does not wait for work (R2). */
export function blockPatienceMs(
  { beaconTiming, epochs = ONE_EPOCH }: Pick<Genesis, 'beaconTiming' | 'epochs'>,
  height: number,
): number {
  const { blockIntervalMs, idleIntervalMs, deltaMs } = beaconTiming
  const isSealing = isSealingHeight(epochs, height + 1)
  const intervalMs = isSealing ? blockIntervalMs : Math.max(blockIntervalMs, idleIntervalMs)
  return intervalMs + BLOCK_DELTAS * deltaMs
}
