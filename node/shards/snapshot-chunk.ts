/**
 * Snapshot chunks: a stretch of a shard's state on its way to a node that lacks it, and its bytes
 * (docs/protocol/state-sync.md S.2). What a chunk proves stands in snapshot-proof.ts.
 *
 * Bounds: a chunk ends with the record that fills it, so it is at most CHUNK_FILL_BYTES, one record and a proof long.
 */
import { assert } from '../primitives/assert.ts'
import {
  createWriter,
  DecodeError,
  decodeExactly,
  type Reader,
  type Writer,
} from '../primitives/codec.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import type { Hash } from '../primitives/identifiers.ts'
import { FRAME_BYTES_MAX, RECEIPT_PAYLOAD_BYTES_MAX } from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'
import type { StateRecord } from './genesis-state.ts'
import { PATH_BITS } from './state-tree.ts'
import { packZeros, unpackZeros } from './zero-runs.ts'

/** What a chunk is filled up to: a few milliseconds of hashing, a quarter of a frame, a hundredth of a second on the wire. */
export const CHUNK_FILL_BYTES = 256 * 1024
/** Records of one chunk: bounds the hashing where records are tiny. Accounts of 70 bytes fill a chunk before that. */
export const CHUNK_RECORDS_MAX = 4096
/** Key of a record: at most 21 bytes today. */
const KEY_BYTES_MAX = 64
/** Value of a record: the largest is a buffered receipt. */
const VALUE_BYTES_MAX = RECEIPT_PAYLOAD_BYTES_MAX + 1024
/** Tokens of a proof: along two paths a node and its sibling per bit, and the ends. */
const PROOF_TOKENS_MAX = 4 * (PATH_BITS + 1)
/** Two short lengths in front of key and value: most of a snapshot is small records. */
const RECORD_OVERHEAD = 3
/** Zeros that stand alone are two bytes each: at most half of a value's bytes are such. */
const PACKED_GROWTH = 1.5
/** Of an encoded chunk; the largest token has 65 bytes. */
export const CHUNK_BYTES_MAX =
  PACKED_GROWTH * (CHUNK_FILL_BYTES + RECORD_OVERHEAD + KEY_BYTES_MAX + VALUE_BYTES_MAX) +
  66 * PROOF_TOKENS_MAX +
  16

assert(CHUNK_BYTES_MAX < FRAME_BYTES_MAX / 2, 'a chunk and its envelope fit a frame')

/**
 * One node of the tree along the edges of a chunk, in preorder (S.3). `branch`: both halves follow. `record`: the next
 * record of the chunk stands here alone. A hash: a subtree beyond the edge. The object: a leaf beyond the edge.
 */
export type ProofToken =
  | 'branch'
  | 'empty'
  | 'record'
  | Hash
  | { readonly path: Hash; readonly valueHash: Hash }

export type StateChunk = {
  /** Ascending by path. */
  readonly records: readonly StateRecord[]
  /** Reaches the end of what was asked for; otherwise it ends with its last record. */
  readonly complete: boolean
  readonly proof: readonly ProofToken[]
}

/** What a record counts towards CHUNK_FILL_BYTES: its size before its zeros are packed. */
export function recordBytes({ key, value }: StateRecord): number {
  return RECORD_OVERHEAD + key.length + value.length
}

const TOKEN = { branch: 0, empty: 1, record: 2, hash: 3, leaf: 4 } as const

export function encodeStateChunk(chunk: StateChunk): Uint8Array {
  return createWriter()
    .list(chunk.records, writeRecord)
    .flag(chunk.complete)
    .list(chunk.proof, writeToken)
    .finish()
}

function writeRecord(writer: Writer, { key, value }: StateRecord): void {
  const packed = packZeros(value)
  writer.u8(key.length).fixed(key, key.length).u16(value.length).fixed(packed, packed.length)
}

function writeToken(writer: Writer, token: ProofToken): void {
  if (token instanceof Uint8Array) {
    writer.u8(TOKEN.hash).fixed(token, HASH_SIZE)
  } else if (typeof token === 'object') {
    writer.u8(TOKEN.leaf).fixed(token.path, HASH_SIZE).fixed(token.valueHash, HASH_SIZE)
  } else {
    writer.u8(TOKEN[token])
  }
}

export function decodeStateChunk(bytes: Uint8Array): Result<StateChunk, 'malformed'> {
  return decodeExactly(bytes, (reader) => ({
    records: reader.list(CHUNK_RECORDS_MAX, readRecord),
    complete: reader.flag(),
    proof: reader.list(PROOF_TOKENS_MAX, readToken),
  }))
}

function readRecord(reader: Reader): StateRecord {
  const key = reader.fixed(bounded(reader.u8(), KEY_BYTES_MAX))
  return { key, value: unpackZeros(reader, bounded(reader.u16(), VALUE_BYTES_MAX)) }
}

function bounded(size: number, sizeMax: number): number {
  if (size > sizeMax)
    throw new DecodeError(`a field of ${size} bytes exceeds its limit of ${sizeMax}`)
  return size
}

function readToken(reader: Reader): ProofToken {
  const kind = reader.u8()
  switch (kind) {
    case TOKEN.branch:
      return 'branch'
    case TOKEN.empty:
      return 'empty'
    case TOKEN.record:
      return 'record'
    case TOKEN.hash:
      return reader.fixed(HASH_SIZE)
    case TOKEN.leaf:
      return { path: reader.fixed(HASH_SIZE), valueHash: reader.fixed(HASH_SIZE) }
    default:
      throw new DecodeError(`no proof token of kind ${kind}`)
  }
}
