import { describe, expect, test } from 'vitest'
import { EMPTY_CHANNEL } from '../../../node/crosslink/channel.ts'
import {
  contentsHash,
  encodeShardHeader,
  shardBlockHash,
} from '../../../node/crosslink/header-codec.ts'
import { concatBytes } from '../../../node/primitives/bytes.ts'
import { BLOCK_BYTES_MAX } from '../../../node/primitives/limits.ts'
import {
  decodeShardBlock,
  decodeShardBody,
  encodeShardBlock,
  encodeShardBody,
  inboxRootOf,
  resultsRootOf,
  shardChainBlock,
  transactionRootOf,
} from '../../../node/shards/block.ts'
import { expectKind, payment } from './fixture.ts'
import { createWorld } from './world.ts'

function builtBlock() {
  const world = createWorld()
  const transactions = [0, 1, 2].map((from) => payment(world.config(1), { from }))
  return expectKind(world.leader(1).runNow(world.request(1, transactions)), 'built')
}

const { block, outcome } = builtBlock()
const HEADER_SIZE = encodeShardHeader(outcome.header).length

describe('shards: block', () => {
  test('shards: block: a block survives its bytes', () => {
    const decoded = decodeShardBlock(block)
    if (!decoded.ok) throw new Error(decoded.reject.detail)
    expect(decoded.value.header).toEqual(outcome.header)
    expect(decoded.value.hash).toEqual(outcome.hash)
    const { header, body } = decoded.value
    expect(encodeShardBlock(header, encodeShardBody(body))).toEqual(block)
  })

  test('shards: block: consensus sees the links and the bytes', () => {
    const seen = shardChainBlock(block)
    if (!seen.ok) throw new Error(seen.reject.detail)
    const { parentHash, height, view, epoch, timestampMs, sealing } = outcome.header
    expect(seen.value).toEqual({
      hash: shardBlockHash(outcome.header),
      parentHash,
      height,
      view,
      epoch,
      timestampMs,
      sealing,
      bytes: block,
    })
  })

  test('shards: block: a body that the header does not name is refused, by executors and consensus', () => {
    for (let offset = HEADER_SIZE; offset < block.length; offset += 17) {
      const bent = block.slice()
      bent[offset] = (bent[offset] ?? 0) ^ 1
      expect(shardChainBlock(bent).ok).toBe(false)
      expect(decodeShardBlock(bent).ok).toBe(false)
    }
  })

  test('shards: block: a body that its header names but nobody can read is refused by executors', () => {
    const junk = Uint8Array.of(9, 9, 9, 9, 9)
    const header = { ...outcome.header, contentsHash: contentsHash(junk) }
    const bytes = encodeShardBlock(header, junk)
    expect(shardChainBlock(bytes).ok).toBe(true)
    expect(decodeShardBlock(bytes).ok).toBe(false)
  })

  test('shards: block: cut, stretched and oversized bytes are refused', () => {
    for (const size of [0, 1, HEADER_SIZE - 1, HEADER_SIZE, block.length - 1]) {
      expect(shardChainBlock(block.subarray(0, size)).ok).toBe(false)
    }
    expect(shardChainBlock(concatBytes(block, Uint8Array.of(0))).ok).toBe(false)
    expect(shardChainBlock(new Uint8Array(BLOCK_BYTES_MAX + 1)).ok).toBe(false)
  })

  test('shards: block: an empty body is eight bytes', () => {
    const body = encodeShardBody({ transactions: [], inbox: [] })
    expect(body.length).toBe(8)
    expect(decodeShardBody(body)).toEqual({ ok: true, value: { transactions: [], inbox: [] } })
  })

  test('shards: block: roots tell lists apart by content, order and length', () => {
    const [first, second] = outcome.transactionHashes
    if (first === undefined || second === undefined) throw new Error('three transactions')
    const roots = [[], [first], [second], [first, second], [second, first], [first, first]]
    const distinct = new Set(roots.map((list) => transactionRootOf(list).join()))
    expect(distinct.size).toBe(roots.length)
  })

  test('shards: block: the results root commits to status, gas and receipt of each transaction', () => {
    const base = { status: 1, gasUsed: 21_000, sent: undefined } as const
    const variants = [
      base,
      { ...base, status: 0 as const },
      { ...base, gasUsed: 21_001 },
      { ...base, sent: { destination: 2, index: 0 } },
      { ...base, sent: { destination: 2, index: 1 } },
    ]
    const roots = new Set(variants.map((result) => resultsRootOf([], [result]).join()))
    expect(roots.size).toBe(variants.length)
  })

  test('shards: block: the inbox root commits to what was consumed', () => {
    const item = { source: 2, leaf: EMPTY_CHANNEL, branch: [], batches: [], tailDigests: [] }
    const roots = [[], [item], [{ ...item, source: 3 }]].map((items) => inboxRootOf(items).join())
    expect(new Set(roots).size).toBe(3)
  })
})
