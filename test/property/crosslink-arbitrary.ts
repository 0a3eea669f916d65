/** Arbitrary values of everything that crosslinks encode, for fast-check. */
import * as fc from 'fast-check'
import { encodeBeaconBody, type BeaconBlock } from '../../node/beacon/block.ts'
import { contentsHash } from '../../node/crosslink/header-codec.ts'
import { epochAfter } from '../../node/beacon/epoch.ts'
import type { BeaconState } from '../../node/beacon/state.ts'
import type { Accusation, Statement } from '../../node/crosslink/accusation.ts'
import type { Certificate, Proposal } from '../../node/crosslink/certificate.ts'
import type { Crosslink, ShardRecord } from '../../node/crosslink/crosslink.ts'
import type { BeaconHeader, ShardHeader } from '../../node/crosslink/header.ts'
import type {
  ChannelHead,
  InboxItem,
  Receipt,
  ReceiptBatch,
  ReceiptKind,
} from '../../node/crosslink/receipt.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const address = fc.uint8Array({ minLength: 20, maxLength: 20 })
const u64 = fc.maxSafeNat()
const chain = fc.integer({ min: 1, max: 64 })
const seat = fc.integer({ min: 0, max: 127 })
const amount = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n })
const hashes = (maxLength: number) => fc.array(hash, { maxLength })

const proposal: fc.Arbitrary<Proposal> = fc.record({
  view: u64,
  parentView: u64,
  parentHash: hash,
  hash,
})

export const certificate: fc.Arbitrary<Certificate> = fc
  .record({
    kind: fc.constantFrom('notarize', 'nullify', 'finalize'),
    proposal,
    signers: fc.uint8Array({ maxLength: 16 }),
    signature: fc.uint8Array({ maxLength: 200 }),
  })
  .map(({ kind, proposal: named, ...rest }) => ({
    kind,
    view: named.view,
    proposal: kind === 'nullify' ? undefined : named,
    ...rest,
  }))

const statement = (view: number): fc.Arbitrary<Statement> =>
  fc
    .record({
      kind: fc.constantFrom('notarize', 'nullify', 'finalize'),
      named: proposal,
      signature: fc.uint8Array({ maxLength: 96 }),
    })
    .map(({ kind, named, signature }) => ({
      kind,
      proposal: kind === 'nullify' ? undefined : { ...named, view },
      signature,
    }))

export const accusation: fc.Arbitrary<Accusation> = u64.chain((view) =>
  fc.record({
    validator: fc.nat(1023),
    chain: fc.nat(64),
    epoch: u64,
    view: fc.constant(view),
    first: statement(view),
    second: statement(view),
  }),
)

export const shardHeader: fc.Arbitrary<ShardHeader> = fc.record({
  version: fc.constant(1),
  chain,
  parentHash: hash,
  height: u64,
  epoch: u64,
  view: u64,
  proposerSeat: seat,
  timestampMs: u64,
  anchor: fc.record({ beaconHeight: u64, beaconHash: hash }),
  sealing: fc.boolean(),
  transactionRoot: hash,
  inboxRoot: hash,
  stateRoot: hash,
  outRoot: hash,
  cursors: fc.array(u64, { maxLength: 65 }),
  resultsRoot: hash,
  gasLimit: u64,
  gasUsed: u64,
  baseFeePerGas: amount,
  inboxUnits: u64,
  outBytes: u64,
  contentsHash: hash,
})

export const beaconHeader: fc.Arbitrary<BeaconHeader> = fc.record({
  version: fc.constant(1),
  parentHash: hash,
  height: u64,
  epoch: u64,
  view: u64,
  proposerSeat: seat,
  timestampMs: u64,
  sealing: fc.boolean(),
  stateRoot: hash,
  contentsHash: hash,
  mix: hash,
})

const receiptContent = fc.record({
  kind: fc.constantFrom<ReceiptKind>('transfer', 'bounce', 'move', 'deposit', 'exit', 'payout'),
  from: address,
  to: address,
  amount,
  gas: u64,
  payload: fc.uint8Array({ maxLength: 40 }),
  originTransaction: hash,
})
const route = fc
  .tuple(chain, chain)
  .filter(([source, destination]) => source !== destination)
  .map(([source, destination]) => ({ source, destination }))

export const receipt: fc.Arbitrary<Receipt> = fc
  .tuple(route, u64, receiptContent)
  .map(([ends, sequence, content]) => ({ ...ends, sequence, ...content }))

export const receiptBatch: fc.Arbitrary<ReceiptBatch> = fc
  .record({
    ends: route,
    height: u64,
    startSequence: fc.nat(),
    contents: fc.array(receiptContent, { minLength: 1, maxLength: 5 }),
  })
  .map(({ ends, height, startSequence, contents }) => ({
    ...ends,
    height,
    startSequence,
    receipts: contents.map((content, index) => ({
      ...ends,
      sequence: startSequence + index,
      ...content,
    })),
  }))

export const channelHead: fc.Arbitrary<ChannelHead> = fc.record({
  nextSequence: u64,
  value: amount,
  head: hash,
})

