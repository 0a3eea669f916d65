/** What a node says to others and writes to its disk: envelopes, handshakes, outcomes, guard records, seals. */
import * as fc from 'fast-check'
import type { ReceiptOutcome } from '../../node/crosslink/receipt.ts'
import { contentsHash } from '../../node/crosslink/header-codec.ts'
import { decodeEnvelope, encodeEnvelope } from '../../node/network/envelope.ts'
import { createFrameParser, encodeFrames } from '../../node/network/frame.ts'
import {
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
} from '../../node/network/handshake.ts'
import { concatBytes } from '../../node/primitives/bytes.ts'
import { DecodeError } from '../../node/primitives/codec.ts'
import { hashTagged } from '../../node/primitives/hash.ts'
import { decodeStrict, encodeStrict, type StrictValue } from '../../node/primitives/message-pack.ts'
import { accepted, rejected } from '../../node/primitives/result.ts'
import { encodeShardBlock, encodeShardBody } from '../../node/shards/block.ts'
import type { BlockOutcome } from '../../node/shards/executor.ts'
import {
  decodeStateChunk,
  encodeStateChunk,
  type ProofToken,
} from '../../node/shards/snapshot-chunk.ts'
import { STRETCH_COUNT } from '../../node/shards/snapshot-proof.ts'
import { decodeUndo, encodeUndo } from '../../node/shards/undo-log.ts'
import { sealValue, unsealValue } from '../../node/storage/io/value-seal.ts'
import {
  decodeGuardRecord,
  encodeGuardRecord,
  type GuardRecord,
} from '../../node/storage/vote-guard.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import { decodeOutcome, encodeOutcome, type StoredOutcome } from '../../node/validator/outcome.ts'
import { decodeShardChainBlock } from '../../node/validator/shard-block.ts'
import { decodeNumbers, encodeNumbers } from '../../node/validator/table.ts'
import { decodeNodeMessage, encodeNodeMessage } from '../../node/validator/wire.ts'
import {
  certificates,
  SIGNATURE_BYTES_MAX,
  votes,
  wireContext,
} from '../unit/consensus/support/arbitraries.ts'
import * as arbitrary from './crosslink-arbitrary.ts'
import { target, type FuzzTarget } from './fuzz-target.ts'
import { shardBodies } from './fuzz-targets-chain.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const address = fc.uint8Array({ minLength: 20, maxLength: 20 })
const u64 = fc.maxSafeNat()
const chain = fc.integer({ min: 1, max: 64 })
const NETWORK = hashTagged('fuzz/network')

const strictValues = fc.letrec<{ value: StrictValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    fc.constantFrom(null, false, true),
    u64,
    fc.nat({ max: 300 }),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
})).value

const chunkPlace = fc.record({
  shard: chain,
  height: u64,
  stretch: fc.nat({ max: STRETCH_COUNT - 1 }),
  from: hash,
})

const STRICT_ITEMS_MAX = 2000

const context = {
  seatCountOf: (number: number) => (number <= 4 ? wireContext.seatCount : undefined),
  decodeBlock: (number: number) => (number <= 4 ? decodeShardChainBlock : undefined),
  signatureBytesMax: SIGNATURE_BYTES_MAX,
}

const blocks = fc.tuple(arbitrary.shardHeader, shardBodies).map(([header, body]) => {
  const bytes = encodeShardBody(body)
  const whole = encodeShardBlock({ ...header, contentsHash: contentsHash(bytes) }, bytes)
  const decoded = decodeShardChainBlock(whole)
  if (!decoded.ok) throw new Error(decoded.reject.detail)
  return decoded.value
})

