/** What chains are made of: votes, certificates, headers, blocks, receipts, transactions, state. */
import { beaconChannels } from '../../node/crosslink/beacon-channels.ts'
import * as fc from 'fast-check'
import { decodeAnchorView, encodeAnchorView } from '../../node/beacon/anchor-codec.ts'
import { decodeBeaconBlock, encodeBeaconBlock } from '../../node/beacon/block.ts'
import { decodeBeaconState, encodeBeaconState } from '../../node/beacon/state-codec.ts'
import { decodeConsensusMessage, encodeConsensusMessage } from '../../node/consensus/wire.ts'
import { decodeAccusation, encodeAccusation } from '../../node/crosslink/accusation.ts'
import { decodeJournalRecord, encodeJournalRecord } from '../../node/consensus/journal.ts'
import type { JournalRecord } from '../../node/consensus/engine-contract.ts'
import { decodeCertificate, encodeCertificate } from '../../node/crosslink/certificate-codec.ts'
import {
  decodeCrosslink,
  decodeShardRecord,
  encodeCrosslink,
  encodeShardRecord,
} from '../../node/crosslink/crosslink-codec.ts'
import {
  contentsHash,
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
import { AssertionError } from '../../node/primitives/assert.ts'
import { accepted, rejected } from '../../node/primitives/result.ts'
import {
  decodeAccount,
  EMPTY_CODE_HASH,
  encodeAccount,
  isEmptyAccount,
  type Account,
} from '../../node/shards/account.ts'
import {
  decodeShardBlock,
  decodeShardBody,
  encodeShardBlock,
  encodeShardBody,
  type ShardBlock,
  type ShardBody,
} from '../../node/shards/block.ts'
import {
  decodeBuffer,
  decodeIncoming,
  decodeOutgoing,
  decodeTotals,
  encodeBuffer,
  encodeIncoming,
  encodeOutgoing,
  encodeTotals,
} from '../../node/shards/system-record.ts'
import {
  decodeTransaction,
  encodeSigned,
  type TransactionFields,
  type TransactionSignature,
} from '../../node/shards/transaction.ts'
import { decodeGatewayTransfer, encodeGatewayTransfer } from '../../node/shards/vm/gateway.ts'
import { decodeShardChainBlock, shardBlockOf } from '../../node/validator/shard-block.ts'
import { ZERO_HASH } from '../../node/primitives/hash.ts'
import {
  certificates,
  messages,
  unsignedVotes,
  wireContext,
} from '../unit/consensus/support/arbitraries.ts'
import * as arbitrary from './crosslink-arbitrary.ts'
import { target, type FuzzTarget } from './fuzz-target.ts'

const MALFORMED = ['malformed']
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const address = fc.uint8Array({ minLength: 20, maxLength: 20 })
const u64 = fc.maxSafeNat()
const amount = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n })

const journalRecords: fc.Arbitrary<JournalRecord> = fc.oneof(
  unsignedVotes.map((vote) => ({ kind: 'vote', vote }) as const),
  certificates.map((certificate) => ({ kind: 'certificate', certificate }) as const),
  fc
    .record({ view: u64, height: u64, hash })
    .map((floor) => ({ kind: 'floor', ...floor }) as const),
)

const anchorViews = fc.record({
  beaconHeight: u64,
  beaconHash: hash,
  epoch: u64,
  timestampMs: u64,
  shards: fc.array(arbitrary.shardRecord, { maxLength: 3 }),
  beacon: fc
    .tuple(
      fc.array(arbitrary.channelHead, { maxLength: 3 }),
      fc.array(arbitrary.channelHead, { minLength: 1, maxLength: 3 }),
    )
    .map(([incoming, outgoing]) => beaconChannels(incoming, outgoing)),
})

export const shardBodies: fc.Arbitrary<ShardBody> = fc.record({
  transactions: fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 4 }),
  inbox: fc.array(arbitrary.inboxItem, { maxLength: 2 }),
})

const shardBlocks = fc.tuple(arbitrary.shardHeader, shardBodies).map(([header, body]) => {
  const bytes = encodeShardBody(body)
  return { header: { ...header, contentsHash: contentsHash(bytes) }, body }
})

