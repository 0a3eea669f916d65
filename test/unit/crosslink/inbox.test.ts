/** The inbox: what may be consumed, what must be, and what is refused. */
import { describe, expect, it } from 'vitest'
import {
  batchDigest,
  EMPTY_CHANNEL,
  extendChannel,
  outBranch,
  outRootOf,
} from '../../../node/crosslink/channel.ts'
import {
  checkInboxSelection,
  INBOX_BYTES_BUDGET,
  selectInbox,
  verifyInboxItem,
  type InboxClaim,
  type InboxRule,
} from '../../../node/crosslink/inbox.ts'
import { assert } from '../../../node/primitives/assert.ts'
import type { ChannelHead, InboxItem, ReceiptBatch } from '../../../node/crosslink/receipt.ts'
import { channelsWith, exampleBatch, hashOf } from './examples.ts'

const SHARD_COUNT = 3
const DESTINATION = 2

/** Three batches from shard 1 to shard 2: sequences 0-1, 2, 3-5. */
const batches: readonly ReceiptBatch[] = [
  exampleBatch({ count: 2, height: 1 }),
  exampleBatch({ count: 1, height: 2, startSequence: 2 }),
  exampleBatch({ count: 3, height: 4, startSequence: 3 }),
]
const sent = batches.reduce(extendChannel, EMPTY_CHANNEL)
const channels = channelsWith(SHARD_COUNT, DESTINATION, sent)

function itemOf(from: number, to: number): InboxItem {
  return {
    source: 1,
    leaf: sent,
    branch: outBranch(channels, DESTINATION),
    batches: batches.slice(from, to),
    tailDigests: batches.slice(to).map(batchDigest),
  }
}

function claim(changes: Partial<InboxClaim> = {}): InboxClaim {
  return {
    item: itemOf(0, 3),
    destination: DESTINATION,
    shardCount: SHARD_COUNT,
    outRoot: outRootOf(channels),
    cursor: EMPTY_CHANNEL,
    ...changes,
  }
}

const cursorAfter = (count: number): ChannelHead =>
  batches.slice(0, count).reduce(extendChannel, EMPTY_CHANNEL)

const codeOf = (changes: Partial<InboxClaim>): string => {
  const result = verifyInboxItem(claim(changes))
  return result.ok ? 'accepted' : result.reject.code
}

