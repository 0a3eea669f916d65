/** Votes of a large committee go to one seat first (R16). Eight seats, a quorum of six; the engine under test has seat 5. */
import { describe, expect, it } from 'vitest'
import { STANDARD_RULES } from '../../../node/consensus/rules.ts'
import { agree, createCluster, type Cluster } from './support/cluster.ts'
import { blockOn, certificateOf, genesis, proposalOf, timing } from './support/fixtures.ts'
import { createSolo, effectsOf, proposalMessage, saidIn, votesCastIn } from './support/solo.ts'

const SEATS = 8
const REPEAT_MS = 2 * timing.deltaMs
const first = blockOn(genesis, 1)
const proposal = proposalOf(first, 0)
const notarized = certificateOf('notarize', proposal, SEATS)
const proposed = proposalMessage(first, 0, [], { seatCount: SEATS })
const others = [0, 1, 2, 3, 4, 6, 7]

/** A quorum of live seats, without `silent`, gives up every view up to `lastView`. */
function hearViews(solo: ReturnType<typeof createSolo>, lastView: number, silent: number): void {
  const signers = [0, 1, 2, 3, 4, 5, 6, 7].filter((seat) => seat !== silent).slice(0, 6)
  for (let view = solo.engine.status().view; view <= lastView; view++) {
    solo.now += 300
    solo.hearCertificate(certificateOf('nullify', view, SEATS, signers))
  }
}

describe('consensus: collecting', () => {
  it('consensus: collecting: R16 NOTARIZE and FINALIZE go to the leader of the next view, NULLIFY to everybody', () => {
    const solo = createSolo({ seatCount: SEATS, seat: 5 })
    expect(saidIn(solo.hear(0, proposed))).toEqual(['send 1 vote notarize 1'])
    expect(saidIn(solo.hearCertificate(notarized))).toEqual(['send 1 vote finalize 1'])
    solo.now = 100_000
    expect(saidIn(solo.feed({ kind: 'tick' }))).toContain('broadcast vote nullify 2')
  })

  it('consensus: collecting: R16 seven seats say everything to everybody', () => {
    const solo = createSolo({ seatCount: 7, seat: 5 })
    const said = saidIn(solo.hear(0, proposalMessage(first, 0, [], { seatCount: 7 })))
    expect(said).toEqual(['broadcast vote notarize 1'])
  })

  it('consensus: collecting: R16 the collector tells everybody the certificate that it made, and nobody else does', () => {
    for (const [seat, told] of [
      [1, ['broadcast certificate notarize 1']],
      [5, []],
    ] as const) {
      const solo = createSolo({ seatCount: SEATS, seat, withheld: ['verified', 'built'] })
      solo.hear(0, proposed)
      const voters = others.filter((other) => other !== seat).slice(1)
      expect(saidIn(solo.hearVotes('notarize', proposal, voters))).toEqual(told)
      expect(solo.engine.status().view).toBe(2)
    }
  })

  it('consensus: collecting: R16 a collector does not tell again what it was told', () => {
    const solo = createSolo({ seatCount: SEATS, seat: 1, withheld: ['verified', 'built'] })
    solo.hear(0, proposed)
    expect(saidIn(solo.hearCertificate(notarized))).toEqual([])
  })

  it('consensus: collecting: R16 what a collector leaves without effect is said to everybody', () => {
    const solo = createSolo({ seatCount: SEATS, seat: 5 })
    solo.hear(0, proposed)
    const again = others.map((to) => `send ${to} vote notarize 1`)
    expect(saidIn(solo.tickAt(REPEAT_MS))).toEqual(again)
    solo.hearCertificate(notarized)
    expect(saidIn(solo.tickAt(2 * REPEAT_MS))).toContain('broadcast vote finalize 1')
  })

  it('consensus: collecting: R16 votes of an earlier life go to everybody', () => {
    const solo = createSolo({ seatCount: SEATS, seat: 5 })
    solo.hear(0, proposed)
    const journal = effectsOf(solo.effects, 'persist').map(({ record }) => record)
    const again = createSolo({ seatCount: SEATS, seat: 5, journal, blocks: [first] })
    expect(saidIn(again.effects)).toEqual(['broadcast vote notarize 1'])
  })

  it('consensus: collecting: R6 where votes are collected a leader is silent after two rounds, not after five views', () => {
    const solo = createSolo({ seatCount: SEATS, seat: 5 })
    solo.feed({ kind: 'work', pending: true })
    hearViews(solo, 9, 2)
    expect(solo.now).toBeGreaterThan(20 * timing.deltaMs)
    hearViews(solo, 10, 2)
    expect(votesCastIn(solo.effects)).not.toContain('nullify 11')
    hearViews(solo, 18, 2)
    expect(votesCastIn(solo.effects)).toContain('nullify 19')
  })

  it('consensus: collecting: R16 nothing waits for a collector that has long been silent', () => {
    const solo = createSolo({ seatCount: SEATS, seat: 5 })
    solo.feed({ kind: 'work', pending: true })
    hearViews(solo, 17, 2)
    const block = blockOn(genesis, 18)
    const signers = [0, 1, 3, 4, 6, 7]
    const skipped = Array.from({ length: 17 }, (_, index) =>
      certificateOf('nullify', index + 1, SEATS, signers),
    )
    const said = saidIn(solo.hear(1, proposalMessage(block, 0, skipped, { seatCount: SEATS })))
    expect(said).toContain('broadcast vote notarize 18')
  })
})

describe('consensus: collecting: a committee', () => {
  function messagesPerBlock(cluster: Cluster): number {
    cluster.work(true)
    cluster.run(20_000, () => cluster.nodes.every(({ delivered }) => delivered.length >= 20))
    return cluster.spoken.length / cluster.node(0).delivered.length
  }

  it('consensus: collecting: R16 a block of sixteen takes five messages per seat, where all-to-all takes thirty', () => {
    const seatCount = 16
    const timing = { blockIntervalMs: 200 }
    const rules = { ...STANDARD_RULES, collects: () => false }
    expect(messagesPerBlock(createCluster({ seatCount, timing }))).toBeLessThan(6 * 16)
    expect(messagesPerBlock(createCluster({ seatCount, timing, rules }))).toBeGreaterThan(28 * 16)
  })

  it('consensus: collecting: R16 a dead collector costs its own view and no block before it', () => {
    const cluster = createCluster({ seatCount: SEATS })
    cluster.work(true)
    cluster.crash(1)
    const live = cluster.nodes.filter(({ isUp }) => isUp)
    expect(cluster.run(20_000, () => live.every((node) => node.delivered.length >= 8))).toBe(true)
    expect(agree(cluster)).toBe(true)
    const views = cluster.node(0).delivered.map(({ block }) => block.view)
    expect(views.slice(0, 8)).toEqual([1, 3, 4, 5, 6, 7, 8, 9])
  })

  it('consensus: collecting: R16 a collector that keeps every certificate to itself delays and stops nothing', () => {
    const cluster = createCluster({
      seatCount: SEATS,
      carry: ({ from, message }) =>
        from === 1 && message.kind === 'certificate' ? undefined : message,
    })
    cluster.work(true)
    expect(
      cluster.run(20_000, () => cluster.nodes.every(({ delivered }) => delivered.length >= 12)),
    ).toBe(true)
    expect(agree(cluster)).toBe(true)
  })
})