const nodeMessages: fc.Arbitrary<NodeMessage> = fc.oneof(
  fc
    .record({
      chain: fc.nat({ max: 4 }),
      epoch: u64,
      message: fc.oneof(
        votes.map((vote) => ({ kind: 'vote', vote }) as const),
        certificates.map((certificate) => ({ kind: 'certificate', certificate }) as const),
        blocks.map((block) => ({ kind: 'block', block }) as const),
        fc
          .record({ blocks: fc.array(blocks, { maxLength: 2 }), certificate: certificates })
          .map((range) => ({ kind: 'range', range }) as const),
      ),
    })
    .map((parts) => ({ kind: 'consensus', ...parts }) as const),
  fc
    .record({ shard: chain, raws: fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 4 }) })
    .map((parts) => ({ kind: 'transactions', ...parts }) as const),
  fc
    .array(arbitrary.receiptBatch, { maxLength: 3 })
    .map((batches) => ({ kind: 'receipts', batches }) as const),
  fc
    .record({ source: chain, destination: chain, fromSequence: u64 })
    .map((parts) => ({ kind: 'get-receipts', ...parts }) as const),
  chunkPlace.map((place) => ({ kind: 'get-chunk', ...place }) as const),
  fc
    .tuple(chunkPlace, fc.option(fc.uint8Array({ maxLength: 90 }), { nil: undefined }))
    .map(([place, chunk]) => ({ kind: 'chunk', ...place, chunk }) as const),
  arbitrary.accusation.map((accusation) => ({ kind: 'accusation', accusation }) as const),
  arbitrary.crosslink.map((crosslink) => ({ kind: 'crosslink', crosslink }) as const),
)

const guardViews = fc
  .record({
    view: u64,
    nullified: fc.boolean(),
    notarizeRoot: fc.option(hash, { nil: undefined }),
    finalizeRoot: fc.option(hash, { nil: undefined }),
  })
  .filter(
    (view) => view.nullified || view.notarizeRoot !== undefined || view.finalizeRoot !== undefined,
  )

