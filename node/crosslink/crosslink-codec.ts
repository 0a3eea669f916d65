/**
 * Bytes of crosslinks and of shard records (docs/protocol/crosslinks.md C.3, docs/protocol/beacon.md B.1).
 */
import { assert } from '../primitives/assert.ts'
import {
  createWriter,
  decodeExactly,
  DecodeError,
  type Reader,
  type Writer,
} from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import { CROSSLINK_SPAN_MAX, SHARDS_MAX } from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'
import { readCertificate, writeCertificate } from './certificate-codec.ts'
import type { Crosslink, ShardRecord, ShardStage, ShardStatus } from './crosslink.ts'
import { CURSORS_MAX, readShardHeader, writeShardHeader } from './header-codec.ts'
import { readChannelHead, writeChannelHead } from './receipt-codec.ts'

const STATUS_BYTE: Readonly<Record<ShardStatus, number>> = {
  live: 0,
  lagging: 1,
  recovering: 2,
  frozen: 3,
}
const STATUSES: readonly ShardStatus[] = ['live', 'lagging', 'recovering', 'frozen']

/** In the order of a shard's life; the index is the byte that is encoded. */
const STAGES: readonly ShardStage[] = ['open', 'draining', 'drained', 'retired']

export function writeCrosslink(writer: Writer, crosslink: Crosslink): void {
  assert(
    crosslink.shard === crosslink.tip.chain,
    'a crosslink is of its tip, which names the shard',
  )
  assert(crosslink.links.length <= CROSSLINK_SPAN_MAX, 'a crosslink covers a bounded span')
  writeShardHeader(writer, crosslink.tip)
  writer.list(crosslink.links, (into, link) => into.fixed(link, HASH_SIZE))
  writeCertificate(writer, crosslink.certificate)
  writer.list(crosslink.channels, writeChannelHead)
}

/** The shard is written once, in the tip. */
export function readCrosslink(reader: Reader): Crosslink {
  const tip = readShardHeader(reader)
  return {
    shard: tip.chain,
    tip,
    links: reader.list(CROSSLINK_SPAN_MAX, (from) => from.fixed(HASH_SIZE)),
    certificate: readCertificate(reader),
    channels: reader.list(CURSORS_MAX, readChannelHead),
  }
}

export function writeShardRecord(writer: Writer, record: ShardRecord): void {
  writer
    .u32(record.shard)
    .u64(record.epoch)
    .u64(record.height)
    .fixed(record.hash, HASH_SIZE)
    .u64(record.timestampMs)
    .fixed(record.stateRoot, HASH_SIZE)
    .fixed(record.outRoot, HASH_SIZE)
    .list(record.cursors, (into, cursor) => into.u64(cursor))
    .u256(record.supply)
    .list(record.sent, (into, value) => into.u256(value))
    .list(record.sequences, (into, sequence) => into.u64(sequence))
    .u64(record.anchorHeight)
    .flag(record.sealed)
    .u64(record.inboxUnits)
    .u64(record.outBytes)
    .u64(record.lastCrosslinkHeight)
    .u8(STATUS_BYTE[record.status])
    .u64(record.recoveringSince)
    .u64(record.forcedEpoch)
    .u64(record.openedHeight)
    .u8(STAGES.indexOf(record.stage))
    .u64(record.stageHeight)
}

export function readShardRecord(reader: Reader): ShardRecord {
  return {
    shard: readShard(reader),
    epoch: reader.u64(),
    height: reader.u64(),
    hash: reader.fixed(HASH_SIZE),
    timestampMs: reader.u64(),
    stateRoot: reader.fixed(HASH_SIZE),
    outRoot: reader.fixed(HASH_SIZE),
    cursors: reader.list(CURSORS_MAX, (from) => from.u64()),
    supply: reader.u256(),
    sent: reader.list(CURSORS_MAX, (from) => from.u256()),
    sequences: reader.list(CURSORS_MAX, (from) => from.u64()),
    anchorHeight: reader.u64(),
    sealed: reader.flag(),
    inboxUnits: reader.u64(),
    outBytes: reader.u64(),
    lastCrosslinkHeight: reader.u64(),
    status: readStatus(reader),
    recoveringSince: reader.u64(),
    forcedEpoch: reader.u64(),
    openedHeight: reader.u64(),
    stage: readStage(reader),
    stageHeight: reader.u64(),
  }
}

function readShard(reader: Reader): number {
  const shard = reader.u32()
  if (shard < 1 || shard > SHARDS_MAX) throw new DecodeError('a record is of a shard')
  return shard
}

function readStage(reader: Reader): ShardStage {
  const stage = STAGES[reader.u8()]
  if (stage === undefined) throw new DecodeError('a shard stage is unknown')
  return stage
}

function readStatus(reader: Reader): ShardStatus {
  const status = STATUSES[reader.u8()]
  if (status === undefined) throw new DecodeError('a shard status is unknown')
  return status
}

export function encodeCrosslink(crosslink: Crosslink): Uint8Array {
  const writer = createWriter()
  writeCrosslink(writer, crosslink)
  return writer.finish()
}

export function decodeCrosslink(bytes: Uint8Array): Result<Crosslink, 'malformed'> {
  return decodeExactly(bytes, readCrosslink)
}

export function encodeShardRecord(record: ShardRecord): Uint8Array {
  const writer = createWriter()
  writeShardRecord(writer, record)
  return writer.finish()
}

export function decodeShardRecord(bytes: Uint8Array): Result<ShardRecord, 'malformed'> {
  return decodeExactly(bytes, readShardRecord)
}
