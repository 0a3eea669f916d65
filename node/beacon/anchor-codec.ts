/**
 * Bytes of anchor views, for storage: a node keeps one per recent beacon height, because shard blocks lean on them (C.2).
 */
import { readBeaconChannels, writeBeaconChannels } from '../crosslink/beacon-channels.ts'
import { readShardRecord, writeShardRecord } from '../crosslink/crosslink-codec.ts'
import type { AnchorView } from '../crosslink/crosslink.ts'
import { createWriter, decodeExactly } from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import { SHARDS_MAX } from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'

export function encodeAnchorView(view: AnchorView): Uint8Array {
  const writer = createWriter()
    .u64(view.beaconHeight)
    .fixed(view.beaconHash, HASH_SIZE)
    .u64(view.epoch)
    .u64(view.timestampMs)
    .list(view.shards, writeShardRecord)
  writeBeaconChannels(writer, view.beacon)
  return writer.finish()
}

export function decodeAnchorView(bytes: Uint8Array): Result<AnchorView, 'malformed'> {
  return decodeExactly(bytes, (reader) => ({
    beaconHeight: reader.u64(),
    beaconHash: reader.fixed(HASH_SIZE),
    epoch: reader.u64(),
    timestampMs: reader.u64(),
    shards: reader.list(SHARDS_MAX, readShardRecord),
    beacon: readBeaconChannels(reader),
  }))
}
