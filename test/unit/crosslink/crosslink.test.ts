/** Crosslinks: links fold along one chain only. */
import { describe, expect, it } from 'vitest'
import { emptyChannels } from '../../../node/crosslink/channel.ts'
import { bringsNews, foldLinks, makeCrosslink } from '../../../node/crosslink/crosslink.ts'
import { headerBodyHash, shardBlockHash } from '../../../node/crosslink/header-codec.ts'
import type { ShardHeader } from '../../../node/crosslink/header.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { present } from '../../../node/primitives/assert.ts'
import { CROSSLINK_SPAN_MAX } from '../../../node/primitives/limits.ts'
import { exampleCertificate, exampleRecord, exampleShardHeader, hashOf } from './examples.ts'

/** `count` headers on top of a block. */
function chainOf(parent: { hash: Uint8Array; height: number }, count: number): ShardHeader[] {
  const headers: ShardHeader[] = []
  let { hash, height } = parent
  for (let index = 0; index < count; index++) {
    height++
    const header = exampleShardHeader({ parentHash: hash, height, view: height })
    headers.push(header)
    hash = shardBlockHash(header)
  }
  return headers
}

const record = exampleRecord({ height: 10, hash: hashOf('head') })
const parts = { certificate: exampleCertificate(), channels: emptyChannels(2) }

describe('crosslink: fold', () => {
  it('crosslink: fold: C.3: the links of a chain lead from its head to its tip', () => {
    const headers = chainOf(record, 5)
    const tip = present(headers.at(-1), 'there are five headers')
    const reached = foldLinks(record, headers.map(headerBodyHash))
    expect(reached.height).toBe(15)
    expect(toHex(reached.hash)).toBe(toHex(shardBlockHash(tip)))
  })

  it('crosslink: fold: no links lead nowhere else', () => {
    expect(foldLinks(record, [])).toEqual({ hash: record.hash, height: record.height })
  })

  it('crosslink: fold: the same links from another head, another height or another order end elsewhere', () => {
    const links = chainOf(record, 3).map(headerBodyHash)
    const ends = [
      foldLinks(record, links),
      foldLinks({ ...record, hash: hashOf('fork') }, links),
      foldLinks({ ...record, height: 9 }, links),
      foldLinks(record, links.toReversed()),
      foldLinks(record, links.slice(1)),
    ]
    expect(new Set(ends.map((end) => toHex(end.hash))).size).toBe(5)
  })

  it('crosslink: fold: a node makes crosslinks of its own chain only', () => {
    const headers = chainOf(record, 3)
    expect(makeCrosslink({ record, headers, ...parts })).toMatchObject({
      shard: 1,
      tip: headers[2],
    })
    const make = (changes: object) => () => makeCrosslink({ record, headers, ...parts, ...changes })
    expect(make({ headers: headers.slice(1) })).toThrow('without gaps')
    expect(make({ headers: [] })).toThrow('at least one block')
    expect(make({ headers: chainOf(record, CROSSLINK_SPAN_MAX + 1) })).toThrow('bounded span')
    expect(make({ record: { ...record, shard: 2 } })).toThrow('of the recorded shard')
    expect(make({ record: { ...record, hash: hashOf('fork') } })).toThrow('without gaps')
    expect(make({ channels: emptyChannels(3) })).toThrow('channels are those of the tip')
  })
})

describe('crosslink: news', () => {
  const tipOf = (changes: Partial<ShardHeader> = {}): ShardHeader =>
    exampleShardHeader({ gasUsed: 0, ...changes })
  const news = (tip: ShardHeader, linkCount = 1, known = record): boolean =>
    bringsNews(known, { tip, links: Array.from({ length: linkCount }, () => hashOf('link')) })

  it('crosslink: news: A.7: a shard on which nothing happened only shows that it lives', () => {
    expect(news(tipOf())).toBe(false)
    expect(news(tipOf(), 3)).toBe(false)
    expect(news(tipOf({ stateRoot: hashOf('noted that nothing came') }))).toBe(false)
  })

  it('crosslink: news: whatever was executed, sent, left waiting or sealed is news', () => {
    const changes: readonly Partial<ShardHeader>[] = [
      { gasUsed: 21_000, stateRoot: hashOf('after') },
      { outRoot: hashOf('sent') },
      { inboxUnits: 1 },
      { outBytes: 1 },
      { sealing: true },
      { epoch: 1 },
    ]
    expect(changes.map((change) => news(tipOf(change)))).toEqual(changes.map(() => true))
    // Of the blocks before the tip only the state tells.
    expect(news(tipOf({ stateRoot: hashOf('after') }), 2)).toBe(true)
  })

  it('crosslink: news: a shard that lags, recovers or is on its way out is waited for', () => {
    expect(news(tipOf(), 1, { ...record, status: 'lagging' })).toBe(true)
    expect(news(tipOf(), 1, { ...record, status: 'recovering' })).toBe(true)
    expect(news(tipOf(), 1, { ...record, stage: 'draining' })).toBe(true)
  })
})
