/** Bytes and hashes of certificates, headers, receipts, channels and crosslinks never change by accident. */
import { describe, it } from 'vitest'
import { encodeCertificate } from '../../node/crosslink/certificate-codec.ts'
import { signingRoot } from '../../node/crosslink/certificate.ts'
import {
  batchDigest,
  channelLeaf,
  EMPTY_CHANNEL,
  emptyChannels,
  extendChannel,
  outBranch,
  outRootOf,
} from '../../node/crosslink/channel.ts'
import { encodeCrosslink, encodeShardRecord } from '../../node/crosslink/crosslink-codec.ts'
import { foldLinks } from '../../node/crosslink/crosslink.ts'
import {
  beaconBlockHash,
  contentsHash,
  encodeBeaconHeader,
  encodeShardHeader,
  headerBodyHash,
  shardBlockHash,
} from '../../node/crosslink/header-codec.ts'
import {
  encodeInboxItem,
  encodeReceipt,
  encodeReceiptBatch,
  receiptHash,
} from '../../node/crosslink/receipt-codec.ts'
import {
  channelsWith,
  exampleBatch,
  exampleBeaconHeader,
  exampleCertificate,
  exampleReceipt,
  exampleRecord,
  exampleShardHeader,
  hashOf,
} from '../unit/crosslink/examples.ts'
import { expectVectors } from './crosslink-vectors.ts'

const domain = { genesisHash: hashOf('genesis'), chain: 2, epoch: 7 }
const certificate = exampleCertificate()
const batch = exampleBatch({ count: 3, height: 9, startSequence: 4, payloadSize: 2 })
const cursor = { nextSequence: 4, value: 10n, head: hashOf('consumed') }
const sent = extendChannel(cursor, batch)
const channels = channelsWith(2, 2, sent)
const header = exampleShardHeader({ cursors: [0, 0, 12], outRoot: outRootOf(channels) })
const links = [hashOf('link 1'), hashOf('link 2')]

describe('golden: crosslink', () => {
  it('golden: crosslink: votes sign the bytes they always signed', () => {
    expectVectors('crosslink-votes.json', {
      notarize: signingRoot(domain, 'notarize', 3, certificate.proposal),
      nullify: signingRoot(domain, 'nullify', 3, undefined),
      finalize: signingRoot(domain, 'finalize', 3, certificate.proposal),
      certificate: encodeCertificate(certificate),
      nullification: encodeCertificate({ ...certificate, kind: 'nullify', proposal: undefined }),
    })
  })

  it('golden: crosslink: headers have the bytes and hashes they always had', () => {
    expectVectors('crosslink-headers.json', {
      shardHeader: encodeShardHeader(header),
      shardBodyHash: headerBodyHash(header),
      shardBlockHash: shardBlockHash(header),
      beaconHeader: encodeBeaconHeader(exampleBeaconHeader()),
      beaconBodyHash: headerBodyHash(exampleBeaconHeader()),
      beaconBlockHash: beaconBlockHash(exampleBeaconHeader()),
      contentsHash: contentsHash(Uint8Array.of(1, 2, 3)),
    })
  })

  it('golden: crosslink: receipts and channels have the bytes and hashes they always had', () => {
    expectVectors('crosslink-channels.json', {
      receipt: encodeReceipt(exampleReceipt({ payload: Uint8Array.of(1, 2) })),
      receiptHash: receiptHash(exampleReceipt()),
      bounceHash: receiptHash(exampleReceipt({ kind: 'bounce' })),
      batch: encodeReceiptBatch(batch),
      batchDigest: batchDigest(batch),
      channelHead: sent.head,
      channelLeaf: channelLeaf(2, sent),
      emptyLeaf: channelLeaf(0, EMPTY_CHANNEL),
      emptyOutRoot: outRootOf(emptyChannels(4)),
      outRoot: outRootOf(channels),
      inboxItem: encodeInboxItem({
        source: 1,
        leaf: sent,
        branch: outBranch(channels, 2),
        batches: [batch],
        tailDigests: [],
      }),
    })
  })

  it('golden: crosslink: crosslinks and records have the bytes they always had', () => {
    expectVectors('crosslink-links.json', {
      folded: foldLinks({ hash: hashOf('head'), height: 5 }, links).hash,
      crosslink: encodeCrosslink({ shard: 1, tip: header, links, certificate, channels }),
      record: encodeShardRecord(exampleRecord({ status: 'lagging', cursors: [0, 0, 12] })),
    })
  })
})
