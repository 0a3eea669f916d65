/**
 * Bytes and hashes of headers (docs/protocol/crosslinks.md C.1). parentHash and height come first and everything else,
 * the header's body, is one run of bytes behind them, because hash = H("blk", parentHash, height, H("hdr", body)).
 *
 * Both kinds of header name their chain right after the version, so that no bytes are the body of both.
 */
import {
  createWriter,
  decodeExactly,
  DecodeError,
  type Reader,
  type Writer,
} from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../primitives/hash.ts'
import { BEACON_CHAIN, type Hash } from '../primitives/identifiers.ts'
import { COMMITTEE_SEATS_MAX, SHARDS_MAX } from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'
import type { BeaconHeader, ShardHeader } from './header.ts'

/** The only version there is; another one is malformed until code knows it. */
export const HEADER_VERSION = 1

/** Cursors of one header: one per chain, the beacon included. */
export const CURSORS_MAX = SHARDS_MAX + 1

export function writeShardHeader(writer: Writer, header: ShardHeader): void {
  writer.fixed(header.parentHash, HASH_SIZE).u64(header.height)
  writeShardHeaderBody(writer, header)
}

function writeShardHeaderBody(writer: Writer, header: ShardHeader): void {
  writer
    .u16(header.version)
    .u32(header.chain)
    .u64(header.epoch)
    .u64(header.view)
    .u16(header.proposerSeat)
    .u64(header.timestampMs)
    .u64(header.anchor.beaconHeight)
    .fixed(header.anchor.beaconHash, HASH_SIZE)
    .flag(header.sealing)
    .fixed(header.transactionRoot, HASH_SIZE)
    .fixed(header.inboxRoot, HASH_SIZE)
    .fixed(header.stateRoot, HASH_SIZE)
    .fixed(header.outRoot, HASH_SIZE)
    .list(header.cursors, (into, cursor) => into.u64(cursor))
    .fixed(header.resultsRoot, HASH_SIZE)
    .u64(header.gasLimit)
    .u64(header.gasUsed)
    .u256(header.baseFeePerGas)
    .u64(header.inboxUnits)
    .u64(header.outBytes)
    .fixed(header.contentsHash, HASH_SIZE)
}

/** Reads in the order of writing: the order of these properties is the format. */
export function readShardHeader(reader: Reader): ShardHeader {
  const parentHash = reader.fixed(HASH_SIZE)
  const height = reader.u64()
  return {
    version: readVersion(reader),
    chain: readChain(reader, (chain) => chain >= 1 && chain <= SHARDS_MAX),
    parentHash,
    height,
    epoch: reader.u64(),
    view: reader.u64(),
    proposerSeat: readSeat(reader),
    timestampMs: reader.u64(),
    anchor: { beaconHeight: reader.u64(), beaconHash: reader.fixed(HASH_SIZE) },
    sealing: reader.flag(),
    transactionRoot: reader.fixed(HASH_SIZE),
    inboxRoot: reader.fixed(HASH_SIZE),
    stateRoot: reader.fixed(HASH_SIZE),
    outRoot: reader.fixed(HASH_SIZE),
    cursors: reader.list(CURSORS_MAX, (from) => from.u64()),
    resultsRoot: reader.fixed(HASH_SIZE),
    gasLimit: reader.u64(),
    gasUsed: reader.u64(),
    baseFeePerGas: reader.u256(),
    inboxUnits: reader.u64(),
    outBytes: reader.u64(),
    contentsHash: reader.fixed(HASH_SIZE),
  }
}

function writeBeaconHeader(writer: Writer, header: BeaconHeader): void {
  writer.fixed(header.parentHash, HASH_SIZE).u64(header.height)
  writeBeaconHeaderBody(writer, header)
}

