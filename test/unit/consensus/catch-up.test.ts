/** Fetching what certificates speak of (R7, R10, A.11). The engine under test has seat 3. */
import { describe, expect, it } from 'vitest'
import type { ChainBlock } from '../../../node/consensus/message.ts'
import { present } from '../../../node/primitives/assert.ts'
import { RANGE_BLOCKS_MAX } from '../../../node/primitives/limits.ts'
import { agree, createCluster } from './support/cluster.ts'
import { blockOn, certificateOf, genesis, proposalOf, timing } from './support/fixtures.ts'
import { createSolo, effectsOf, factsIn, saidIn, type Solo } from './support/solo.ts'

const FETCH_MS = 2 * timing.deltaMs

/** Blocks of views 1..count, each on the one before. */
function chainOf(count: number): readonly ChainBlock[] {
  const blocks: ChainBlock[] = []
  for (let view = 1; view <= count; view++) blocks.push(blockOn(blocks.at(-1) ?? genesis, view))
  return blocks
}

function finalizationOf(block: ChainBlock, signers?: readonly number[]) {
  return certificateOf('finalize', proposalOf(block, block.view - 1), 4, signers)
}

function heightsDelivered(solo: Solo): readonly number[] {
  return effectsOf(solo.effects, 'finalized').map(({ block }) => block.height - genesis.height)
}

/** Knows that the last of these blocks is finalized, and has its body. */
function behind(
  blocks: readonly ChainBlock[],
  options: Parameters<typeof createSolo>[0] = {},
): Solo {
  const solo = createSolo(options)
  const tip = present(blocks.at(-1), 'there are blocks')
  solo.hearCertificate(finalizationOf(tip))
  solo.hear(undefined, { kind: 'block', block: tip })
  return solo
}

