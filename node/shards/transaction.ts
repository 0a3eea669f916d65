/**
 * Transactions: Ethereum's own, as stock wallets sign them: legacy with EIP-155, EIP-2930 and EIP-1559, bound by `chainId`
 * to one shard (docs/protocol, "Shards are Ethereum chains").
 *
 * Invariants: what decodes has exactly one encoding (re-encoding gives the same bytes); every field is within the width the
 * executor computes with; the signature has 0 < r < n and 0 < s <= n/2 (EIP-2), so nobody else can make a second hash for
 * the same payment. Whether the signature is the sender's is checked elsewhere (io/crypto-pool.ts).
 */
import { RLP } from '@ethereumjs/rlp'
import { assert } from '../primitives/assert.ts'
import { bigIntToBytes, concatBytes } from '../primitives/bytes.ts'
import { DecodeError } from '../primitives/codec.ts'
import { keccak256 } from '../primitives/hash.ts'
import { ADDRESS_SIZE, type Address, type Hash } from '../primitives/identifiers.ts'
import { TRANSACTION_BYTES_MAX } from '../primitives/limits.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'
import {
  finishRlp,
  isRlpAtEnd,
  readRlpAmount,
  readRlpBytes,
  readRlpFixed,
  readRlpInteger,
  readRlpInto,
  readRlpList,
  rlpCursor,
  rlpListHeader,
  skipRlpItem,
  type RlpCursor,
} from './transaction-rlp.ts'

/** 0 legacy (EIP-155), 1 with access list (EIP-2930), 2 with fee market (EIP-1559). */
type TransactionType = 0 | 1 | 2

type AccessListItem = { readonly address: Address; readonly storageKeys: readonly Hash[] }

/** What a sender signs. For types 0 and 1 both fees are the gas price. */
export type TransactionFields = {
  readonly type: TransactionType
  readonly chainId: number
  readonly nonce: number
  /** Wei per gas. */
  readonly maxPriorityFeePerGas: bigint
  /** Wei per gas, never below the priority fee. */
  readonly maxFeePerGas: bigint
  readonly gasLimit: number
  /** undefined: a contract creation. */
  readonly to: Address | undefined
  /** Wei. */
  readonly value: bigint
  readonly data: Uint8Array
  readonly accessList: readonly AccessListItem[]
}

export type TransactionSignature = {
  /** r || s, 64 bytes. */
  readonly signature: Uint8Array
  readonly yParity: 0 | 1
}

export type Transaction = TransactionFields &
  TransactionSignature & {
    /** keccak-256 of `raw`. */
    readonly hash: Hash
    readonly raw: Uint8Array
  }

export type TransactionRejectCode =
  | 'malformed'
  /** Blob (EIP-4844), set-code (EIP-7702) and types nobody has defined yet. */
  | 'unsupported-type'
  /** A legacy transaction without chain id: good on every chain, so good on none of ours. */
  | 'unprotected'
  | 'invalid-signature'

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const CURVE_ORDER = bigIntToBytes(ORDER, 32)
const HALF_CURVE_ORDER = bigIntToBytes(ORDER >> 1n, 32)
/** First byte of an RLP list; below it stands a transaction type (EIP-2718). */
const LEGACY_FIRST_BYTE = 0xc0
/** EIP-155: v = 35 + 2 * chainId + yParity. */
const EIP155_OFFSET = 35

/**
 * Decodes the bytes of one transaction; the views in the answer share memory with `raw`. `known`: its hash, where the caller
 * has hashed these very bytes already; it is not worked out again.
 */
export function decodeTransaction(
  raw: Uint8Array,
  known?: Hash,
): Result<Transaction, TransactionRejectCode> {
  const first = raw[0]
  if (first === undefined) return rejected('malformed', 'the transaction is empty')
  if (raw.length > TRANSACTION_BYTES_MAX) {
    return rejected('malformed', `the transaction exceeds ${TRANSACTION_BYTES_MAX} bytes`)
  }
  if (first > 2 && first < LEGACY_FIRST_BYTE) {
    return rejected('unsupported-type', `transaction type ${first} is not supported`)
  }
  try {
    if (first >= LEGACY_FIRST_BYTE) return decodeLegacy(raw, known)
    return first === 0
      ? rejected('unsupported-type', 'transaction type 0 is written without a type byte')
      : decodeTyped(raw, first === 1 ? 1 : 2, known)
  } catch (error) {
    if (error instanceof DecodeError) return rejected('malformed', error.message)
    throw error
  }
}

