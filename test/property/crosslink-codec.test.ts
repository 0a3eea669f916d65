/** Codecs: values survive their bytes, and foreign bytes are refused or mean exactly one value. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBeaconBlock, encodeBeaconBlock } from '../../node/beacon/block.ts'
import { decodeBeaconState, encodeBeaconState } from '../../node/beacon/state-codec.ts'
import { decodeCertificate, encodeCertificate } from '../../node/crosslink/certificate-codec.ts'
import { decodeCrosslink, encodeCrosslink } from '../../node/crosslink/crosslink-codec.ts'
import { decodeShardRecord, encodeShardRecord } from '../../node/crosslink/crosslink-codec.ts'
import {
  decodeBeaconHeader,
  decodeShardHeader,
  encodeBeaconHeader,
  encodeShardHeader,
} from '../../node/crosslink/header-codec.ts'
import {
  decodeChannelHead,
  decodeInboxItem,
  decodeReceipt,
  decodeReceiptBatch,
  encodeChannelHead,
  encodeInboxItem,
  encodeReceipt,
  encodeReceiptBatch,
} from '../../node/crosslink/receipt-codec.ts'
import type { Result } from '../../node/primitives/result.ts'
import * as arbitrary from './crosslink-arbitrary.ts'

type Codec<T> = {
  readonly name: string
  readonly value: fc.Arbitrary<T>
  readonly encode: (value: T) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Result<T>
}

/** Erases T, so that codecs of different values stand in one list. */
function suite<T>(codec: Codec<T>): { readonly name: string; readonly check: Checks } {
  const { name, value, encode, decode } = codec
  return {
    name,
    check: {
      roundTrip: () =>
        fc.assert(
          fc.property(value, (one) => {
            expect(decode(encode(one))).toEqual({ ok: true, value: one })
          }),
        ),
      truncation: () =>
        fc.assert(
          fc.property(value, fc.nat(), (one, cut) => {
            const bytes = encode(one)
            expect(decode(bytes.slice(0, cut % bytes.length)).ok).toBe(false)
            expect(decode(Uint8Array.of(...bytes, 0)).ok).toBe(false)
          }),
        ),
      mutation: () =>
        fc.assert(
          fc.property(value, fc.nat(), fc.integer({ min: 1, max: 255 }), (one, place, change) => {
            const bytes = encode(one)
            const index = place % bytes.length
            bytes[index] = (bytes[index] ?? 0) ^ change
            const decoded = decode(bytes)
            // Canonical: bytes that are not refused are the encoding of what they mean.
            if (decoded.ok) expect(encode(decoded.value)).toEqual(bytes)
          }),
          { numRuns: 300 },
        ),
      noise: () =>
        fc.assert(
          fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
            const decoded = decode(bytes)
            if (decoded.ok) expect(encode(decoded.value)).toEqual(bytes)
          }),
        ),
    },
  }
}

type Checks = {
  readonly roundTrip: () => void
  readonly truncation: () => void
  readonly mutation: () => void
  readonly noise: () => void
}

const suites = [
  suite({
    name: 'certificate',
    value: arbitrary.certificate,
    encode: encodeCertificate,
    decode: decodeCertificate,
  }),
  suite({
    name: 'shard header',
    value: arbitrary.shardHeader,
    encode: encodeShardHeader,
    decode: decodeShardHeader,
  }),
  suite({
    name: 'beacon header',
    value: arbitrary.beaconHeader,
    encode: encodeBeaconHeader,
    decode: decodeBeaconHeader,
  }),
  suite({
    name: 'receipt',
    value: arbitrary.receipt,
    encode: encodeReceipt,
    decode: decodeReceipt,
  }),
  suite({
    name: 'receipt batch',
    value: arbitrary.receiptBatch,
    encode: encodeReceiptBatch,
    decode: decodeReceiptBatch,
  }),
  suite({
    name: 'channel head',
    value: arbitrary.channelHead,
    encode: encodeChannelHead,
    decode: decodeChannelHead,
  }),
  suite({
    name: 'inbox item',
    value: arbitrary.inboxItem,
    encode: encodeInboxItem,
    decode: decodeInboxItem,
  }),
  suite({
    name: 'crosslink',
    value: arbitrary.crosslink,
    encode: encodeCrosslink,
    decode: decodeCrosslink,
  }),
  suite({
    name: 'shard record',
    value: arbitrary.shardRecord,
    encode: encodeShardRecord,
    decode: decodeShardRecord,
  }),
  suite({
    name: 'beacon state',
    value: arbitrary.beaconState,
    encode: encodeBeaconState,
    decode: decodeBeaconState,
  }),
  suite({
    name: 'beacon block',
    value: arbitrary.beaconBlock,
    encode: encodeBeaconBlock,
    decode: decodeBeaconBlock,
  }),
]

describe.each(suites)('crosslink: codec: $name', ({ name, check }) => {
  it(`crosslink: codec: ${name}: bytes give back the value`, check.roundTrip)
  it(`crosslink: codec: ${name}: bytes cut short or followed by more are refused`, check.truncation)
  it(`crosslink: codec: ${name}: a changed byte is refused or means another value`, check.mutation)
  it(`crosslink: codec: ${name}: noise never throws`, check.noise)
})