describe('crosslink: inbox: verification', () => {
  it('crosslink: inbox: C.5: every way to cut a backlog into two blocks reaches the same cursor', () => {
    for (let cut = 0; cut <= 3; cut++) {
      const first = verifyInboxItem(claim({ item: itemOf(0, cut) }))
      expect(first).toMatchObject({ ok: true, value: { cursor: cursorAfter(cut) } })
      const second = verifyInboxItem(claim({ item: itemOf(cut, 3), cursor: cursorAfter(cut) }))
      expect(second).toMatchObject({
        ok: true,
        value: { cursor: sent, unitsLeft: 0, isDrained: true },
      })
    }
  })

  it('crosslink: inbox: C.5: a source is passed over by an item that consumes nothing, whatever its leaf says', () => {
    const item = { ...itemOf(3, 3), tailDigests: [] }
    const untouched = (cursor: ChannelHead) => ({
      ok: true,
      value: { cursor, unitsLeft: 0, isDrained: false, voided: new Set() },
    })
    const behind = cursorAfter(1)
    const ahead = { ...sent, nextSequence: 9 }
    const elsewhere = { ...sent, head: hashOf('another branch') }
    for (const cursor of [EMPTY_CHANNEL, behind, ahead, elsewhere])
      expect(verifyInboxItem(claim({ item, cursor }))).toEqual(untouched(cursor))
    expect(verifyInboxItem(claim({ item, cursor: sent }))).toMatchObject({
      value: { isDrained: true },
    })
    // It must still be the recorded leaf.
    expect(codeOf({ item: { ...item, leaf: { ...sent, nextSequence: 7 } } })).toBe(
      'branch-mismatch',
    )
  })

  it('crosslink: inbox: C.5 (4): what is consumed is never worth more than the leaf, however it is cut', () => {
    // Amounts are 1, 2 | 1 | 1, 2, 3: ten in all.
    for (let value = 0n; value <= 10n; value++) {
      const liar = { ...sent, value }
      const leaves = channelsWith(SHARD_COUNT, DESTINATION, liar)
      const under = (item: InboxItem): Partial<InboxClaim> => ({
        item: { ...item, leaf: liar, branch: outBranch(leaves, DESTINATION) },
        outRoot: outRootOf(leaves),
      })
      const whole = verifyInboxItem(claim(under(itemOf(0, 3))))
      assert(whole.ok, 'a lie about the value is no reason to refuse')
      const { cursor, voided } = whole.value
      expect(cursor.value).toBeLessThanOrEqual(value)
      expect(voided.size === 0).toBe(value === 10n)
      const first = verifyInboxItem(claim(under(itemOf(0, 1))))
      assert(first.ok, 'the first part stands by itself')
      const rest = { ...under(itemOf(1, 3)), cursor: first.value.cursor }
      expect(verifyInboxItem(claim(rest))).toMatchObject({ ok: true, value: { cursor } })
    }
  })

  it('crosslink: inbox: a replayed batch is refused', () => {
    expect(codeOf({ cursor: cursorAfter(1) })).toBe('sequence-mismatch')
    expect(codeOf({ cursor: sent })).toBe('sequence-mismatch')
  })

  it('crosslink: inbox: a skipped batch is refused', () => {
    expect(codeOf({ item: itemOf(1, 3) })).toBe('sequence-mismatch')
  })

  it('crosslink: inbox: a batch that the source never sent is refused', () => {
    const forged = { ...itemOf(0, 3), batches: [exampleBatch({ count: 2, height: 9 })] }
    expect(codeOf({ item: { ...forged, tailDigests: itemOf(0, 1).tailDigests } })).toBe(
      'fold-mismatch',
    )
  })

  it('crosslink: inbox: a cursor on another branch of the source is refused', () => {
    const orphaned = { nextSequence: 2, value: 0n, head: hashOf('orphaned') }
    expect(codeOf({ item: itemOf(1, 3), cursor: orphaned })).toBe('fold-mismatch')
  })

  it('crosslink: inbox: a leaf that is not under the recorded outRoot is refused', () => {
    const item = itemOf(0, 3)
    expect(codeOf({ outRoot: hashOf('other') })).toBe('branch-mismatch')
    expect(codeOf({ item: { ...item, leaf: { ...sent, nextSequence: 7 } } })).toBe(
      'branch-mismatch',
    )
    expect(codeOf({ destination: 3 })).toBe('branch-mismatch')
    expect(codeOf({ shardCount: 4 })).toBe('branch-mismatch')
    expect(codeOf({ item: { ...item, branch: [] } })).toBe('branch-mismatch')
  })

  it('crosslink: inbox: a tail that is missing or too long for its receipts is refused', () => {
    const item = itemOf(0, 2)
    expect(codeOf({ item: { ...item, tailDigests: [] } })).toBe('sequence-mismatch')
    const digests = Array.from({ length: 4 }, () => hashOf('digest'))
    expect(codeOf({ item: { ...item, tailDigests: digests } })).toBe('sequence-mismatch')
    expect(codeOf({ item: { ...item, tailDigests: [hashOf('digest')] } })).toBe('fold-mismatch')
  })

  it('crosslink: inbox: a cursor past the leaf is refused', () => {
    expect(codeOf({ cursor: { ...sent, nextSequence: 7 } })).toBe('cursor-ahead')
  })

  it('crosslink: inbox: batches of another channel or with wrong numbers are refused', () => {
    const other = exampleBatch({ count: 2, source: 3 })
    expect(codeOf({ item: { ...itemOf(0, 3), batches: [other] } })).toBe('batch-malformed')
    const good = exampleBatch({ count: 2 })
    const renumbered = { ...good, receipts: good.receipts.toReversed() }
    expect(codeOf({ item: { ...itemOf(0, 3), batches: [renumbered] } })).toBe('batch-malformed')
    const oversized = exampleBatch({ count: 9, payloadSize: 16 * 1024 })
    expect(codeOf({ item: { ...itemOf(0, 3), batches: [oversized] } })).toBe('batch-malformed')
  })

  it('crosslink: inbox: no chain sends to itself, nor one that is not there', () => {
    const item = itemOf(0, 3)
    for (const source of [-1, DESTINATION, SHARD_COUNT + 1]) {
      expect(codeOf({ item: { ...item, source } })).toBe('unknown-source')
    }
  })
})