/** The hash that the sender signs. */
export function signingHash(fields: TransactionFields): Hash {
  return keccak256(encodeUnsigned(fields))
}

/** Items before the signature: six in a legacy transaction, then by type. */
const SIGNED_ITEMS = [6, 8, 9] as const

/**
 * The same hash out of the bytes of a decoded transaction. What is signed stands in them in one piece, so nothing is encoded
 * again: a fifth of the time of `signingHash`.
 */
export function signedHash({ type, chainId, raw }: Transaction): Hash {
  const list = readRlpList(rlpCursor(raw, type === 0 ? 0 : 1))
  const start = list.position
  for (let item = 0; item < SIGNED_ITEMS[type]; item++) skipRlpItem(list)
  const signed = raw.subarray(start, list.position)
  if (type !== 0) {
    return keccak256(concatBytes(Uint8Array.of(type), rlpListHeader(signed.length), signed))
  }
  // EIP-155: the chain id and two empty items stand where the signature will.
  const tail = RLP.encode([integerBytes(BigInt(chainId)), EMPTY, EMPTY]).subarray(1)
  return keccak256(concatBytes(rlpListHeader(signed.length + tail.length), signed, tail))
}

/** The bytes that are hashed for signing. */
export function encodeUnsigned(fields: TransactionFields): Uint8Array {
  const items = fieldItems(fields)
  if (fields.type === 0) {
    return RLP.encode([...items, integerBytes(BigInt(fields.chainId)), EMPTY, EMPTY])
  }
  return concatBytes(Uint8Array.of(fields.type), RLP.encode(items))
}

/** The bytes that go over the wire; their keccak-256 is the transaction's hash. */
export function encodeSigned(
  fields: TransactionFields,
  { signature, yParity }: TransactionSignature,
): Uint8Array {
  assert(signature.length === 64, 'a signature is r and s, 32 bytes each')
  assert(Number.isSafeInteger(2 * fields.chainId + 36), 'a chain id leaves room for EIP-155')
  const v = fields.type === 0 ? EIP155_OFFSET + 2 * fields.chainId + yParity : yParity
  const items = [
    ...fieldItems(fields),
    integerBytes(BigInt(v)),
    withoutLeadingZeros(signature.subarray(0, 32)),
    withoutLeadingZeros(signature.subarray(32)),
  ]
  const list = RLP.encode(items)
  return fields.type === 0 ? list : concatBytes(Uint8Array.of(fields.type), list)
}

function decodeLegacy(
  raw: Uint8Array,
  known: Hash | undefined,
): Result<Transaction, TransactionRejectCode> {
  const outer = rlpCursor(raw)
  const list = readRlpList(outer)
  finishRlp(outer)
  const nonce = readRlpInteger(list)
  const gasPrice = readRlpAmount(list)
  const gasLimit = readRlpInteger(list)
  const to = readRecipient(list)
  const value = readRlpAmount(list)
  const data = readRlpBytes(list, TRANSACTION_BYTES_MAX)
  const v = readRlpInteger(list)
  const signature = readSignature(list)
  finishRlp(list)
  if (v < EIP155_OFFSET) {
    return rejected('unprotected', 'only replay-protected (EIP-155) transactions are accepted')
  }
  return finishDecoding({
    type: 0,
    chainId: Math.floor((v - EIP155_OFFSET) / 2),
    nonce,
    maxPriorityFeePerGas: gasPrice,
    maxFeePerGas: gasPrice,
    gasLimit,
    to,
    value,
    data,
    accessList: NO_ACCESS_LIST,
    signature,
    yParity: (v - EIP155_OFFSET) % 2 === 1 ? 1 : 0,
    hash: known ?? keccak256(raw),
    raw,
  })
}

function decodeTyped(
  raw: Uint8Array,
  type: 1 | 2,
  known: Hash | undefined,
): Result<Transaction, TransactionRejectCode> {
  const outer = rlpCursor(raw, 1)
  const list = readRlpList(outer)
  finishRlp(outer)
  const chainId = readRlpInteger(list)
  const nonce = readRlpInteger(list)
  const maxPriorityFeePerGas = readRlpAmount(list)
  const maxFeePerGas = type === 2 ? readRlpAmount(list) : maxPriorityFeePerGas
  const gasLimit = readRlpInteger(list)
  const to = readRecipient(list)
  const value = readRlpAmount(list)
  const data = readRlpBytes(list, TRANSACTION_BYTES_MAX)
  const accessList = readAccessList(readRlpList(list))
  const parity = readRlpInteger(list)
  const signature = readSignature(list)
  finishRlp(list)
  if (parity > 1) return rejected('invalid-signature', 'the parity of a signature is 0 or 1')
  return finishDecoding({
    type,
    chainId,
    nonce,
    maxPriorityFeePerGas,
    maxFeePerGas,
    gasLimit,
    to,
    value,
    data,
    accessList,
    signature,
    yParity: parity === 1 ? 1 : 0,
    hash: known ?? keccak256(raw),
    raw,
  })
}

