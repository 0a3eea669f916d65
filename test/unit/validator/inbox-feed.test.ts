/** The inbox feed: pushed batches are hints, the fold to the recorded leaf is the proof, what is missing is pulled (C.5). */
import { describe, expect, it } from 'vitest'
import {
  EMPTY_CHANNEL,
  emptyChannels,
  extendChannel,
  outRootOf,
} from '../../../node/crosslink/channel.ts'
import type { AnchorView } from '../../../node/crosslink/crosslink.ts'
import type { ChannelHead, ReceiptBatch } from '../../../node/crosslink/receipt.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { createContext } from '../../../node/validator/context.ts'
import type { ValidatorEffect } from '../../../node/validator/contract.ts'
import { createInboxFeed } from '../../../node/validator/inbox-feed.ts'
import { exampleBatch, exampleRecord, hashOf } from '../crosslink/examples.ts'

const SHARD = 2
const MEMBERS = [10, 11, 12]
const cursors = emptyChannels(3)

/** Batches of shard 1 to us, one after the other. */
function batchesOf(...counts: readonly number[]): readonly ReceiptBatch[] {
  let startSequence = 0
  return counts.map((count, index) => {
    const batch = exampleBatch({
      source: 1,
      destination: SHARD,
      height: index + 1,
      startSequence,
      count,
    })
    startSequence += count
    return batch
  })
}

function leavesAfter(batches: readonly ReceiptBatch[]): readonly ChannelHead[] {
  const leaf = batches.reduce(extendChannel, EMPTY_CHANNEL)
  return [EMPTY_CHANNEL, EMPTY_CHANNEL, leaf, EMPTY_CHANNEL]
}

/** Shard 1 has crosslinked these leaves; the others are at genesis. */
function anchorOf(leaves: readonly ChannelHead[]): AnchorView {
  const shards = [1, 2, 3].map((shard) =>
    exampleRecord({ shard, height: shard === 1 ? 5 : 0, outRoot: outRootOf(leaves) }),
  )
  return { beaconHeight: 9, beaconHash: hashOf('beacon'), epoch: 0, timestampMs: 0, shards }
}

function openFeed(leaves: readonly ChannelHead[] | undefined) {
  const owner = createContext()
  const feed = createInboxFeed(owner.context, {
    shard: SHARD,
    leavesOf: (_source, outRoot) =>
      leaves !== undefined && toHex(outRoot) === toHex(outRootOf(leaves)) ? leaves : undefined,
    committeeOf: () => MEMBERS,
  })
  const turn = <T>(now: number, step: () => T): { value: T; pulls: readonly ValidatorEffect[] } => {
    owner.begin(now)
    const value = step()
    return { value, pulls: owner.take().filter((effect) => effect.kind === 'send') }
  }
  return { feed, turn }
}

function targetsOf(pulls: readonly ValidatorEffect[]): readonly number[] {
  return pulls.flatMap((effect) => (effect.kind === 'send' ? effect.to : []))
}

describe('inbox feed', () => {
  it('inbox feed: a source that sent only to others still shows its leaf', () => {
    const toOthers = [
      EMPTY_CHANNEL,
      EMPTY_CHANNEL,
      EMPTY_CHANNEL,
      { nextSequence: 4, value: 0n, head: hashOf('x') },
    ]
    const { feed, turn } = openFeed(toOthers)
    const { value, pulls } = turn(0, () => feed.assemble(anchorOf(toOthers), cursors))
    expect(value).toMatchObject([{ source: 1, leaf: EMPTY_CHANNEL, batches: [], tailDigests: [] }])
    expect(pulls).toEqual([])
    expect(feed.promises(anchorOf(toOthers), cursors)).toBe(false)
  })

  it('inbox feed: batches that fold to the leaf are offered in order', () => {
    const batches = batchesOf(2, 3)
    const leaves = leavesAfter(batches)
    const { feed, turn } = openFeed(leaves)
    for (const batch of batches.toReversed()) feed.add(batch, 10)
    const { value, pulls } = turn(0, () => feed.assemble(anchorOf(leaves), cursors))
    expect(value).toMatchObject([{ source: 1, batches }])
    expect(pulls).toEqual([])
    expect(feed.promises(anchorOf(leaves), cursors)).toBe(true)
  })

  it('inbox feed: what is missing is pulled from one member after the other', () => {
    const batches = batchesOf(2, 3)
    const leaves = leavesAfter(batches)
    const { feed, turn } = openFeed(leaves)
    const ask = () => feed.assemble(anchorOf(leaves), cursors)
    for (const [now, targets] of [
      [0, [10]],
      [100, []],
      [700, [11]],
      [1_400, [12]],
      [2_100, [10]],
    ] as const) {
      const { value, pulls } = turn(now, ask)
      expect(value).toBeUndefined()
      expect(targetsOf(pulls), `at ${now}`).toEqual(targets)
    }
  })

  it('inbox feed: a liar that pushes first is not listened to once its batches did not fold', () => {
    const [batch] = batchesOf(2)
    if (batch === undefined) throw new Error('there is one batch')
    const leaves = leavesAfter([batch])
    const { feed, turn } = openFeed(leaves)
    const forged = { ...batch, height: 99 }
    feed.add(forged, 12)
    const first = turn(0, () => feed.assemble(anchorOf(leaves), cursors))
    expect(first.value).toBeUndefined()
    expect(targetsOf(first.pulls)).toEqual([10])
    // The liar is fast, but only the member that was asked is believed now.
    feed.add(forged, 12)
    feed.add(batch, 10)
    expect(turn(10, () => feed.assemble(anchorOf(leaves), cursors)).value).toMatchObject([
      { source: 1, batches: [batch] },
    ])
  })

  it('inbox feed: far sequences make room for near ones', () => {
    const big = (startSequence: number) =>
      exampleBatch({ source: 1, destination: SHARD, startSequence, count: 7, payloadSize: 16_000 })
    const [near] = batchesOf(2)
    if (near === undefined) throw new Error('there is one batch')
    const leaves = leavesAfter([near])
    const { feed, turn } = openFeed(leaves)
    for (let index = 0; index < 90; index++) feed.add(big(1_000_000 + index * 7), 12)
    feed.add(near, 10)
    expect(turn(0, () => feed.assemble(anchorOf(leaves), cursors)).value).toBeDefined()
  })

  it('inbox feed: without the leaves of a recorded root nothing can be built', () => {
    const leaves = leavesAfter(batchesOf(1))
    const { feed, turn } = openFeed(undefined)
    expect(turn(0, () => feed.assemble(anchorOf(leaves), cursors)).value).toBeUndefined()
  })

  it('inbox feed: what a block consumed is forgotten', () => {
    const batches = batchesOf(2, 3)
    const leaves = leavesAfter(batches)
    const { feed, turn } = openFeed(leaves)
    for (const batch of batches) feed.add(batch, 10)
    feed.prune([
      EMPTY_CHANNEL,
      { nextSequence: 2, value: 0n, head: hashOf('any') },
      EMPTY_CHANNEL,
      EMPTY_CHANNEL,
    ])
    const { value, pulls } = turn(0, () => feed.assemble(anchorOf(leaves), cursors))
    expect(value).toBeUndefined()
    expect(pulls).toMatchObject([{ message: { kind: 'get-receipts', fromSequence: 0 } }])
  })
})
