/**
 * The beacon's own end of the channels between it and the shards (docs/protocol/crosslinks.md C.9), as anchors show it to
 * shards: what the beacon has sent to each of them, and how far it has consumed what they sent.
 */
import type { Reader, Writer } from '../primitives/codec.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { SHARDS_MAX } from '../primitives/limits.ts'
import { emptyChannels, outRootOf } from './channel.ts'
import type { ChannelHead } from './receipt.ts'
import { readChannelHead, writeChannelHead } from './receipt-codec.ts'

export type BeaconChannels = {
  /** Next sequence that the beacon consumes, index = source 0..S; 0 for itself. */
  readonly cursors: readonly number[]
  /** To each chain, index = destination 0..S; its own stays empty. */
  readonly channels: readonly ChannelHead[]
  /** Over the channels (C.4). */
  readonly outRoot: Hash
}

/** From what the beacon's state holds, both indexed by chain. */
export function beaconChannels(
  incoming: readonly ChannelHead[],
  outgoing: readonly ChannelHead[],
): BeaconChannels {
  return {
    cursors: incoming.map(({ nextSequence }) => nextSequence),
    channels: outgoing,
    outRoot: outRootOf(outgoing),
  }
}

/** Of a beacon that has neither sent nor consumed anything. */
export function unusedBeaconChannels(shardCount: number): BeaconChannels {
  const channels = emptyChannels(shardCount)
  return beaconChannels(channels, channels)
}

export function writeBeaconChannels(writer: Writer, { cursors, channels }: BeaconChannels): void {
  writer.list(cursors, (into, cursor) => into.u64(cursor)).list(channels, writeChannelHead)
}

export function readBeaconChannels(reader: Reader): BeaconChannels {
  const cursors = reader.list(SHARDS_MAX + 1, (from) => from.u64())
  const channels = reader.list(SHARDS_MAX + 1, readChannelHead)
  return { cursors, channels, outRoot: outRootOf(channels) }
}