function finishDecoding(transaction: Transaction): Result<Transaction, TransactionRejectCode> {
  if (transaction.maxPriorityFeePerGas > transaction.maxFeePerGas) {
    return rejected('malformed', 'max priority fee per gas higher than max fee per gas')
  }
  const { signature } = transaction
  const isInRange =
    isScalar(signature, 0, CURVE_ORDER, false) && isScalar(signature, 32, HALF_CURVE_ORDER, true)
  if (!isInRange) {
    return rejected('invalid-signature', 'r or s of the signature is out of range')
  }
  return accepted(transaction)
}

function readRecipient(list: RlpCursor): Address | undefined {
  const to = readRlpBytes(list, ADDRESS_SIZE)
  if (to.length === ADDRESS_SIZE) return to
  if (to.length === 0) return undefined
  throw new DecodeError('a recipient has 20 bytes or none')
}

/** The size of the whole transaction bounds both loops: an entry takes at least 23 bytes, a key 33. */
function readAccessList(list: RlpCursor): readonly AccessListItem[] {
  if (isRlpAtEnd(list)) return NO_ACCESS_LIST
  const items: AccessListItem[] = []
  while (!isRlpAtEnd(list)) {
    const entry = readRlpList(list)
    const address = readRlpFixed(entry, ADDRESS_SIZE)
    const keys = readRlpList(entry)
    finishRlp(entry)
    const storageKeys: Hash[] = []
    while (!isRlpAtEnd(keys)) storageKeys.push(readRlpFixed(keys, 32))
    items.push({ address, storageKeys })
  }
  return items
}

/** r || s, each padded to 32 bytes. */
function readSignature(list: RlpCursor): Uint8Array {
  const signature = new Uint8Array(64)
  readRlpInto(list, signature, { offset: 0, size: 32 })
  readRlpInto(list, signature, { offset: 32, size: 32 })
  return signature
}

/** Whether the 32 bytes from `offset` on are above zero and below the limit, or at it. */
function isScalar(
  bytes: Uint8Array,
  offset: number,
  limit: Uint8Array,
  mayEqual: boolean,
): boolean {
  let isAboveZero = false
  let difference = 0
  for (let index = 0; index < limit.length; index++) {
    const byte = bytes[offset + index] ?? 0
    if (byte !== 0) isAboveZero = true
    if (difference === 0) difference = byte - (limit[index] ?? 0)
    if (isAboveZero && difference !== 0) break
  }
  return isAboveZero && (difference < 0 || (difference === 0 && mayEqual))
}

const NO_ACCESS_LIST: readonly AccessListItem[] = []
const EMPTY = new Uint8Array(0)

type RlpItem = Uint8Array | readonly RlpItem[]

function fieldItems(fields: TransactionFields): Uint8Array[] {
  // The library's input type is mutable and recursive; what it reads is what stands here.
  return fieldTree(fields) as Uint8Array[]
}

function fieldTree(fields: TransactionFields): readonly RlpItem[] {
  const fees =
    fields.type === 2
      ? [integerBytes(fields.maxPriorityFeePerGas), integerBytes(fields.maxFeePerGas)]
      : [integerBytes(fields.maxFeePerGas)]
  const body = [
    integerBytes(BigInt(fields.nonce)),
    ...fees,
    integerBytes(BigInt(fields.gasLimit)),
    fields.to ?? EMPTY,
    integerBytes(fields.value),
    fields.data,
  ]
  if (fields.type === 0) return body
  const accessList = fields.accessList.map((item) => [item.address, item.storageKeys])
  return [integerBytes(BigInt(fields.chainId)), ...body, accessList]
}

function integerBytes(value: bigint): Uint8Array {
  assert(value >= 0n && value < 1n << 256n, 'fields of a transaction are unsigned 256-bit integers')
  return withoutLeadingZeros(bigIntToBytes(value, 32))
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0)
  return start === -1 ? EMPTY : bytes.subarray(start)
}
