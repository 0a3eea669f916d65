/** Liveness and safety bugs seen in other engines, each as a story (A.12, R11, R12). */
import { describe, expect, it } from 'vitest'
import { STANDARD_RULES, type EngineRules } from '../../../node/consensus/rules.ts'
import { agree, createCluster, type Cluster } from './support/cluster.ts'
import { blockOn, certificateOf, genesis, proposalOf, timing } from './support/fixtures.ts'
import { createSolo, proposalMessage, saidIn, votesCastIn } from './support/solo.ts'

const first = blockOn(genesis, 1)
const firstNotarized = certificateOf('notarize', proposalOf(first, 0), 4)
const firstNullified = certificateOf('nullify', 1, 4)
const RETRY_MS = 3 * timing.deltaMs

/** Seat 3 is silent, and only seat 0 hears the NOTARIZE votes of view 1: it moves on, and the others are too few. */
function withheldVotes(rules: Partial<EngineRules>): Cluster {
  const cluster = createCluster({
    seatCount: 4,
    rules: { ...STANDARD_RULES, ...rules },
    carry: ({ to, message }) => {
      const isVote = message.kind === 'vote' && message.vote.kind === 'notarize'
      return isVote && message.vote.view === 1 && to !== 0 ? undefined : message
    },
  })
  cluster.crash(3)
  cluster.work(true)
  return cluster
}