function writeBeaconHeaderBody(writer: Writer, header: BeaconHeader): void {
  writer
    .u16(header.version)
    .u32(BEACON_CHAIN)
    .u64(header.epoch)
    .u64(header.view)
    .u16(header.proposerSeat)
    .u64(header.timestampMs)
    .flag(header.sealing)
    .fixed(header.stateRoot, HASH_SIZE)
    .fixed(header.contentsHash, HASH_SIZE)
    .fixed(header.mix, HASH_SIZE)
}

export function readBeaconHeader(reader: Reader): BeaconHeader {
  const parentHash = reader.fixed(HASH_SIZE)
  const height = reader.u64()
  const version = readVersion(reader)
  readChain(reader, (chain) => chain === BEACON_CHAIN)
  return {
    version,
    parentHash,
    height,
    epoch: reader.u64(),
    view: reader.u64(),
    proposerSeat: readSeat(reader),
    timestampMs: reader.u64(),
    sealing: reader.flag(),
    stateRoot: reader.fixed(HASH_SIZE),
    contentsHash: reader.fixed(HASH_SIZE),
    mix: reader.fixed(HASH_SIZE),
  }
}

function readVersion(reader: Reader): number {
  const version = reader.u16()
  if (version !== HEADER_VERSION) throw new DecodeError(`header version ${version} is unknown`)
  return version
}

function readChain(reader: Reader, belongs: (chain: number) => boolean): number {
  const chain = reader.u32()
  if (!belongs(chain)) throw new DecodeError(`chain ${chain} has no header of this kind`)
  return chain
}

function readSeat(reader: Reader): number {
  const seat = reader.u16()
  if (seat >= COMMITTEE_SEATS_MAX) throw new DecodeError(`seat ${seat} is past any committee`)
  return seat
}

export function encodeShardHeader(header: ShardHeader): Uint8Array {
  const writer = createWriter()
  writeShardHeader(writer, header)
  return writer.finish()
}

export function decodeShardHeader(bytes: Uint8Array): Result<ShardHeader, 'malformed'> {
  return decodeExactly(bytes, readShardHeader)
}

export function encodeBeaconHeader(header: BeaconHeader): Uint8Array {
  const writer = createWriter()
  writeBeaconHeader(writer, header)
  return writer.finish()
}

export function decodeBeaconHeader(bytes: Uint8Array): Result<BeaconHeader, 'malformed'> {
  return decodeExactly(bytes, readBeaconHeader)
}

/** H("hdr", all fields but parentHash and height): the 32 bytes a crosslink spends per block (C.3). */
export function headerBodyHash(header: ShardHeader | BeaconHeader): Hash {
  const writer = createWriter()
  if ('chain' in header) writeShardHeaderBody(writer, header)
  else writeBeaconHeaderBody(writer, header)
  return writer.lend((bytes) => hashTagged('hdr', bytes))
}

/** H("blk", parentHash, height, bodyHash): a block's identity (C.1). */
export function blockHash(parentHash: Hash, height: number, bodyHash: Hash): Hash {
  return createWriter()
    .fixed(parentHash, HASH_SIZE)
    .u64(height)
    .fixed(bodyHash, HASH_SIZE)
    .lend((bytes) => hashTagged('blk', bytes))
}

/** A header never changes, and the same one is asked about at every step of its way, so its hash is kept with it. */
const hashOf = new WeakMap<ShardHeader | BeaconHeader, Hash>()

function hashOnce(header: ShardHeader | BeaconHeader): Hash {
  const known = hashOf.get(header)
  if (known !== undefined) return known
  const hash = blockHash(header.parentHash, header.height, headerBodyHash(header))
  hashOf.set(header, hash)
  return hash
}

export function shardBlockHash(header: ShardHeader): Hash {
  return hashOnce(header)
}

export function beaconBlockHash(header: BeaconHeader): Hash {
  return hashOnce(header)
}

/** H("contents", encoded body): what a header says of the bytes of its body. */
export function contentsHash(body: Uint8Array): Hash {
  return hashTagged('contents', body)
}
