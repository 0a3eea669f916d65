/**
 * Talk between nodes in different epochs of one chain (docs/protocol/consensus.md R13). Whoever hears of a later epoch asks
 * how its own one ended; whoever hears from an earlier one answers with that.
 *
 * Bounds: one question per ASK_INTERVAL_MS, one answer per peer and ANSWER_INTERVAL_MS; PEERS_REMEMBERED_MAX peers.
 */
import type { ConsensusMessage } from '../consensus/message.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import type { Context } from './context.ts'

/** An answer takes one way there and back; a busy committee sends far more than one message in that time. */
const ASK_INTERVAL_MS = 300
const ANSWER_INTERVAL_MS = 200
/** Twice the largest beacon committee. */
const PEERS_REMEMBERED_MAX = 256

/** Where a node stands in a chain. */
export type Place = { readonly epoch: number; readonly view: number }

export type EpochTalk = {
  /** A peer speaks of an epoch that lies ahead of ours. */
  readonly ahead: (peer: string, epoch: number, own: Place) => void
  /** A new epoch began here; if somebody is further still, the next question need not wait to hear from it again. */
  readonly entered: (own: Place) => void
  /** Somebody speaks of an epoch after this one. */
  readonly isOutrun: (epoch: number) => boolean
  /** Whether a message of a past epoch is to be answered. */
  readonly mayAnswer: (peer: string, message: ConsensusMessage) => boolean
  readonly reply: (peer: string, epoch: number, message: ConsensusMessage) => void
}

export function createEpochTalk(context: Context, chain: ChainNumber): EpochTalk {
  let furthest: { readonly peer: string; readonly epoch: number } | undefined
  let askAt = -Infinity
  const answeredAt = new Map<string, number>()

  function reply(peer: string, epoch: number, message: ConsensusMessage): void {
    const sealed = { kind: 'consensus', chain, epoch, message } as const
    context.emit({ kind: 'reply', peer, channel: 'consensus', message: sealed })
  }

  /** The answer to a question about any view of a sealed epoch is its end. */
  function ask(peer: string, { epoch, view }: Place): void {
    askAt = context.now() + ASK_INTERVAL_MS
    reply(peer, epoch, { kind: 'get-certificate', view })
  }

  return {
    ahead: (peer, epoch, own) => {
      if (epoch >= (furthest?.epoch ?? 0)) furthest = { peer, epoch }
      if (context.now() >= askAt) ask(peer, own)
    },
    entered: (own) => {
      if (furthest !== undefined && furthest.epoch > own.epoch) ask(furthest.peer, own)
    },
    isOutrun: (epoch) => furthest !== undefined && furthest.epoch > epoch,
    mayAnswer: (peer, { kind }) => {
      if (kind === 'get-range' || kind === 'get-block') return true
      if (kind !== 'vote' && kind !== 'proposal' && kind !== 'get-certificate') return false
      if (context.now() < (answeredAt.get(peer) ?? -Infinity) + ANSWER_INTERVAL_MS) return false
      answeredAt.delete(peer)
      answeredAt.set(peer, context.now())
      for (const oldest of answeredAt.keys()) {
        if (answeredAt.size <= PEERS_REMEMBERED_MAX) break
        answeredAt.delete(oldest)
      }
      return true
    },
    reply,
  }
}
