/**
 * A shard block on its way through the executor, and its preparation: the beacon view of its anchor and the senders of
 * its transactions. Preparation of different blocks overlaps.
 */
import type { ChainBlock } from '../consensus/message.ts'
import type { AnchorView } from '../crosslink/crosslink.ts'
import { present } from '../primitives/assert.ts'
import { concatBytes } from '../primitives/bytes.ts'
import { keccak256 } from '../primitives/hash.ts'
import type { Address, Hash } from '../primitives/identifiers.ts'
import type { ShardBlock } from '../shards/block.ts'
import type { BlockOutcome } from '../shards/executor.ts'
import type { Context } from './context.ts'
import { shardBlockOf } from './shard-block.ts'

export type PendingBlock = {
  readonly block: ChainBlock
  readonly decoded: ShardBlock
  /** The engine waits for a verdict. */
  asked: boolean
  /** Notarized or final, so that it must not be forgotten. */
  certified: boolean
  anchor: AnchorView | undefined
  /** Senders of all transactions, 20 bytes each; undefined until all are known. */
  senders: Uint8Array | undefined
  state: 'preparing' | 'executing' | 'executed' | 'invalid'
  outcome: BlockOutcome | undefined
}

export type PreparationSources = {
  /** The finalized beacon block's view, or undefined if this node does not hold it in memory. */
  readonly anchorOf: (beaconHash: Hash) => AnchorView | undefined
  /** Height of the finalized beacon head. */
  readonly beaconHeight: () => number
  /** Looks an old anchor up on disk; answers undefined when there is none. */
  readonly loadAnchor: (
    beaconHeight: number,
    beaconHash: Hash,
    answer: (anchor: AnchorView | undefined) => void,
  ) => void
  readonly senderOf: (transactionHash: Hash) => Address | undefined
}

export type Preparation = {
  /** Something more is known. */
  readonly ready: () => void
  /** It will never be valid. */
  readonly hopeless: (detail: string) => void
}

export function createPending(block: ChainBlock): PendingBlock {
  return {
    block,
    decoded: shardBlockOf(block),
    asked: false,
    certified: false,
    anchor: undefined,
    senders: undefined,
    state: 'preparing',
    outcome: undefined,
  }
}

/** Senders of transactions that passed the mempool are known; the others are recovered off the main thread. */
export function findSenders(
  context: Context,
  entry: PendingBlock,
  sources: PreparationSources,
  then: Preparation,
): void {
  const { transactions } = entry.decoded.body
  const senders = transactions.map((raw) => sources.senderOf(keccak256(raw)))
  const unknown = transactions.filter((_, index) => senders[index] === undefined)
  if (unknown.length === 0) {
    entry.senders = joined(senders)
    return
  }
  context.recover(unknown, (recovered) => {
    let next = 0
    const all = senders.map((sender) => sender ?? recovered[next++]?.sender)
    if (all.some((sender) => sender === undefined)) return then.hopeless('a signature is of nobody')
    entry.senders = joined(all)
    then.ready()
  })
}

function joined(senders: readonly (Address | undefined)[]): Uint8Array {
  return concatBytes(...senders.map((sender) => present(sender, 'all senders are known')))
}

/** C.2. "Don't know yet" is never a failure (R4): a block anchored ahead of this node waits for the beacon. */
export function findAnchor(
  entry: PendingBlock,
  sources: PreparationSources,
  then: Preparation,
): void {
  if (entry.anchor !== undefined) return
  const { beaconHeight, beaconHash } = entry.decoded.header.anchor
  entry.anchor = sources.anchorOf(beaconHash)
  if (entry.anchor !== undefined || beaconHeight > sources.beaconHeight()) return
  sources.loadAnchor(beaconHeight, beaconHash, (anchor) => {
    if (entry.anchor !== undefined) return
    if (anchor === undefined)
      return then.hopeless('its anchor is not on the finalized beacon chain')
    entry.anchor = anchor
    then.ready()
  })
}
