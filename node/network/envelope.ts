/**
 * Envelopes: what a frame or a gossip message says about its payload, so that it can be routed before it is decoded.
 * A positional array in the strict MessagePack profile: [version, kind, chain, epoch, payload]. Never hashed or signed;
 * the payload carries its own domain tags.
 */
import { assert } from '../primitives/assert.ts'
import type { ChainNumber } from '../primitives/identifiers.ts'
import { FRAME_BYTES_MAX, SHARDS_MAX } from '../primitives/limits.ts'
import { decodeStrict, encodeStrict } from '../primitives/message-pack.ts'
import { accepted, rejected, type Result } from '../primitives/result.ts'

const ENVELOPE_VERSION = 1
/** Kinds are small numbers, one table in the runtime's wire module. */
const KIND_MAX = 255
/** The array itself and its five fields. */
const ITEMS = 6

export type Envelope = {
  readonly version: typeof ENVELOPE_VERSION
  /** What the payload is, 0..255. */
  readonly kind: number
  readonly chain: ChainNumber
  readonly epoch: number
  readonly payload: Uint8Array
}

export type EnvelopeReject = 'malformed' | 'other-version' | 'too-large'

function isNumberUpTo(value: unknown, limit: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= limit
}

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  assert(isNumberUpTo(envelope.kind, KIND_MAX), 'a kind is 0 to 255')
  assert(isNumberUpTo(envelope.chain, SHARDS_MAX), 'a chain number is 0 to the most shards')
  return encodeStrict([
    envelope.version,
    envelope.kind,
    envelope.chain,
    envelope.epoch,
    envelope.payload,
  ])
}

/** Reads a foreign envelope; the payload is a copy. */
export function decodeEnvelope(bytes: Uint8Array): Result<Envelope, EnvelopeReject> {
  if (bytes.length > FRAME_BYTES_MAX) {
    return rejected('too-large', `an envelope of ${bytes.length} bytes exceeds ${FRAME_BYTES_MAX}`)
  }
  const decoded = decodeStrict(bytes, { itemsMax: ITEMS })
  if (!decoded.ok) return decoded
  if (!Array.isArray(decoded.value)) return rejected('malformed', 'an envelope is an array')
  const [version, kind, chain, epoch, payload, ...rest]: readonly unknown[] = decoded.value
  if (version !== ENVELOPE_VERSION) {
    return rejected('other-version', `an envelope has version ${ENVELOPE_VERSION}`)
  }
  const wellFormed =
    isNumberUpTo(kind, KIND_MAX) &&
    isNumberUpTo(chain, SHARDS_MAX) &&
    isNumberUpTo(epoch, Number.MAX_SAFE_INTEGER) &&
    payload instanceof Uint8Array &&
    rest.length === 0
  if (!wellFormed)
    return rejected('malformed', 'an envelope is [version, kind, chain, epoch, payload]')
  return accepted({ version, kind, chain, epoch, payload })
}