/** An item as the builder holds it: `count` batches of one receipt each. */
function backlog(source: number, count: number, payloadSize = 0): InboxItem {
  const held = Array.from({ length: count }, (_, index) =>
    exampleBatch({ source, startSequence: index, height: index + 1, payloadSize }),
  )
  return {
    source,
    leaf: held.reduce(extendChannel, EMPTY_CHANNEL),
    branch: [],
    batches: held,
    tailDigests: [],
  }
}

const rule = (changes: Partial<InboxRule> = {}): InboxRule => ({
  height: 0,
  shardCount: 3,
  gasBudget: 1_000,
  gasOf: () => 100,
  ...changes,
})

describe('crosslink: inbox: forced inclusion', () => {
  it('crosslink: inbox: C.5: sources are visited in turn, from a place that rotates with the height', () => {
    const items = [backlog(1, 2), backlog(2, 2), backlog(3, 2)]
    const orderAt = (height: number) =>
      selectInbox(items, rule({ height })).batches.map((batch) => batch.source)
    expect(orderAt(0)).toEqual([1, 2, 3, 1, 2, 3])
    expect(orderAt(1)).toEqual([2, 3, 1, 2, 3, 1])
    expect(orderAt(5)).toEqual([3, 1, 2, 3, 1, 2])
  })

  it('crosslink: inbox: batches are taken while gas is left, and the last one may pass the budget', () => {
    const taken = (gasBudget: number) =>
      selectInbox([backlog(1, 9)], rule({ gasBudget })).batches.length
    expect([0, 1, 100, 101, 250, 900, 5_000].map(taken)).toEqual([0, 1, 1, 2, 3, 9, 9])
  })

  it('crosslink: inbox: batches are taken while bytes are left', () => {
    const large = backlog(1, 64, 16 * 1024)
    const selection = selectInbox([large], rule({ gasOf: () => 0 }))
    expect(selection.batches).toHaveLength(Math.ceil(INBOX_BYTES_BUDGET / (16 * 1024 + 145)))
  })

  it('crosslink: inbox: what the builder selects is exactly what the verifier accepts', () => {
    const items = [backlog(3, 5), backlog(1, 1), backlog(2, 7)]
    for (let height = 0; height < 6; height++) {
      for (const gasBudget of [1, 150, 400, 900, 9_999]) {
        const selection = selectInbox(items, rule({ height, gasBudget }))
        const checked = checkInboxSelection(selection.items, rule({ height, gasBudget }))
        expect(checked).toEqual({ ok: true, value: selection.batches })
      }
    }
  })

  it('crosslink: inbox: a leader that leaves out a due batch is found out', () => {
    const { items } = selectInbox([backlog(1, 3), backlog(2, 3)], rule())
    const censored = items.map((item) =>
      item.source === 2
        ? { ...item, batches: [], tailDigests: item.batches.map(batchDigest) }
        : item,
    )
    expect(checkInboxSelection(censored, rule())).toMatchObject({
      reject: { code: 'inbox-skipped' },
    })
  })

  it('crosslink: inbox: a leader that takes a batch past the budget is found out', () => {
    const greedy = [backlog(1, 3)]
    expect(checkInboxSelection(greedy, rule({ gasBudget: 200 }))).toMatchObject({
      reject: { code: 'inbox-excess' },
    })
  })

  it('crosslink: inbox: items out of order or repeated are refused', () => {
    const code = { reject: { code: 'inbox-order' } }
    expect(checkInboxSelection([backlog(2, 1), backlog(1, 1)], rule())).toMatchObject(code)
    expect(checkInboxSelection([backlog(1, 1), backlog(1, 1)], rule())).toMatchObject(code)
  })

  it('crosslink: inbox: a builder that lacks the body of a due batch is told which source', () => {
    const item = backlog(2, 3)
    const partial = {
      ...item,
      batches: item.batches.slice(0, 1),
      tailDigests: item.batches.slice(1).map(batchDigest),
    }
    expect(selectInbox([partial], rule()).missing).toBe(2)
    expect(selectInbox([partial], rule({ gasBudget: 100 })).missing).toBeUndefined()
  })
})