export const inboxItem: fc.Arbitrary<InboxItem> = fc.record({
  source: chain,
  leaf: channelHead,
  branch: hashes(7),
  batches: fc.array(receiptBatch, { maxLength: 3 }),
  tailDigests: hashes(4),
})

export const crosslink: fc.Arbitrary<Crosslink> = fc
  .record({
    tip: shardHeader,
    links: hashes(6),
    certificate,
    channels: fc.array(channelHead, { maxLength: 5 }),
  })
  .map((parts) => ({ shard: parts.tip.chain, ...parts }))

export const shardRecord: fc.Arbitrary<ShardRecord> = fc.record({
  shard: chain,
  epoch: u64,
  height: u64,
  hash,
  timestampMs: u64,
  stateRoot: hash,
  outRoot: hash,
  cursors: fc.array(u64, { maxLength: 65 }),
  supply: amount,
  sent: fc.array(amount, { maxLength: 65 }),
  sequences: fc.array(u64, { maxLength: 65 }),
  anchorHeight: u64,
  sealed: fc.boolean(),
  inboxUnits: u64,
  outBytes: u64,
  lastCrosslinkHeight: u64,
  status: fc.constantFrom('live', 'lagging', 'recovering', 'frozen'),
  recoveringSince: u64,
  forcedEpoch: u64,
  openedHeight: u64,
  stage: fc.constantFrom('open', 'draining', 'drained', 'retired'),
  stageHeight: u64,
})

function oneSeatEach(chains: number, validators: number): readonly (readonly number[])[] {
  return Array.from({ length: chains }, (_, index) => [index % validators])
}

/** Coherent states of 1 to 3 shards, with epochs and without. */
export const beaconState: fc.Arbitrary<BeaconState> = fc
  .record({
    genesisHash: hash,
    headHash: hash,
    timestampMs: u64,
    blockHashes: hashes(9),
    mix: hash,
    seed: hash,
    validators: fc.array(
      fc.record({
        publicKey: fc.uint8Array({ maxLength: 48 }),
        peer: fc.stringMatching(/^[a-zA-Z0-9]{0,60}$/),
        payout: address,
        payoutShard: chain,
        stake: amount,
        slashedStake: amount,
        status: fc.constantFrom('pending', 'active', 'exiting', 'exited', 'slashed'),
        activationEpoch: u64,
        exitEpoch: u64,
        withdrawableEpoch: u64,
      }),
      { minLength: 1, maxLength: 4 },
    ),
    burnt: amount,
    registryRules: fc.record({ stake: amount, unbondEpochs: fc.nat(65_536) }),
    records: fc.array(shardRecord, { minLength: 1, maxLength: 3 }),
    channels: fc.array(channelHead, { minLength: 4, maxLength: 4 }),
    sent: fc.array(receiptBatch, { maxLength: 2 }),
    changes: fc.array(
      fc.record({
        change: fc.record({
          kind: fc.constantFrom('open' as const, 'retire' as const),
          shard: fc.integer({ min: 1, max: 64 }),
        }),
        blocks: u64,
      }),
      { maxLength: 3 },
    ),
    epochRules: fc.record({
      blocks: fc.constantFrom(0, 4),
      rotationPermille: fc.nat(1000),
      shardsPerValidator: fc.integer({ min: 1, max: 64 }),
    }),
  })
  .map(({ records, channels, ...rest }) => ({
    ...rest,
    height: rest.blockHashes.length,
    epoch: epochAfter(rest.epochRules, rest.blockHashes.length),
    committees: oneSeatEach(records.length + 1, rest.validators.length),
    plans:
      rest.epochRules.blocks === 0
        ? []
        : [
            {
              epoch: epochAfter(rest.epochRules, rest.blockHashes.length) + 1,
              seed: rest.seed,
              committees: oneSeatEach(records.length + 1, rest.validators.length),
            },
          ],
    shards: records.map((record, index) => ({
      ...record,
      shard: index + 1,
      openedHeight: 0,
      cursors: Array.from({ length: records.length + 1 }, (_, source) => source),
    })),
    incoming: channels.slice(0, records.length + 1),
    outgoing: channels.slice(-records.length - 1),
  }))

const beaconItem = fc
  .tuple(inboxItem, fc.array(u64, { maxLength: 3 }))
  .map(([item, unproved]) => ({ ...item, unproved }))

/** Blocks whose header names their body, and nothing else about them is true. */
export const beaconBlock: fc.Arbitrary<BeaconBlock> = fc
  .record({
    header: beaconHeader,
    body: fc.record({
      reveal: fc.uint8Array({ maxLength: 96 }),
      crosslinks: fc.array(crosslink, { maxLength: 2 }),
      accusations: fc.array(accusation, { maxLength: 2 }),
      inbox: fc.array(beaconItem, { maxLength: 2 }),
    }),
  })
  .map(({ header, body }) => ({
    header: { ...header, contentsHash: contentsHash(encodeBeaconBody(body)) },
    body,
  }))
