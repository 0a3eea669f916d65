/**
 * Parameters of methods: each knows its name, its shape in words, and how to read itself from a JSON value. The table of
 * methods is made of them, and so are the error sentences, the documentation and the generated fuzz tests.
 */
import { ADDRESS_SIZE, type Address, type Hash } from '../primitives/identifiers.ts'
import { HASH_SIZE } from '../primitives/hash.ts'
import { TRANSACTION_BYTES_MAX } from '../primitives/limits.ts'
import type { BlockSelector, BlockTag } from './backend.ts'
import { readData, readFixed, readInteger } from './hexadecimal.ts'

export type Parameter<T = unknown> = {
  readonly name: string
  /** Completes the sentence "<name> must be ...". */
  readonly shape: string
  /** May be left out (or null); then `read` is not called and the value is `absent`. */
  readonly absent: { readonly value: T } | undefined
  /** undefined: the value does not have the shape. */
  readonly read: (value: unknown) => T | undefined
}

/** The values that a list of parameters reads. */
export type ValuesOf<P extends readonly Parameter[]> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never
}

export function required<T>(
  name: string,
  shape: string,
  read: (value: unknown) => T | undefined,
): Parameter<T> {
  return { name, shape, absent: undefined, read }
}

export function optional<T>(parameter: Parameter<T>, value: T): Parameter<T> {
  return { ...parameter, absent: { value } }
}

export function addressParameter(name: string): Parameter<Address> {
  return required(name, 'an address of 20 bytes in hexadecimal', (value) =>
    readFixed(value, ADDRESS_SIZE),
  )
}

export function hashParameter(name: string): Parameter<Hash> {
  return required(name, 'a hash of 32 bytes in hexadecimal', (value) => readFixed(value, HASH_SIZE))
}

export function integerParameter(name: string): Parameter<number> {
  return required(name, 'a quantity in hexadecimal', readInteger)
}

export function flagParameter(name: string): Parameter<boolean> {
  return required(name, 'true or false', (value) =>
    typeof value === 'boolean' ? value : undefined,
  )
}

export function rawTransactionParameter(name: string): Parameter<Uint8Array> {
  const shape = `a signed transaction of at most ${TRANSACTION_BYTES_MAX} bytes in hexadecimal`
  return required(name, shape, (value) => readData(value, TRANSACTION_BYTES_MAX))
}

/** A storage slot: up to 32 bytes, as a quantity or as data. */
export function slotParameter(name: string): Parameter<string> {
  return required(name, 'a storage slot of at most 32 bytes in hexadecimal', (value) =>
    typeof value === 'string' && /^0x[0-9a-fA-F]{0,64}$/.test(value) ? value : undefined,
  )
}

export const LATEST: BlockSelector = { kind: 'tag', tag: 'latest' }

const TAGS: ReadonlySet<string> = new Set<BlockTag>([
  'earliest',
  'finalized',
  'safe',
  'latest',
  'pending',
])
const BLOCK_SHAPE =
  'a block number in hexadecimal, or one of earliest, finalized, safe, latest, pending'

/** A number or a tag; what `eth_getBlockByNumber` takes. */
export function blockNumberParameter(name: string): Parameter<BlockSelector> {
  return required(name, BLOCK_SHAPE, readBlockNumber)
}

/** A number, a tag, a block hash, or an object with one of them (EIP-1898). */
export function blockParameter(name: string): Parameter<BlockSelector> {
  return required(name, `${BLOCK_SHAPE}, or a block hash (EIP-1898)`, readBlock)
}

export function readBlockNumber(value: unknown): BlockSelector | undefined {
  if (typeof value === 'string' && isTag(value)) return { kind: 'tag', tag: value }
  const height = readInteger(value)
  return height === undefined ? undefined : { kind: 'height', height }
}

function readBlock(value: unknown): BlockSelector | undefined {
  if (typeof value === 'object' && value !== null) {
    const fields = fieldsOf(value)
    const hash = fields.get('blockHash')
    return hash === undefined ? readBlockNumber(fields.get('blockNumber')) : readBlockHash(hash)
  }
  return readBlockNumber(value) ?? readBlockHash(value)
}

function readBlockHash(value: unknown): BlockSelector | undefined {
  const hash = readFixed(value, HASH_SIZE)
  return hash === undefined ? undefined : { kind: 'hash', hash }
}

function isTag(value: string): value is BlockTag {
  return TAGS.has(value)
}

/** Own fields of a JSON object; a map, so that no name reaches a prototype. */
export function fieldsOf(value: object): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>(Object.entries(value))
}