const guardRecords: fc.Arbitrary<GuardRecord> = fc.record({
  genesisHash: hash,
  sequence: u64,
  chains: fc.array(
    fc.record({
      chain,
      epochFloor: u64,
      domains: fc.array(
        fc.record({ epoch: u64, floor: u64, views: fc.array(guardViews, { maxLength: 4 }) }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 3 },
  ),
})

const outcomes: fc.Arbitrary<StoredOutcome> = fc.record({
  transactions: fc.array(
    fc.record({
      hash,
      sender: address,
      result: fc.record({
        status: fc.constantFrom<0 | 1>(0, 1),
        gasUsed: u64,
        sent: fc.option(fc.record({ destination: chain, index: fc.nat() }), { nil: undefined }),
      }),
    }),
    { maxLength: 4 },
  ),
  consumed: fc.array(
    fc.record({
      source: chain,
      sequence: u64,
      outcome: fc.constantFrom<ReceiptOutcome>('applied', 'bounced', 'void'),
    }),
    { maxLength: 4 },
  ),
  sent: fc.array(fc.record({ destination: chain, startSequence: u64 }), { maxLength: 3 }),
  channels: fc.array(arbitrary.channelHead, { maxLength: 4 }),
})

/** What is stored is less than what is written from; the rest is not looked at. */
function writeOutcome(outcome: StoredOutcome): Uint8Array {
  const senders = concatBytes(...outcome.transactions.map(({ sender }) => sender))
  const source = {
    transactionHashes: outcome.transactions.map((one) => one.hash),
    results: outcome.transactions.map(({ result }) => result),
    consumed: outcome.consumed.map(({ outcome: end, ...receipt }) => ({ receipt, outcome: end })),
    sent: outcome.sent,
    channels: outcome.channels,
  }
  return encodeOutcome(source as unknown as BlockOutcome, senders)
}

const KEY = Uint8Array.of(1, 2, 3)
const FRAME_BYTES_MAX = 500

const proofToken = fc.oneof(
  fc.constantFrom<ProofToken>('branch', 'empty', 'record'),
  hash,
  fc.record({ path: hash, valueHash: hash }),
)

export const nodeTargets: readonly FuzzTarget[] = [
  target({
    covers: ['node/shards/undo-log.ts#decodeUndo'],
    valid: fc.record({
      height: fc.constant(7),
      rootBefore: hash,
      changes: fc.array(
        fc.record({
          key: fc.uint8Array({ maxLength: 64 }),
          value: fc.option(fc.uint8Array({ maxLength: 90 }), { nil: undefined }),
        }),
        { maxLength: 6 },
      ),
    }),
    encode: encodeUndo,
    decode: (bytes) => decodeUndo(7, bytes),
    codes: ['malformed'],
  }),
  target({
    covers: ['node/shards/snapshot-chunk.ts#decodeStateChunk'],
    valid: fc.record({
      records: fc.array(
        fc.record({
          key: fc.uint8Array({ maxLength: 64 }),
          value: fc.uint8Array({ maxLength: 90 }),
        }),
        { maxLength: 6 },
      ),
      complete: fc.boolean(),
      proof: fc.array(proofToken, { maxLength: 8 }),
    }),
    encode: encodeStateChunk,
    decode: decodeStateChunk,
    codes: ['malformed'],
  }),
  target({
    covers: ['node/primitives/message-pack.ts#decodeStrict'],
    valid: strictValues,
    encode: encodeStrict,
    decode: (bytes) => decodeStrict(bytes, { itemsMax: STRICT_ITEMS_MAX }),
    codes: ['malformed'],
  }),
  target({
    covers: ['node/network/envelope.ts#decodeEnvelope'],
    valid: fc.record({
      version: fc.constant(1 as const),
      kind: fc.nat({ max: 255 }),
      chain: fc.nat({ max: 64 }),
      epoch: u64,
      payload: fc.uint8Array({ maxLength: 100 }),
    }),
    encode: encodeEnvelope,
    decode: decodeEnvelope,
    codes: ['malformed', 'other-version', 'too-large'],
  }),
  target({
    covers: ['node/validator/wire.ts#decodeNodeMessage'],
    valid: nodeMessages,
    encode: encodeNodeMessage,
    decode: (bytes) => decodeNodeMessage(bytes, context),
    codes: ['malformed'],
  }),
  target({
    covers: ['node/network/handshake.ts#decodeQuestion'],
    valid: fc.record({ genesisHash: fc.constant(NETWORK), nonce: hash }),
    encode: encodeQuestion,
    decode: (bytes) => decodeQuestion(bytes, NETWORK),
    codes: ['malformed', 'other-version', 'other-network'],
  }),
  target({
    covers: ['node/network/handshake.ts#decodeAnswer'],
    valid: fc.record({
      genesisHash: fc.constant(NETWORK),
      proof: fc.option(
        fc.record({
          validator: fc.nat({ max: 0xffff_ffff }),
          signature: fc.uint8Array({ maxLength: 128 }),
        }),
        { nil: undefined },
      ),
    }),
    encode: encodeAnswer,
    decode: (bytes) => decodeAnswer(bytes, NETWORK),
    codes: ['malformed', 'other-version', 'other-network'],
  }),
  target({
    covers: ['node/validator/outcome.ts#decodeOutcome'],
    valid: outcomes,
    encode: writeOutcome,
    decode: decodeOutcome,
    codes: ['malformed'],
  }),
  target({
    covers: ['node/storage/vote-guard.ts#decodeGuardRecord'],
    valid: guardRecords,
    encode: encodeGuardRecord,
    decode: decodeGuardRecord,
    codes: ['malformed'],
  }),
  target({
    covers: ['node/validator/table.ts#decodeNumbers'],
    valid: fc.array(u64, { maxLength: 8 }),
    encode: (numbers: readonly number[]) => encodeNumbers(...numbers),
    // Values stand behind a seal; whole numbers are all it promises to read.
    decode: (bytes) =>
      bytes.length % 8 === 0
        ? accepted(decodeNumbers(bytes))
        : rejected('partial', `${decodeNumbers(bytes).length} numbers and a rest`),
    codes: ['partial'],
    throws: DecodeError,
  }),
  target({
    covers: ['node/storage/io/value-seal.ts#unsealValue'],
    valid: fc.uint8Array({ maxLength: 100 }),
    encode: (payload: Uint8Array) => sealValue(KEY, payload),
    decode: (bytes) => {
      const payload = unsealValue(KEY, bytes)
      return payload === undefined ? rejected('broken', 'the seal does not fit') : accepted(payload)
    },
    codes: ['broken'],
    views: true,
  }),
  target({
    covers: ['node/network/frame.ts#createFrameParser'],
    valid: fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { maxLength: 4 }),
    encode: encodeFrames,
    decode: (bytes) => {
      const parser = createFrameParser(FRAME_BYTES_MAX)
      const frames: Uint8Array[] = []
      // One byte at a time: the cruellest way to cut a stream.
      for (let index = 0; index < bytes.length; index++) {
        const pushed = parser.push(bytes.slice(index, index + 1))
        if (!pushed.ok) return pushed
        frames.push(...pushed.value)
      }
      return parser.isPartial() ? rejected('partial', 'half a frame') : accepted(frames)
    },
    codes: ['frame-too-large', 'frame-empty', 'partial'],
  }),
]
