/**
 * What a node answers about shards that it does not hold: whatever its disk has of them (docs/protocol/beacon.md B.11). Who
 * has left a shard still gives its blocks, the ends of its epochs and its receipts to those who stay, without an executor
 * and without a signature.
 */
import type { ConsensusMessage } from '../consensus/message.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { Context } from './context.ts'
import { createEpochTalk, type EpochTalk } from './epoch-talk.ts'
import { servePastEpoch } from './past-epoch.ts'
import { decodeShardChainBlock } from './shard-block.ts'

export type StoredChains = {
  readonly receive: (
    peer: string,
    place: { readonly chain: ChainNumber; readonly epoch: number },
    message: ConsensusMessage,
  ) => void
}

/** `highest`: the highest number that a shard of the network may have. */
export function createStoredChains(context: Context, highest: ChainNumber): StoredChains {
  const talks = new Map<ChainNumber, EpochTalk>()
  return {
    receive: (peer, { chain, epoch }, message) => {
      if (chain > highest) return
      const talk = talks.get(chain) ?? createEpochTalk(context, chain)
      talks.set(chain, talk)
      if (!talk.mayAnswer(peer, message)) return
      servePastEpoch(context, { chain, epoch }, message, {
        decode: decodeShardChainBlock,
        answer: (answer) => talk.reply(peer, epoch, answer),
      })
    },
  }
}