function encodeBlock({ header, body }: Pick<ShardBlock, 'header' | 'body'>): Uint8Array {
  return encodeShardBlock(header, encodeShardBody(body))
}

const accounts: fc.Arbitrary<Account> = fc
  .record({
    nonce: u64,
    balance: amount,
    codeHash: fc.oneof(fc.constant(EMPTY_CODE_HASH), hash),
    storageRoot: fc.oneof(fc.constant(ZERO_HASH), hash),
  })
  .filter((account) => !isEmptyAccount(account))

/** Ordered, so that the arithmetic of the executor holds; the signature is in range and nobody's. */
const transactions = fc
  .record({
    type: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
    chainId: fc.integer({ min: 1, max: 2 ** 40 }),
    nonce: fc.nat(),
    tip: fc.bigInt({ min: 0n, max: 1n << 60n }),
    feeCap: fc.bigInt({ min: 1n << 60n, max: 1n << 100n }),
    gasLimit: fc.integer({ min: 21_000, max: 30_000_000 }),
    to: fc.option(address, { nil: undefined }),
    value: fc.bigInt({ min: 0n, max: 1n << 120n }),
    data: fc.uint8Array({ maxLength: 80 }),
    accessList: fc.array(fc.record({ address, storageKeys: fc.array(hash, { maxLength: 2 }) }), {
      maxLength: 2,
    }),
    r: fc.uint8Array({ minLength: 31, maxLength: 31 }),
    s: fc.uint8Array({ minLength: 31, maxLength: 31 }),
    yParity: fc.constantFrom<0 | 1>(0, 1),
  })
  .map(({ type, tip, feeCap, accessList, r, s, yParity, ...rest }) => {
    const fields: TransactionFields = {
      ...rest,
      type,
      maxFeePerGas: feeCap,
      maxPriorityFeePerGas: type === 2 ? tip : feeCap,
      accessList: type === 0 ? [] : accessList,
    }
    // In range: the upper byte is zero, and neither is.
    const signature = Uint8Array.of(0, ...r, 0, ...s)
    signature[1] = 1
    signature[33] = 1
    return { ...fields, signature, yParity }
  })

const GATEWAY = { shard: 1, shardCount: 4, chainIdBase: 713_000 }

