/** Channels: what heads and roots commit to. */
import { describe, expect, it } from 'vitest'
import {
  batchDigest,
  channelLeaf,
  channelTo,
  EMPTY_CHANNEL,
  emptyChannels,
  extendChannel,
  foldDigest,
  outBranch,
  outRootOf,
} from '../../../node/crosslink/channel.ts'
import {
  batchBytes,
  decodeReceiptBatch,
  encodeReceiptBatch,
  receiptHash,
} from '../../../node/crosslink/receipt-codec.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { BATCH_BYTES_MAX, BATCH_RECEIPTS_MAX, SHARDS_MAX } from '../../../node/primitives/limits.ts'
import { verifyMerkleBranch } from '../../../node/primitives/merkle.ts'
import { addressOf, channelsWith, exampleBatch, exampleReceipt, hashOf } from './examples.ts'

describe('crosslink: channel', () => {
  it('crosslink: channel: every field of a receipt changes its hash', () => {
    const receipts = [
      exampleReceipt(),
      exampleReceipt({ source: 3 }),
      exampleReceipt({ destination: 3 }),
      exampleReceipt({ sequence: 1 }),
      exampleReceipt({ kind: 'bounce' }),
      exampleReceipt({ from: addressOf('other') }),
      exampleReceipt({ to: addressOf('other') }),
      exampleReceipt({ amount: 6n }),
      exampleReceipt({ gas: 1 }),
      exampleReceipt({ payload: Uint8Array.of(0) }),
      exampleReceipt({ originTransaction: hashOf('other') }),
    ]
    expect(new Set(receipts.map((receipt) => toHex(receiptHash(receipt)))).size).toBe(11)
  })

  it('crosslink: channel: C.4: a digest binds route, height, place, count and content', () => {
    const batches = [
      exampleBatch(),
      exampleBatch({ source: 3 }),
      exampleBatch({ destination: 3 }),
      exampleBatch({ height: 2 }),
      exampleBatch({ startSequence: 1 }),
      exampleBatch({ count: 2 }),
      exampleBatch({ payloadSize: 1 }),
    ]
    expect(new Set(batches.map((batch) => toHex(batchDigest(batch)))).size).toBe(7)
  })

  it('crosslink: channel: a channel counts its receipts and chains its batches in order', () => {
    const first = exampleBatch({ count: 2 })
    const second = exampleBatch({ count: 3, startSequence: 2, height: 5 })
    const once = extendChannel(EMPTY_CHANNEL, first)
    const twice = extendChannel(once, second)
    expect(twice.nextSequence).toBe(5)
    expect(toHex(twice.head)).toBe(
      toHex(foldDigest(foldDigest(EMPTY_CHANNEL.head, batchDigest(first)), batchDigest(second))),
    )
    expect(() => extendChannel(once, first)).toThrow('continues its channel')
  })

  it('crosslink: channel: the branch of every channel leads to outRoot, at its own index only', () => {
    for (const shardCount of [1, 2, 3, 7, 8, SHARDS_MAX]) {
      const channels = Array.from({ length: shardCount + 1 }, (_, index) => ({
        nextSequence: index,
        value: 0n,
        head: hashOf(`head ${index}`),
      }))
      const root = outRootOf(channels)
      for (let destination = 0; destination <= shardCount; destination++) {
        const proof = {
          root,
          leafCount: shardCount + 1,
          index: destination,
          leaf: channelLeaf(destination, channelTo(channels, destination)),
          branch: outBranch(channels, destination),
        }
        expect(verifyMerkleBranch(proof)).toBe(true)
        const elsewhere = (destination + 1) % (shardCount + 1)
        expect(verifyMerkleBranch({ ...proof, index: elsewhere })).toBe(false)
      }
    }
  })

  it('crosslink: channel: outRoot tells apart which channel was used', () => {
    const used = { nextSequence: 1, value: 0n, head: hashOf('head') }
    const roots = [
      outRootOf(emptyChannels(3)),
      outRootOf(emptyChannels(4)),
      outRootOf(channelsWith(3, 2, used)),
      outRootOf(channelsWith(3, 3, used)),
    ]
    expect(new Set(roots.map(toHex)).size).toBe(4)
  })

  it('crosslink: channel: a full batch of transfers fits the limit in bytes, and its size is its encoding', () => {
    const full = exampleBatch({ count: BATCH_RECEIPTS_MAX })
    expect(batchBytes(full)).toBeLessThanOrEqual(BATCH_BYTES_MAX)
    expect(encodeReceiptBatch(full)).toHaveLength(batchBytes(full))
  })

  it('crosslink: channel: a batch beyond its limits has no encoding and no digest', () => {
    const tooMany = exampleBatch({ count: BATCH_RECEIPTS_MAX + 1 })
    const tooLarge = exampleBatch({ count: 9, payloadSize: 16 * 1024 })
    const empty = exampleBatch({ count: 0 })
    for (const batch of [tooMany, tooLarge, empty]) {
      expect(() => encodeReceiptBatch(batch)).toThrow('a batch')
      expect(() => batchDigest(batch)).toThrow('a batch')
    }
    expect(() => encodeReceiptBatch({ ...exampleBatch({ count: 2 }), startSequence: 1 })).toThrow(
      'numbers its receipts',
    )
  })

  it('crosslink: channel: foreign bytes of an empty batch or of a channel to itself are refused', () => {
    const empty = encodeReceiptBatch(exampleBatch()).slice(0, 28)
    new DataView(empty.buffer).setUint32(24, 0)
    expect(decodeReceiptBatch(empty)).toMatchObject({ reject: { detail: 'a batch is empty' } })
    const loop = encodeReceiptBatch(exampleBatch())
    new DataView(loop.buffer).setUint32(4, 1)
    expect(decodeReceiptBatch(loop)).toMatchObject({
      reject: { detail: 'a channel leads to another chain' },
    })
  })
})
