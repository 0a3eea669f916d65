/** Plain examples of headers, receipts and certificates for the tests of crosslinks and of the beacon. */
import type { Certificate } from '../../../node/crosslink/certificate.ts'
import { EMPTY_CHANNEL, emptyChannels, outRootOf } from '../../../node/crosslink/channel.ts'
import { firstRecord, type ShardRecord } from '../../../node/crosslink/crosslink.ts'
import type { BeaconHeader, ShardHeader } from '../../../node/crosslink/header.ts'
import type { ChannelHead, Receipt, ReceiptBatch } from '../../../node/crosslink/receipt.ts'
import { asciiBytes } from '../../../node/primitives/bytes.ts'
import { hashTagged } from '../../../node/primitives/hash.ts'
import type { Hash } from '../../../node/primitives/identifiers.ts'

/** A hash with a name. */
export const hashOf = (name: string): Hash => hashTagged('example', asciiBytes(name))
export const addressOf = (name: string): Uint8Array => hashOf(name).slice(0, 20)

export function exampleShardHeader(changes: Partial<ShardHeader> = {}): ShardHeader {
  return {
    version: 1,
    chain: 1,
    parentHash: hashOf('parent'),
    height: 1,
    epoch: 0,
    view: 1,
    proposerSeat: 0,
    timestampMs: 1_000,
    anchor: { beaconHeight: 0, beaconHash: hashOf('beacon') },
    sealing: false,
    transactionRoot: hashOf('transactions'),
    inboxRoot: hashOf('inbox'),
    stateRoot: hashOf('state'),
    outRoot: outRootOf(emptyChannels(2)),
    cursors: [0, 0, 0],
    resultsRoot: hashOf('results'),
    gasLimit: 30_000_000,
    gasUsed: 21_000,
    baseFeePerGas: 1_000_000_000n,
    inboxUnits: 0,
    outBytes: 0,
    contentsHash: hashOf('contents'),
    ...changes,
  }
}

export function exampleBeaconHeader(changes: Partial<BeaconHeader> = {}): BeaconHeader {
  return {
    version: 1,
    parentHash: hashOf('parent'),
    height: 1,
    epoch: 0,
    view: 1,
    proposerSeat: 0,
    timestampMs: 1_000,
    sealing: false,
    stateRoot: hashOf('state'),
    contentsHash: hashOf('contents'),
    mix: hashOf('mix'),
    ...changes,
  }
}

export function exampleReceipt(changes: Partial<Receipt> = {}): Receipt {
  return {
    source: 1,
    destination: 2,
    sequence: 0,
    kind: 'transfer',
    from: addressOf('from'),
    to: addressOf('to'),
    amount: 5n,
    gas: 21_000,
    payload: new Uint8Array(0),
    originTransaction: hashOf('origin'),
    ...changes,
  }
}

/** `count` receipts from `startSequence` on, of amounts 1, 2, 3, ... */
export function exampleBatch(
  changes: Partial<Omit<ReceiptBatch, 'receipts'>> & { count?: number; payloadSize?: number } = {},
): ReceiptBatch {
  const { source = 1, destination = 2, height = 1, startSequence = 0 } = changes
  const receipts = Array.from({ length: changes.count ?? 1 }, (_, index) =>
    exampleReceipt({
      source,
      destination,
      sequence: startSequence + index,
      amount: BigInt(index + 1),
      payload: new Uint8Array(changes.payloadSize ?? 0),
    }),
  )
  return { source, destination, height, startSequence, receipts }
}

/** The channels of a shard that has sent through one of them only. */
export function channelsWith(
  shardCount: number,
  destination: number,
  channel: ChannelHead,
): readonly ChannelHead[] {
  return Array.from({ length: shardCount + 1 }, (_, index) =>
    index === destination ? channel : EMPTY_CHANNEL,
  )
}

export function exampleCertificate(changes: Partial<Certificate> = {}): Certificate {
  const view = changes.view ?? 3
  return {
    kind: 'finalize',
    view,
    proposal: { view, parentView: view - 1, parentHash: hashOf('parent'), hash: hashOf('block') },
    signers: Uint8Array.of(0b0111),
    signature: new Uint8Array(96).fill(7),
    ...changes,
  }
}

export function exampleRecord(changes: Partial<ShardRecord> = {}): ShardRecord {
  const origin = { shard: 1, epoch: 0, hash: hashOf('genesis block'), timestampMs: 1_000 }
  const content = { stateRoot: hashOf('state'), supply: 0n, shardCount: 2, openedHeight: 0 }
  return { ...firstRecord({ ...origin, ...content }), ...changes }
}