export const chainTargets: readonly FuzzTarget[] = [
  target({
    covers: ['node/consensus/wire.ts#decodeConsensusMessage'],
    valid: messages,
    encode: encodeConsensusMessage,
    decode: (bytes) => decodeConsensusMessage(bytes, wireContext),
    codes: MALFORMED,
  }),
  target({
    covers: ['node/consensus/journal.ts#decodeJournalRecord'],
    valid: journalRecords,
    encode: encodeJournalRecord,
    decode: decodeJournalRecord,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/crosslink/accusation.ts#decodeAccusation'],
    valid: arbitrary.accusation,
    encode: encodeAccusation,
    decode: decodeAccusation,
    codes: MALFORMED,
  }),
  target({
    covers: [
      'node/crosslink/certificate-codec.ts#decodeCertificate',
      'node/primitives/codec.ts#decodeExactly',
    ],
    valid: arbitrary.certificate,
    encode: encodeCertificate,
    decode: (bytes) => decodeCertificate(bytes),
    codes: MALFORMED,
  }),
  target({
    covers: ['node/crosslink/header-codec.ts#decodeShardHeader'],
    valid: arbitrary.shardHeader,
    encode: encodeShardHeader,
    decode: decodeShardHeader,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/crosslink/header-codec.ts#decodeBeaconHeader'],
    valid: arbitrary.beaconHeader,
    encode: encodeBeaconHeader,
    decode: decodeBeaconHeader,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/crosslink/receipt-codec.ts#decodeReceipt'],
    valid: arbitrary.receipt,
    encode: encodeReceipt,
    decode: decodeReceipt,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/crosslink/receipt-codec.ts#decodeReceiptBatch'],
    valid: arbitrary.receiptBatch,
    encode: encodeReceiptBatch,
    decode: decodeReceiptBatch,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/crosslink/receipt-codec.ts#decodeInboxItem'],
    valid: arbitrary.inboxItem,
    encode: encodeInboxItem,
    decode: decodeInboxItem,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/crosslink/receipt-codec.ts#decodeChannelHead'],
    valid: arbitrary.channelHead,
    encode: encodeChannelHead,
    decode: decodeChannelHead,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/crosslink/crosslink-codec.ts#decodeCrosslink'],
    valid: arbitrary.crosslink,
    encode: encodeCrosslink,
    decode: decodeCrosslink,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/crosslink/crosslink-codec.ts#decodeShardRecord'],
    valid: arbitrary.shardRecord,
    encode: encodeShardRecord,
    decode: decodeShardRecord,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/beacon/state-codec.ts#decodeBeaconState'],
    valid: arbitrary.beaconState,
    encode: encodeBeaconState,
    decode: decodeBeaconState,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/beacon/anchor-codec.ts#decodeAnchorView'],
    valid: anchorViews,
    encode: encodeAnchorView,
    decode: decodeAnchorView,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/beacon/block.ts#decodeBeaconBlock'],
    valid: arbitrary.beaconBlock,
    encode: encodeBeaconBlock,
    decode: decodeBeaconBlock,
    codes: ['malformed', 'too-large', 'contents-mismatch'],
  }),
  target({
    covers: ['node/shards/block.ts#decodeShardBody'],
    valid: shardBodies,
    encode: encodeShardBody,
    decode: decodeShardBody,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/shards/block.ts#decodeShardBlock'],
    valid: shardBlocks,
    encode: encodeBlock,
    decode: decodeShardBlock,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/validator/shard-block.ts#decodeShardChainBlock'],
    valid: shardBlocks,
    encode: encodeBlock,
    decode: (bytes) => {
      const decoded = decodeShardChainBlock(bytes)
      return decoded.ok ? accepted(shardBlockOf(decoded.value)) : decoded
    },
    codes: MALFORMED,
  }),
  target({
    covers: ['node/shards/transaction.ts#decodeTransaction'],
    valid: transactions,
    encode: (transaction: TransactionFields & TransactionSignature) =>
      encodeSigned(transaction, transaction),
    decode: decodeTransaction,
    codes: ['malformed', 'unsupported-type', 'unprotected', 'invalid-signature'],
    views: true,
  }),
  target({
    covers: ['node/shards/account.ts#decodeAccount'],
    valid: accounts,
    encode: encodeAccount,
    decode: decodeAccount,
    codes: MALFORMED,
  }),
  target({
    covers: ['node/shards/vm/gateway.ts#decodeGatewayTransfer'],
    valid: fc.record({ destination: fc.integer({ min: 2, max: 4 }), to: address }),
    encode: ({ destination, to }: { destination: number; to: Uint8Array }) =>
      encodeGatewayTransfer(GATEWAY.chainIdBase + destination, to),
    decode: (bytes) => {
      const order = decodeGatewayTransfer(GATEWAY, bytes)
      return order === undefined ? rejected('no-order', 'no transfer') : accepted(order)
    },
    codes: ['no-order'],
  }),
  target({
    covers: ['node/shards/system-record.ts#decodeOutgoing'],
    valid: arbitrary.channelHead,
    encode: encodeOutgoing,
    decode: (bytes) => accepted(decodeOutgoing(bytes)),
    codes: [],
    throws: AssertionError,
  }),
  target({
    covers: ['node/shards/system-record.ts#decodeIncoming'],
    valid: fc.record({ cursor: arbitrary.channelHead, drainedRoot: hash }),
    encode: encodeIncoming,
    decode: (bytes) => accepted(decodeIncoming(bytes)),
    codes: [],
    throws: AssertionError,
  }),
  target({
    covers: ['node/shards/system-record.ts#decodeBuffer'],
    valid: fc.record({ endSequence: u64 }),
    encode: encodeBuffer,
    decode: (bytes) => accepted(decodeBuffer(bytes)),
    codes: [],
    throws: AssertionError,
  }),
  target({
    covers: ['node/shards/system-record.ts#decodeTotals'],
    valid: fc.record({
      genesis: amount,
      balances: amount,
      burnt: amount,
      buffered: amount,
      outBytes: u64,
    }),
    encode: encodeTotals,
    decode: (bytes) => accepted(decodeTotals(bytes)),
    codes: [],
    throws: AssertionError,
  }),
]
