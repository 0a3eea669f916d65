/**
 * Tables: which bytes the validator keeps under which key. Keys are fixed-width big-endian, so that key order is the order
 * of chain, then height or view.
 *
 *   block     chain, height, hash -> encoded block          every stored block; one per height remains after finality
 *   height    chain, hash         -> height                  where to find a block by hash
 *   final     chain, height       -> hash, certificate?      the finalized chain
 *   journal   chain, epoch, view, kind -> record             own votes and certificates above the floor
 *   state     'beacon'            -> beacon state at its finalized head
 *   anchor    beacon height       -> what shards see of that beacon block
 *   plan      'beacon', epoch     -> seats of an epoch (epoch-plans.ts)
 *   plan      shard, epoch        -> the block from which the shard was forced into the epoch
 *   epoch     chain, epoch        -> the block from which the chain's epoch began (epoch-start.ts)
 *   fork      shard               -> the last epoch in which this node signs nothing, having been on another branch (C.7)
 *   channels  source              -> leaves of the source's last crosslink
 *   snapshot  shard               -> its last snapshot points
 *   gap       shard, height       -> the height that the node stood at when it took the state of this one (S.8)
 *   outcome   shard, height       -> results of a finalized block (outcome.ts)
 *   batch     source, destination, start sequence -> receipt batch sent
 *   tx        shard, hash         -> height, index
 *   origin    shard, hash         -> destination, sequence: the receipt a transaction sent
 *   refund    shard, hash         -> height: where the bounce of a transaction's receipt came back
 *   arrival   shard, source, sequence -> height, outcome: where a receipt was consumed
 */
import { assert } from '../primitives/assert.ts'
import { concatBytes } from '../primitives/bytes.ts'
import { createReader } from '../primitives/codec.ts'
import type { ChainNumber, Hash } from '../primitives/identifiers.ts'
import type { StoreRange } from '../storage/store.ts'

export type TableName =
  | 'block'
  | 'height'
  | 'final'
  | 'journal'
  | 'state'
  | 'anchor'
  | 'plan'
  | 'epoch'
  | 'fork'
  | 'channels'
  | 'snapshot'
  | 'gap'
  | 'outcome'
  | 'batch'
  | 'tx'
  | 'origin'
  | 'arrival'
  | 'refund'

const CHAIN_BYTES = 4
const NUMBER_BYTES = 8

export function chainKey(chain: ChainNumber): Uint8Array {
  return keyOf(chain, CHAIN_BYTES)
}

/** Room for so many bytes, the chain in the first four. */
function keyOf(chain: ChainNumber, size: number): Uint8Array {
  const key = new Uint8Array(size)
  key[0] = chain >>> 24
  key[1] = chain >>> 16
  key[2] = chain >>> 8
  key[3] = chain
  return key
}

/** chain, then any fixed-width numbers. */
export function numberKey(chain: ChainNumber, ...numbers: readonly number[]): Uint8Array {
  const key = keyOf(chain, CHAIN_BYTES + numbers.length * NUMBER_BYTES)
  for (let at = 0; at < numbers.length; at++) {
    putNumber(key, CHAIN_BYTES + at * NUMBER_BYTES, numbers[at])
  }
  return key
}

/** Big-endian, as a writer of the codec has it. Rows of indexes are written for every transaction, and a writer is an object of many. */
function putNumber(bytes: Uint8Array, offset: number, value = 0): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'a number of a row is a safe integer')
  const high = Math.floor(value / 2 ** 32)
  for (let byte = 0; byte < 4; byte++) {
    const shift = 24 - 8 * byte
    bytes[offset + byte] = high >>> shift
    bytes[offset + 4 + byte] = value >>> shift
  }
}

export function blockKey(chain: ChainNumber, height: number, hash: Hash): Uint8Array {
  return concatBytes(numberKey(chain, height), hash)
}

export function hashKey(chain: ChainNumber, hash: Hash): Uint8Array {
  const key = keyOf(chain, CHAIN_BYTES + hash.length)
  key.set(hash, CHAIN_BYTES)
  return key
}

/** Exactly one key as a range, for loads. */
export function pointRange(table: TableName, key: Uint8Array): StoreRange {
  return { table, from: key, to: concatBytes(key, Uint8Array.of(0)), countMax: 1 }
}

/** Heights (or views, sequences) `from` up to but not including `to`. */
export function numberRange(
  table: TableName,
  chain: ChainNumber,
  from: number,
  to: number,
): StoreRange {
  return { table, from: numberKey(chain, from), to: numberKey(chain, to) }
}

/** The hash behind chain and height in a `blockKey`. */
export function hashOfBlockKey(key: Uint8Array): Hash {
  return key.slice(CHAIN_BYTES + 8)
}

/** The number behind the chain in a `numberKey` or `blockKey`. */
export function numberOfKey(key: Uint8Array): number {
  const reader = createReader(key)
  reader.u32()
  return reader.u64()
}

export function encodeNumbers(...numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * NUMBER_BYTES)
  for (let at = 0; at < numbers.length; at++) putNumber(bytes, at * NUMBER_BYTES, numbers[at])
  return bytes
}

/** The chain of a `chainKey`. */
export function numberOfChainKey(key: Uint8Array): ChainNumber {
  return createReader(key).u32()
}

/** Numbers written by `encodeNumbers`; the store's checksum vouches for their shape. */
export function decodeNumbers(bytes: Uint8Array): readonly number[] {
  const reader = createReader(bytes)
  const numbers = []
  while (reader.remaining() >= 8) numbers.push(reader.u64())
  return numbers
}
