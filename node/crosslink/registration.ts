/**
 * Registrations: what a deposit says about the validator it is for (docs/protocol/beacon.md B.6). They travel as the payload
 * of a receipt from a shard to the beacon.
 *
 * Invariant: the proof of possession signs everything else that stands in it, and the network. So nobody can take the key out of
 * somebody's deposit and register it with a payout of its own.
 */
import { asciiBytes } from '../primitives/bytes.ts'
import {
  createWriter,
  decodeExactly,
  DecodeError,
  type Reader,
  type Writer,
} from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../primitives/hash.ts'
import {
  ADDRESS_SIZE,
  type Address,
  type ChainNumber,
  type Hash,
} from '../primitives/identifiers.ts'
import { KEY_PAIR_SIZE } from '../primitives/key-use.ts'
import { SHARDS_MAX } from '../primitives/limits.ts'
import type { Result } from '../primitives/result.ts'

export type Registration = {
  /** Committee key, or the two of them (consensus.md A.3). */
  readonly publicKey: Uint8Array
  /** libp2p peer id, text form. */
  readonly peer: string
  /** Gets tips, and the stake back on its shard. */
  readonly payout: Address
  readonly payoutShard: ChainNumber
  /** The key's signature of `registrationRoot`; of two keys one each, in their order. */
  readonly possession: Uint8Array
}

/** A peer id is 52 characters for Ed25519 keys; other forms stay below this. */
export const PEER_ID_SIZE_MAX = 128
/** One signature of two schemes: Ed25519 and BLS. */
const POSSESSION_SIZE_MAX = 64 + 96
/** Of the largest keys, possession and peer id, with their lengths. */
export const REGISTRATION_BYTES_MAX =
  4 + KEY_PAIR_SIZE + 4 + PEER_ID_SIZE_MAX + ADDRESS_SIZE + 4 + 4 + POSSESSION_SIZE_MAX

/** H("registration", genesis hash, all of it but the possession): what the validator's keys sign. */
export function registrationRoot(genesis: Hash, terms: Omit<Registration, 'possession'>): Hash {
  const writer = createWriter().fixed(genesis, HASH_SIZE)
  writeTerms(writer, terms)
  return hashTagged('registration', writer.finish())
}

export function encodeRegistration(registration: Registration): Uint8Array {
  const writer = createWriter()
  writeTerms(writer, registration)
  return writer.variable(registration.possession).finish()
}

/** What it says may still make no sense to a beacon: sizes of keys are those of a scheme. */
export function decodeRegistration(bytes: Uint8Array): Result<Registration, 'malformed'> {
  return decodeExactly(bytes, (reader) => ({
    publicKey: reader.variable(KEY_PAIR_SIZE),
    peer: readPeer(reader),
    payout: reader.fixed(ADDRESS_SIZE),
    payoutShard: readShard(reader),
    possession: reader.variable(POSSESSION_SIZE_MAX),
  }))
}

function writeTerms(writer: Writer, terms: Omit<Registration, 'possession'>): void {
  writer
    .variable(terms.publicKey)
    .variable(asciiBytes(terms.peer))
    .fixed(terms.payout, ADDRESS_SIZE)
    .u32(terms.payoutShard)
}

/** One word of printable ASCII, like those of the genesis. */
function readPeer(reader: Reader): string {
  const bytes = reader.variable(PEER_ID_SIZE_MAX)
  if (bytes.length === 0 || bytes.some((byte) => byte < 0x21 || byte > 0x7e))
    throw new DecodeError('a peer id is a printable word')
  return String.fromCharCode(...bytes)
}

function readShard(reader: Reader): ChainNumber {
  const shard = reader.u32()
  if (shard < 1 || shard > SHARDS_MAX) throw new DecodeError('a payout is on a shard')
  return shard
}

/** The payload of a receipt by which a validator asks to leave: its index in the registry. */
export function encodeExit(validator: number): Uint8Array {
  return createWriter().u16(validator).finish()
}

export function decodeExit(bytes: Uint8Array): Result<number, 'malformed'> {
  return decodeExactly(bytes, (reader) => reader.u16())
}
