/**
 * The channels of one shard while a block is executed: outgoing heads, incoming cursors and the ends of the outgoing
 * buffers, all read from the state before and written back after (C.4, C.5, C.6).
 */
import { emptyOutRoot } from '../crosslink/channel.ts'
import type { AnchorView, ShardRecord } from '../crosslink/crosslink.ts'
import type { ChannelHead } from '../crosslink/receipt.ts'
import { equalBytes } from '../primitives/bytes.ts'
import { present } from '../primitives/assert.ts'
import { BEACON_CHAIN, type ChainNumber, type Hash } from '../primitives/identifiers.ts'
import type { ShardConfig } from './executor.ts'
import { bufferKey, incomingKey, outgoingKey, statePath } from './state-key.ts'
import { readState, type StateTree } from './state-tree.ts'
import {
  decodeBuffer,
  decodeIncoming,
  decodeOutgoing,
  encodeBuffer,
  encodeIncoming,
  encodeOutgoing,
  type IncomingChannel,
} from './system-record.ts'
import { writeRecord, type WorkingState } from './working-state.ts'

/** Each indexed by the other chain, 0..S; the shard's own entries stay empty. */
export type ChannelState = {
  readonly outgoing: ChannelHead[]
  readonly incoming: IncomingChannel[]
  /** Sequence that the next receipt to each destination gets. */
  readonly ends: number[]
}

export function readChannels(tree: StateTree, shardCount: number): ChannelState {
  const outgoing: ChannelHead[] = []
  const incoming: IncomingChannel[] = []
  const ends: number[] = []
  for (let chain = 0; chain <= shardCount; chain++) {
    outgoing.push(decodeOutgoing(readState(tree, statePath(outgoingKey(chain)))))
    incoming.push(decodeIncoming(readState(tree, statePath(incomingKey(chain)))))
    ends.push(decodeBuffer(readState(tree, statePath(bufferKey(chain)))).endSequence)
  }
  return { outgoing, incoming, ends }
}

/** Writes back what differs from `before`. */
export function writeChannels(
  state: WorkingState,
  before: ChannelState,
  after: ChannelState,
): void {
  for (const [chain, channel] of after.outgoing.entries()) {
    if (channel.nextSequence !== before.outgoing[chain]?.nextSequence) {
      writeRecord(state, outgoingKey(chain), encodeOutgoing(channel))
    }
    const incoming = incomingOf(after, chain)
    if (!isSameIncoming(incoming, incomingOf(before, chain))) {
      writeRecord(state, incomingKey(chain), encodeIncoming(incoming))
    }
    const endSequence = endOf(after, chain)
    if (endSequence !== before.ends[chain]) {
      writeRecord(state, bufferKey(chain), encodeBuffer({ endSequence }))
    }
  }
}

export function copyChannels(channels: ChannelState): ChannelState {
  return {
    outgoing: [...channels.outgoing],
    incoming: [...channels.incoming],
    ends: [...channels.ends],
  }
}

export function outgoingOf(channels: ChannelState, destination: ChainNumber): ChannelHead {
  return present(channels.outgoing[destination], 'there is a channel to every chain')
}

export function incomingOf(channels: ChannelState, source: ChainNumber): IncomingChannel {
  return present(channels.incoming[source], 'there is a channel from every chain')
}

export function endOf(channels: ChannelState, destination: ChainNumber): number {
  return present(channels.ends[destination], 'there is a buffer for every chain')
}

/** Consumed positions, index = source 0..S. */
export function cursorsOf(channels: ChannelState): readonly ChannelHead[] {
  return channels.incoming.map((channel) => channel.cursor)
}

/** Receipts waiting, index = destination 0..S. */
export function bufferedOf(channels: ChannelState): readonly number[] {
  return channels.ends.map(
    (end, destination) => end - outgoingOf(channels, destination).nextSequence,
  )
}

/** The beacon and every shard of the layout but our own, ascending. */
export function otherChains(config: Pick<ShardConfig, 'shard' | 'shardCount'>): ChainNumber[] {
  const chains = Array.from({ length: config.shardCount + 1 }, (_, chain) => chain)
  return chains.filter((chain) => chain !== config.shard)
}

/** What an anchor says of a source: a shard, or the beacon itself (C.9). */
export type SourceView = { readonly outRoot: Hash; readonly shardCount: number }

export function sourceAt(anchor: AnchorView, source: ChainNumber): SourceView {
  if (source === BEACON_CHAIN) {
    const { outRoot, channels } = anchor.beacon
    return { outRoot, shardCount: channels.length - 1 }
  }
  const record = present(anchor.shards[source - 1], 'the anchor knows every shard')
  return { outRoot: record.outRoot, shardCount: knownShards(record) }
}

/** Nothing new can have come from a source whose outRoot is the one its channel was drained under (C.5). */
export function isDrained(channel: IncomingChannel, source: SourceView): boolean {
  return equalBytes(channel.drainedRoot ?? emptyOutRoot(source.shardCount), source.outRoot)
}

/** How many shards a shard knew at its recorded head: there is a channel to each (B.7). */
export function knownShards({ cursors }: Pick<ShardRecord, 'cursors'>): number {
  return cursors.length - 1
}

function isSameIncoming(left: IncomingChannel, right: IncomingChannel): boolean {
  const isSameRoot =
    left.drainedRoot === undefined || right.drainedRoot === undefined
      ? left.drainedRoot === right.drainedRoot
      : equalBytes(left.drainedRoot, right.drainedRoot)
  return left.cursor.nextSequence === right.cursor.nextSequence && isSameRoot
}
