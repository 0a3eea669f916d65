/**
 * What a node reads back from its own disk, and beacon blocks as consensus sees them. Stored values stand behind a seal, so
 * whatever does not decode there is our own mistake: an assertion.
 */
import * as fc from 'fast-check'
import { encodeBeaconBlock } from '../../node/beacon/block.ts'
import { AssertionError } from '../../node/primitives/assert.ts'
import { accepted } from '../../node/primitives/result.ts'
import { beaconBlockOf, decodeBeaconChainBlock } from '../../node/validator/beacon-block.ts'
import { decodeLeaves, encodeLeaves } from '../../node/validator/channel-leaves.ts'
import {
  decodeEpochStart,
  encodeEpochStart,
  type EpochStart,
} from '../../node/validator/epoch-start.ts'
import * as arbitrary from './crosslink-arbitrary.ts'
import { target, type FuzzTarget } from './fuzz-target.ts'

const u64 = fc.maxSafeNat()

const epochStarts: fc.Arbitrary<EpochStart> = fc.record({
  epoch: u64,
  block: fc.record({
    hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    height: u64,
    timestampMs: u64,
  }),
  sealedEpoch: u64,
})

export const storeTargets: readonly FuzzTarget[] = [
  target({
    covers: ['node/validator/beacon-block.ts#decodeBeaconChainBlock'],
    valid: arbitrary.beaconBlock,
    encode: encodeBeaconBlock,
    decode: (bytes) => {
      const decoded = decodeBeaconChainBlock(bytes)
      return decoded.ok ? beaconBlockOf(decoded.value) : decoded
    },
    codes: ['malformed', 'too-large', 'contents-mismatch'],
  }),
  target({
    covers: ['node/validator/channel-leaves.ts#decodeLeaves'],
    valid: fc.array(arbitrary.channelHead, { maxLength: 8 }),
    encode: encodeLeaves,
    decode: (bytes) => accepted(decodeLeaves(bytes)),
    codes: [],
    throws: AssertionError,
  }),
  target({
    covers: ['node/validator/epoch-start.ts#decodeEpochStart'],
    valid: epochStarts,
    encode: encodeEpochStart,
    decode: (bytes) => accepted(decodeEpochStart(bytes)),
    codes: [],
    throws: AssertionError,
  }),
]
