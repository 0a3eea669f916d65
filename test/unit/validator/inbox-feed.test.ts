/** The inbox feed: pushed batches are hints, the fold to the recorded leaf is the proof, what is missing is pulled (C.5). */
import { unusedBeaconChannels } from '../../../node/crosslink/beacon-channels.ts'
import { describe, expect, it } from 'vitest'
import {
  EMPTY_CHANNEL,
  emptyChannels,
  extendChannel,
  outRootOf,
} from '../../../node/crosslink/channel.ts'
import type { AnchorView } from '../../../node/crosslink/crosslink.ts'
import type { ChannelHead, InboxItem, ReceiptBatch } from '../../../node/crosslink/receipt.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { createContext } from '../../../node/validator/context.ts'
import type { ValidatorEffect } from '../../../node/validator/contract.ts'
import { createInboxFeed } from '../../../node/validator/inbox-feed.ts'
import { exampleBatch, exampleRecord, hashOf } from '../crosslink/examples.ts'

const SHARD = 2
const MEMBERS = [10, 11, 12]
const FELLOWS = [20, 21]
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
  const beacon = unusedBeaconChannels(3)
  return { beaconHeight: 9, beaconHash: hashOf('beacon'), epoch: 0, timestampMs: 0, shards, beacon }
}

function openFeed(leaves: readonly ChannelHead[] | undefined) {
  const owner = createContext()
  const feed = createInboxFeed(owner.context, {
    shard: SHARD,
    leavesOf: (_source, outRoot) =>
      leaves !== undefined && toHex(outRoot) === toHex(outRootOf(leaves)) ? leaves : undefined,
    holdersOf: (shard) => (shard === SHARD ? FELLOWS : MEMBERS),
  })
  const turn = <T>(now: number, step: () => T): { value: T; pulls: readonly ValidatorEffect[] } => {
    owner.begin({ now: now, wallMs: now })
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
      [2_100, [20]],
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

  it('inbox feed: C.5: what stays missing is passed over, and taken as soon as it is there', () => {
    const batches = batchesOf(2, 3)
    const leaves = leavesAfter(batches)
    const { feed, turn } = openFeed(leaves)
    const tries = (now: number) =>
      turn(now, () => ({
        whole: feed.assemble(anchorOf(leaves), cursors),
        without: feed.assemble(anchorOf(leaves), cursors, 'long-missing'),
      })).value
    expect(tries(0)).toEqual({ whole: undefined, without: undefined })
    expect(tries(1_400)).toEqual({ whole: undefined, without: undefined })
    const passedOver = [{ source: 1, leaf: leaves[SHARD], batches: [], tailDigests: [] }]
    // Where there is no other way, at once.
    expect(feed.assemble(anchorOf(leaves), cursors, 'missing')).toMatchObject(passedOver)
    expect(tries(1_600)).toMatchObject({ whole: undefined, without: passedOver })
    for (const batch of batches) feed.add(batch, 10)
    expect(tries(1_700)).toMatchObject({ whole: [{ batches }], without: [{ batches }] })
  })

  it('inbox feed: C.5: an anchor that takes back what was sent is passed over like one that serves nothing', () => {
    const leaves = leavesAfter(batchesOf(2))
    const consumed = [EMPTY_CHANNEL, { nextSequence: 9, value: 9n, head: hashOf('consumed') }]
    const after = [...consumed, EMPTY_CHANNEL, EMPTY_CHANNEL]
    const { feed, turn } = openFeed(leaves)
    const ask = (now: number) =>
      turn(now, () => feed.assemble(anchorOf(leaves), after, 'long-missing')).value
    expect(ask(0)).toBeUndefined()
    expect(ask(2_000)).toMatchObject([{ source: 1, batches: [], tailDigests: [] }])
  })

  it('inbox feed: C.5: who passes over what is held for long is refused, and nobody else', () => {
    const batches = batchesOf(2)
    const leaves = leavesAfter(batches)
    const anchor = anchorOf(leaves)
    const { feed, turn } = openFeed(leaves)
    const [batch] = batches
    if (batch === undefined) throw new Error('there is one batch')
    const item = { source: 1, leaf: leaves[SHARD] ?? EMPTY_CHANNEL, branch: [] }
    const passing = [{ ...item, batches: [], tailDigests: [] }]
    const skips = (now: number, items: readonly InboxItem[] = passing) =>
      turn(now, () => feed.skipsHeld(items, anchor, cursors)).value
    expect(skips(0)).toBe(false)
    expect(skips(60_000)).toBe(false)
    feed.add(batch, 10)
    // Held from now on: patience begins when it could be consumed, not when others had it.
    expect(skips(60_000)).toBe(false)
    expect(skips(62_900)).toBe(false)
    expect(skips(63_000)).toBe(true)
    expect(skips(63_000, [{ ...item, batches, tailDigests: [] }])).toBe(false)
    const consumed = batches.reduce(extendChannel, EMPTY_CHANNEL)
    const after = [EMPTY_CHANNEL, consumed, EMPTY_CHANNEL, EMPTY_CHANNEL]
    expect(turn(63_000, () => feed.skipsHeld(passing, anchor, after)).value).toBe(false)
  })

  it('inbox feed: C.5: a fellow is given what is held without gaps, and believed only when it is asked', () => {
    const [first, second, third] = batchesOf(2, 3, 1)
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('there are three batches')
    const leaves = leavesAfter([first])
    const { feed, turn } = openFeed(leaves)
    feed.add(first, 20)
    expect(feed.held(1, 0)).toEqual([])
    // Members of the source are asked first, then fellows.
    const targets = [0, 700, 1_400, 2_100].flatMap((now) =>
      targetsOf(turn(now, () => feed.assemble(anchorOf(leaves), cursors)).pulls),
    )
    expect(targets).toEqual([...MEMBERS, 20])
    feed.add(first, 20)
    expect(feed.held(1, 0)).toEqual([first])
    feed.add(third, 10)
    expect(feed.held(1, 0)).toEqual([first])
    feed.add(second, 10)
    expect(feed.held(1, 0)).toEqual([first, second, third])
    expect(feed.held(1, 2)).toEqual([second, third])
    expect(feed.held(3, 0)).toEqual([])
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