describe('consensus: catch-up', () => {
  it('consensus: catch-up: R7 a missing body is asked of those who signed for it, one after another', () => {
    const solo = createSolo()
    const [block] = chainOf(1)
    const certificate = certificateOf(
      'notarize',
      proposalOf(present(block, 'one'), 0),
      4,
      [1, 2, 3],
    )
    const asked = [saidIn(solo.hearCertificate(certificate))]
    for (let attempt = 1; attempt <= 3; attempt++)
      asked.push(saidIn(solo.tickAt(attempt * FETCH_MS)))
    expect(asked).toEqual([
      ['send 1 get-block'],
      ['send 2 get-block'],
      ['send 1 get-block'],
      ['send 2 get-block'],
    ])
  })

  it('consensus: catch-up: a body nobody asked for is not kept', () => {
    const solo = createSolo()
    const [block] = chainOf(1)
    solo.hear(1, { kind: 'block', block: present(block, 'one') })
    expect(saidIn(solo.hear(1, { kind: 'get-block', hash: present(block, 'one').hash }))).toEqual(
      [],
    )
  })

  it('consensus: catch-up: R10 a few missing ancestors are fetched one by one and delivered in order', () => {
    const blocks = chainOf(4)
    const solo = behind(blocks)
    for (const block of blocks.slice(0, 3).reverse()) {
      expect(saidIn(solo.effects).at(-1)).toMatch(/^send \d get-block$/)
      solo.hear(0, { kind: 'block', block })
    }
    expect(heightsDelivered(solo)).toEqual([1, 2, 3, 4])
    const named = effectsOf(solo.effects, 'finalized').map(({ certificate }) => certificate?.view)
    expect(named).toEqual([undefined, undefined, undefined, 4])
  })

  it('consensus: catch-up: A.11 a long way is asked for as a range, delivered, and asked on', () => {
    const blocks = chainOf(20)
    const solo = behind(blocks)
    expect(saidIn(solo.effects).at(-1)).toBe('send 1 get-range 11')
    const certificate = finalizationOf(present(blocks[9], 'ten'))
    const effects = solo.hear(1, {
      kind: 'range',
      range: { blocks: blocks.slice(0, 10), certificate },
    })
    expect(heightsDelivered(solo)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(saidIn(effects)).toEqual(['send 1 get-range 21'])
    const floors = effectsOf(effects, 'persist').map(({ record }) => record)
    expect(floors).toMatchObject([{ kind: 'floor', view: 10, height: genesis.height + 10 }])
  })

  it('consensus: catch-up: a range that ends in an unknown FINALIZATION moves the view too', () => {
    const blocks = chainOf(30)
    const solo = behind(blocks.slice(0, 20))
    const certificate = finalizationOf(present(blocks.at(-1), 'thirty'))
    solo.hear(1, { kind: 'range', range: { blocks, certificate } })
    expect(heightsDelivered(solo)).toHaveLength(30)
    expect(solo.engine.status()).toMatchObject({ view: 31, lastFinalizedView: 30 })
  })

  it('consensus: catch-up: a range is asked of the next seat when the first does not answer', () => {
    const solo = behind(chainOf(20))
    expect(saidIn(solo.tickAt(FETCH_MS))).toContain('send 2 get-range 11')
    expect(saidIn(solo.tickAt(2 * FETCH_MS))).toContain('send 0 get-range 11')
    // The first may still answer.
    const blocks = chainOf(20)
    const certificate = finalizationOf(present(blocks.at(-1), 'twenty'))
    solo.hear(1, { kind: 'range', range: { blocks, certificate } })
    expect(heightsDelivered(solo)).toHaveLength(20)
  })

  it('consensus: catch-up: ranges that were not asked for, or do not fit, are dropped', () => {
    const blocks = chainOf(20)
    const certificate = finalizationOf(present(blocks.at(-1), 'twenty'))
    const good = { blocks, certificate }
    const idle = createSolo()
    expect(effectsOf(idle.hear(0, { kind: 'range', range: good }), 'check')).toEqual([])
    const gap = { blocks: blocks.filter((_, index) => index !== 5), certificate }
    const headless = { blocks: blocks.slice(1), certificate }
    const unnamed = { blocks: blocks.slice(0, 19), certificate }
    const notarized = certificateOf('notarize', proposalOf(present(blocks.at(-1), 'tip'), 19), 4)
    const long = chainOf(RANGE_BLOCKS_MAX + 1)
    const tooLong = { blocks: long, certificate: finalizationOf(present(long.at(-1), 'last')) }
    const wrong = [gap, headless, unnamed, tooLong, { blocks: [], certificate }]
    for (const range of [...wrong, { blocks, certificate: notarized }]) {
      const solo = behind(blocks)
      expect(effectsOf(solo.hear(1, { kind: 'range', range }), 'check')).toEqual([])
    }
    const stranger = behind(blocks)
    expect(effectsOf(stranger.hear(2, { kind: 'range', range: good }), 'check')).toEqual([])
    expect(effectsOf(stranger.hear(undefined, { kind: 'range', range: good }), 'check')).toEqual([])
  })

  it('consensus: catch-up: a range with a forged certificate is reported and asked for elsewhere', () => {
    const blocks = chainOf(20)
    const solo = behind(blocks)
    const good = finalizationOf(present(blocks.at(-1), 'twenty'))
    const certificate = { ...good, signature: new Uint8Array(32) }
    const effects = solo.hear(1, { kind: 'range', range: { blocks, certificate } })
    expect(factsIn(effects)).toEqual([{ kind: 'invalid-signature', seat: 1, peer: 'peer-1' }])
    expect(saidIn(effects)).toEqual(['send 2 get-range 11'])
    expect(heightsDelivered(solo)).toEqual([])
  })

  it('consensus: catch-up: bodies are walked back one by one when nobody has a range', () => {
    const blocks = chainOf(8)
    const solo = behind(blocks)
    for (let attempt = 1; attempt <= 6; attempt++) solo.tickAt(attempt * FETCH_MS)
    const walked = blocks.slice(0, 7).reverse()
    for (const block of walked) solo.hear(0, { kind: 'block', block })
    expect(heightsDelivered(solo)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('consensus: catch-up: two finalized chains are a divergence', () => {
    const solo = createSolo()
    const [block] = chainOf(1)
    const other = blockOn(blockOn(genesis, 1, { salt: 'other' }), 2)
    solo.hearCertificate(finalizationOf(present(block, 'one')))
    solo.hear(undefined, { kind: 'block', block: present(block, 'one') })
    solo.hearCertificate(finalizationOf(other))
    const effects = solo.hear(undefined, { kind: 'block', block: other })
    expect(factsIn(effects)).toContainEqual({ kind: 'divergence', hash: other.hash })
    expect(heightsDelivered(solo)).toEqual([1])
  })

  it('consensus: catch-up: an observer follows by certificates and ranges, and only asks', () => {
    const cluster = createCluster({ seatCount: 4, observerCount: 1 })
    cluster.work(true)
    cluster.run(1_000)
    cluster.crash(4)
    cluster.run(3_000)
    cluster.restart(4)
    const caughtUp = (): boolean =>
      cluster.node(4).delivered.length >= cluster.node(0).delivered.length - 2
    cluster.run(5_000)
    expect(caughtUp()).toBe(true)
    expect(agree(cluster)).toBe(true)
    const said = cluster.spoken.filter(({ from }) => from === 4).map(({ message }) => message.kind)
    expect(new Set(said)).toEqual(new Set(['get-block', 'get-range']))
  })

  it('consensus: catch-up: R10 an observer keeps up with a chain that is faster than the way to its bodies', () => {
    const timing = { blockIntervalMs: 2 }
    const cluster = createCluster({ seatCount: 1, observerCount: 1, timing })
    cluster.work(true)
    cluster.run(1_000)
    const [seat, observer] = cluster.nodes.map(({ delivered }) => delivered.length)
    expect(seat).toBeGreaterThan(400)
    // A round trip is ten blocks.
    expect(observer).toBeGreaterThan((seat ?? 0) - 60)
  })

  it('consensus: catch-up: a seat that was away for long comes back and votes', () => {
    const cluster = createCluster({ seatCount: 4, timing: { deltaMs: 40 } })
    cluster.work(true)
    cluster.run(500)
    cluster.crash(3)
    cluster.run(7_000)
    cluster.restart(3)
    cluster.feed(3, { kind: 'work', pending: true })
    const missed = cluster.node(0).delivered.length - cluster.node(3).delivered.length
    expect(missed).toBeGreaterThan(RANGE_BLOCKS_MAX)
    const caughtUp = (): boolean =>
      cluster.node(3).delivered.length > cluster.node(0).delivered.length - 4
    expect(cluster.run(12_000, caughtUp)).toBe(true)
    const since = cluster.spoken.length
    const votes = (): boolean =>
      cluster.spoken.slice(since).some(({ from, message }) => {
        return from === 3 && message.kind === 'vote' && message.vote.kind === 'finalize'
      })
    expect(cluster.run(cluster.now() + 2_000, votes)).toBe(true)
    expect(agree(cluster)).toBe(true)
  })
})