describe('consensus: pitfalls', () => {
  it('consensus: pitfalls: certificate split: who holds N(v) votes for a parent before v, justified by X(v)', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(firstNotarized)
    const effects = solo.hear(1, proposalMessage(blockOn(genesis, 2), 0, [firstNullified]))
    expect(votesCastIn(effects)).toContain('notarize 2')
  })

  it('consensus: pitfalls: certificate split: who holds X(v) votes for a child of v, justified by N(v)', () => {
    const solo = createSolo()
    solo.hearCertificate(firstNullified)
    const effects = solo.hear(1, proposalMessage(blockOn(first, 2), 1, [firstNotarized]))
    expect(saidIn(effects)).toEqual(['send 1 get-block'])
    expect(votesCastIn(solo.hear(1, { kind: 'block', block: first }))).toContain('notarize 2')
  })

  it('consensus: pitfalls: certificate split: without the justification it is fetched, not refused', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(firstNotarized)
    const effects = solo.hear(1, proposalMessage(blockOn(genesis, 2), 0))
    expect(saidIn(effects)).toEqual(['send 1 get-certificate 1'])
    solo.tickAt(RETRY_MS)
    expect(saidIn(solo.effects).filter((said) => said.includes('get-certificate'))).toHaveLength(2)
    expect(votesCastIn(solo.hearCertificate(firstNullified))).toContain('notarize 2')
  })

  it.each([
    ['R11 and R12', {}, true],
    ['R11 alone', { laggardReply: false }, true],
    ['R12 alone', { entryCertificateOnRetry: false }, true],
    ['neither', { laggardReply: false, entryCertificateOnRetry: false }, false],
  ])(
    'consensus: pitfalls: withheld votes: with %s the chain goes on: %s %s',
    (_, rules, goesOn) => {
      const cluster = withheldVotes(rules)
      const finalizes = cluster.run(20_000, () => cluster.node(1).delivered.length > 2)
      expect(finalizes).toBe(goesOn)
      expect(agree(cluster)).toBe(true)
    },
  )

  it('consensus: pitfalls: R11 a stuck node repeats its NULLIFY and the certificate it came in by', () => {
    const solo = createSolo({ seatCount: 7, seat: 3 })
    solo.hearCertificate(certificateOf('nullify', 1, 7))
    solo.tickAt(10_000)
    expect(saidIn(solo.effects)).toEqual(['broadcast vote nullify 2'])
    expect(saidIn(solo.tickAt(10_000 + RETRY_MS - 1))).toEqual([])
    for (const at of [10_000 + RETRY_MS, 10_000 + 2 * RETRY_MS]) {
      expect(saidIn(solo.tickAt(at))).toEqual([
        'broadcast vote nullify 2',
        'broadcast certificate nullify 1',
      ])
    }
  })

  it('consensus: pitfalls: R12 a laggard is answered with the best certificate of its view', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(firstNotarized)
    solo.hearCertificate(certificateOf('nullify', 2, 4))
    expect(saidIn(solo.hearVotes('nullify', 1, [0]))).toEqual(['send 0 certificate notarize 1'])
    expect(saidIn(solo.hearVotes('nullify', 2, [1]))).toEqual(['send 1 certificate nullify 2'])
    solo.hearCertificate(certificateOf('finalize', proposalOf(first, 0), 4))
    expect(saidIn(solo.hearVotes('nullify', 1, [2]))).toEqual(['send 2 certificate finalize 1'])
  })

  it('consensus: pitfalls: R12 a view that was jumped over is answered with how we got here', () => {
    const solo = createSolo()
    solo.hearCertificate(certificateOf('nullify', 9, 4))
    expect(saidIn(solo.hearVotes('nullify', 5, [0]))).toEqual(['send 0 certificate nullify 9'])
  })

  it('consensus: pitfalls: R12 a laggard is answered once per retry delay', () => {
    const solo = createSolo()
    solo.hearCertificate(firstNullified)
    expect(saidIn(solo.hearVotes('nullify', 1, [0, 0, 0]))).toEqual([
      'send 0 certificate nullify 1',
    ])
    solo.now = RETRY_MS
    expect(saidIn(solo.hearVotes('nullify', 1, [0]))).toEqual(['send 0 certificate nullify 1'])
  })

  it('consensus: pitfalls: R1 without backoff a network slower than delta never finalizes, with it it does', () => {
    const slow = (backoff: EngineRules['backoff']): Cluster => {
      const timing = { deltaMs: 4, blockIntervalMs: 0 }
      const cluster = createCluster({ seatCount: 4, timing, rules: { ...STANDARD_RULES, backoff } })
      cluster.work(true)
      return cluster
    }
    const steady = slow(() => 1)
    expect(steady.run(3_000, () => steady.node(0).delivered.length > 0)).toBe(false)
    const backingOff = slow(STANDARD_RULES.backoff)
    expect(backingOff.run(3_000, () => backingOff.node(0).delivered.length > 0)).toBe(true)
  })

  it('consensus: pitfalls: half of the messages lost for a while, and the chain recovers by itself', () => {
    let dice = 1
    const cluster = createCluster({
      seatCount: 4,
      carry: ({ message }) => {
        dice = (dice * 48271) % 0x7fffffff
        return dice % 2 === 0 ? message : undefined
      },
    })
    cluster.work(true)
    cluster.run(6_000)
    cluster.setCarry(undefined)
    const before = cluster.node(0).delivered.length
    const recovers = (): boolean =>
      cluster.nodes.every(({ delivered }) => delivered.length > before + 3)
    expect(cluster.run(20_000, recovers)).toBe(true)
    expect(agree(cluster)).toBe(true)
    expect(cluster.nodes.flatMap((node) => node.evidence)).toEqual([])
  })

  it('consensus: pitfalls: two halves of a committee finalize nothing apart and go on together', () => {
    const cluster = createCluster({ seatCount: 4 })
    cluster.work(true)
    cluster.run(500)
    cluster.setCarry(({ from, to, message }) => (from < 2 === to < 2 ? message : undefined))
    cluster.run(600)
    const before = Math.max(...cluster.nodes.map((node) => node.delivered.length))
    cluster.run(4_000)
    expect(Math.max(...cluster.nodes.map((node) => node.delivered.length))).toBe(before)
    cluster.setCarry(undefined)
    const recovers = (): boolean =>
      cluster.nodes.every(({ delivered }) => delivered.length > before + 2)
    expect(cluster.run(20_000, recovers)).toBe(true)
    expect(agree(cluster)).toBe(true)
  })
})
