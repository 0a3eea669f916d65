/**
 * Beacon blocks: a header, and a body of one RANDAO reveal, at most one crosslink per shard, accusations of validators, receipts
 * of shards and at most one wish for a change of the set of shards (docs/protocol/beacon.md B.1, B.6, B.7). Users' transactions
 * have no place in them.
 *
 * Invariant: a decoded block's body is the one its header names (contentsHash), so two blocks of one hash have equal bytes.
 */
import { readAccusation, writeAccusation, type Accusation } from '../crosslink/accusation.ts'
import { readCrosslink, writeCrosslink } from '../crosslink/crosslink-codec.ts'
import type { Crosslink } from '../crosslink/crosslink.ts'
import {
  beaconBlockHash,
  contentsHash,
  encodeBeaconHeader,
  readBeaconHeader,
} from '../crosslink/header-codec.ts'
import { readForkProof, writeForkProof, type ForkProof } from '../crosslink/fork-proof.ts'
import type { BeaconHeader } from '../crosslink/header.ts'
import { assert } from '../primitives/assert.ts'
import { concatBytes, equalBytes } from '../primitives/bytes.ts'
import { createWriter, DecodeError, decodeExactly, type Reader } from '../primitives/codec.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { BLOCK_BYTES_MAX, SHARDS_MAX } from '../primitives/limits.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import { readBeaconItem, writeBeaconItem, type BeaconItem } from './beacon-inbox.ts'
import { readShardChange, writeShardChange, type ShardChange } from './shard-change.ts'

export type BeaconBody = {
  /** The proposer's signature of `revealRoot` (B.2). */
  readonly reveal: Uint8Array
  /** Ascending by shard, at most one per shard (C.3). */
  readonly crosslinks: readonly Crosslink[]
  /** At most ACCUSATIONS_MAX, each of another validator (B.6). */
  readonly accusations: readonly Accusation[]
  /** What shards have sent to the beacon, ascending by shard (C.9). */
  readonly inbox: readonly BeaconItem[]
  /** The change of the set of shards that the proposer asks for (B.7). */
  readonly change?: ShardChange
  /** Absent, or 1 to FORK_PROOFS_MAX, each of another engine (B.12). */
  readonly forks?: readonly ForkProof[]
}

export type BeaconBlock = {
  readonly header: BeaconHeader
  readonly body: BeaconBody
}

/** One signature of any scheme: BLS has 96 bytes, the largest. */
const REVEAL_SIZE_MAX = 96
/** In one block. Each costs two signature checks; what is too much waits for the next block. */
export const ACCUSATIONS_MAX = 8
/** In one block; each convicts more than f seats, and costs two aggregates and up to 25 kB. */
export const FORK_PROOFS_MAX = 2

export function encodeBeaconBody(body: BeaconBody): Uint8Array {
  const writer = createWriter()
    .variable(body.reveal)
    .list(body.crosslinks, writeCrosslink)
    .list(body.accusations, writeAccusation)
    .list(body.inbox, writeBeaconItem)
  writeShardChange(writer, body.change)
  // At the end, and only if there are any: other blocks have the bytes that they had before there were fork proofs.
  if (body.forks !== undefined) writer.list(body.forks, writeForkProof)
  return writer.finish()
}

function readBeaconBody(reader: Reader): BeaconBody {
  const body = {
    reveal: reader.variable(REVEAL_SIZE_MAX),
    crosslinks: reader.list(SHARDS_MAX, readCrosslink),
    accusations: reader.list(ACCUSATIONS_MAX, readAccusation),
    inbox: reader.list(SHARDS_MAX, readBeaconItem),
  }
  const change = readShardChange(reader)
  const forks = reader.remaining() > 0 ? reader.list(FORK_PROOFS_MAX, readForkProof) : undefined
  if (forks?.length === 0) throw new DecodeError('no fork proofs are not written')
  return { ...body, ...(change && { change }), ...(forks && { forks }) }
}

/** Header, then body; the reverse of `decodeBeaconBlock`. */
export function encodeBeaconBlock(block: BeaconBlock): Uint8Array {
  const body = encodeBeaconBody(block.body)
  assert(
    equalBytes(contentsHash(body), block.header.contentsHash),
    'a header names the body it stands before',
  )
  return concatBytes(encodeBeaconHeader(block.header), body)
}

export type BeaconBlockReject = 'malformed' | 'too-large' | 'contents-mismatch'

export function decodeBeaconBlock(bytes: Uint8Array): Result<BeaconBlock, BeaconBlockReject> {
  if (bytes.length > BLOCK_BYTES_MAX)
    return rejected('too-large', `a block of ${bytes.length} bytes exceeds ${BLOCK_BYTES_MAX}`)
  const decoded = decodeExactly(bytes, (reader) => {
    const header = readBeaconHeader(reader)
    const bodySize = reader.remaining()
    return { block: { header, body: readBeaconBody(reader) }, bodySize }
  })
  if (!decoded.ok) return decoded
  const { block, bodySize } = decoded.value
  const body = bytes.subarray(bytes.length - bodySize)
  if (!equalBytes(contentsHash(body), block.header.contentsHash))
    return rejected('contents-mismatch', 'the body is not the one the header names')
  return accepted(block)
}

/** What consensus sees of a block: the fields of its `ChainBlock`. */
export type BeaconChainBlock = {
  readonly hash: Hash
  readonly parentHash: Hash
  readonly height: number
  readonly view: number
  readonly epoch: number
  readonly timestampMs: number
  readonly sealing: boolean
  readonly bytes: Uint8Array
}

export function beaconChainBlock(bytes: Uint8Array): Result<BeaconChainBlock, BeaconBlockReject> {
  const decoded = decodeBeaconBlock(bytes)
  return decoded.ok ? accepted(chainBlockOf(decoded.value, bytes)) : decoded
}

/** `bytes`: those that the block was decoded from. */
export function chainBlockOf({ header }: BeaconBlock, bytes: Uint8Array): BeaconChainBlock {
  return {
    hash: beaconBlockHash(header),
    parentHash: header.parentHash,
    height: header.height,
    view: header.view,
    epoch: header.epoch,
    timestampMs: header.timestampMs,
    sealing: header.sealing,
    bytes,
  }
}
