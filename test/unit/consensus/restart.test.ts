/** Coming back from the journal (A.10). */
import { describe, expect, it } from 'vitest'
import type { JournalRecord } from '../../../node/consensus/engine-contract.ts'
import { STANDARD_RULES } from '../../../node/consensus/rules.ts'
import { agree, createCluster, type Cluster } from './support/cluster.ts'
import { blockOn, certificateOf, configOf, genesis, proposalOf } from './support/fixtures.ts'
import {
  createSolo,
  effectsOf,
  proposalMessage,
  saidIn,
  votesCastIn,
  type Solo,
} from './support/solo.ts'

const first = blockOn(genesis, 1)
const firstProposal = proposalOf(first, 0)
const LATE = 100_000

function journalOf(solo: Solo): readonly JournalRecord[] {
  return effectsOf(solo.effects, 'persist').map(({ record }) => record)
}

function blocksOf(solo: Solo) {
  return effectsOf(solo.effects, 'store-block').map(({ block }) => block)
}

/** All of the status but what happens to be in memory. */
function progressOf(solo: Solo) {
  return { ...solo.engine.status(), held: undefined }
}

/** The same seat after a crash that lost everything but the disk. */
function reborn(solo: Solo, options: Parameters<typeof createSolo>[0] = {}): Solo {
  const { config } = solo
  return createSolo({ config, journal: journalOf(solo), blocks: blocksOf(solo), ...options })
}

describe('consensus: restart', () => {
  it('consensus: restart: the journal brings back view, finalized view and delivered block', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.hearVotes('finalize', firstProposal, [0, 1, 2])
    solo.hearCertificate(certificateOf('nullify', 2, 4))
    expect(solo.engine.status()).toMatchObject({
      view: 3,
      lastFinalizedView: 1,
      deliveredHeight: first.height,
    })
    expect(progressOf(reborn(solo))).toEqual(progressOf(solo))
  })

  it('consensus: restart: finalized blocks below the floor are not delivered twice', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.hearVotes('finalize', firstProposal, [0, 1, 2])
    expect(effectsOf(reborn(solo).effects, 'finalized')).toEqual([])
  })

  it('consensus: restart: a FINALIZATION whose body was missing is delivered after the restart', () => {
    const solo = createSolo()
    solo.hearCertificate(certificateOf('finalize', firstProposal, 4))
    const again = reborn(solo)
    expect(saidIn(again.effects)).toEqual(['send 1 get-block'])
    again.hear(1, { kind: 'block', block: first })
    expect(effectsOf(again.effects, 'finalized')).toHaveLength(1)
  })

  it('consensus: restart: A.10.1 no vote of the journal is contradicted', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.tickAt(LATE)
    const again = reborn(solo, { now: LATE })
    again.hear(0, proposalMessage(blockOn(genesis, 1, { salt: 'other' }), 0))
    again.hearCertificate(certificateOf('notarize', firstProposal, 4))
    // Only what was decided before is signed: NOTARIZE of the first block, and NULLIFY, which excludes FINALIZE.
    expect(votesCastIn(again.effects)).toEqual(['notarize 1', 'nullify 1'])
    const signed = effectsOf(again.effects, 'sign').map(({ vote }) => vote.proposal)
    expect(signed).toEqual([firstProposal, undefined])
  })

  it('consensus: restart: A.10.2 own votes above the floor are signed, counted and said again', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(certificateOf('notarize', firstProposal, 4))
    const again = reborn(solo)
    expect(saidIn(again.effects)).toEqual([
      'broadcast vote notarize 1',
      'broadcast vote finalize 1',
    ])
    again.hearVotes('finalize', firstProposal, [0, 1])
    expect(effectsOf(again.effects, 'finalized')).toHaveLength(1)
  })

  it('consensus: restart: A.10.2 a leader proposes the same block again and builds no other', () => {
    const config = configOf(4, 0, { idleIntervalMs: 0 })
    const solo = createSolo({ config })
    const again = reborn(solo)
    again.feed({ kind: 'work', pending: true })
    expect(effectsOf(again.effects, 'build')).toEqual([])
    const messages = [solo, again].map(
      ({ effects }) => effectsOf(effects, 'broadcast').at(0)?.message,
    )
    expect(messages[1]).toMatchObject({ kind: 'proposal', justification: [] })
    expect(messages[1]).toEqual(messages[0])
  })

  it('consensus: restart: a leader whose vote never reached the journal may build another block', () => {
    const config = configOf(4, 0, { idleIntervalMs: 0 })
    const solo = createSolo({ config, withheld: ['built'] })
    expect(effectsOf(reborn(solo).effects, 'build')).toHaveLength(1)
  })

  it('consensus: restart: blocks are executed again before anything is built on them', () => {
    const solo = createSolo({ seat: 1 })
    solo.feed({ kind: 'work', pending: true })
    solo.hear(0, proposalMessage(first, 0))
    const config = configOf(4, 1, { idleIntervalMs: 0, blockIntervalMs: 0 })
    const again = reborn(solo, { config, withheld: ['verified'] })
    again.hearCertificate(certificateOf('notarize', firstProposal, 4))
    expect(effectsOf(again.effects, 'verify').map(({ block }) => block)).toEqual([first])
    expect(effectsOf(again.effects, 'build')).toEqual([])
    again.feed({ kind: 'verified', hash: first.hash, valid: true })
    expect(effectsOf(again.effects, 'build')).toHaveLength(1)
  })

  it('consensus: restart: A.10.3 the highest floor counts, and certificates may stand in any order', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.hearVotes('finalize', firstProposal, [0, 1, 2])
    solo.hearCertificate(certificateOf('nullify', 2, 4))
    const again = reborn(solo, { journal: [...journalOf(solo)].reverse() })
    expect(progressOf(again)).toEqual(progressOf(solo))
  })

  it('consensus: restart: verdicts of the life before are not mistaken for answers', () => {
    const solo = createSolo({ withheld: ['checked'] })
    solo.hearCertificate(certificateOf('nullify', 1, 4))
    const again = reborn(solo)
    expect(again.feed({ kind: 'checked', job: 1, verdicts: [{ ok: true }] })).toEqual([])
    expect(again.engine.status().view).toBe(1)
  })

  /** Seat 0, the first leader, is dead; the others nullify view 1 and all crash before a word of it arrives. */
  function allCrashAfterNullify(ownVotesRestored: boolean): Cluster {
    const rules = { ...STANDARD_RULES, ownVotesRestored }
    const cluster = createCluster({ seatCount: 4, rules, carry: () => undefined })
    cluster.crash(0)
    cluster.work(true)
    cluster.run(LATE, () => cluster.node(3).journal.length > 0)
    for (const index of [1, 2, 3]) cluster.crash(index)
    cluster.setCarry(undefined)
    for (const index of [1, 2, 3]) cluster.restart(index)
    cluster.work(true)
    return cluster
  }

  it('consensus: restart: A.10.2 all crash after NULLIFY, and the chain goes on', () => {
    const cluster = allCrashAfterNullify(true)
    expect(cluster.run(10_000, () => cluster.node(1).delivered.length > 3)).toBe(true)
    expect(agree(cluster)).toBe(true)
  })

  it('consensus: restart: without own votes in the tally again, the same chain stands still for ever', () => {
    const cluster = allCrashAfterNullify(false)
    cluster.run(60_000)
    expect(cluster.nodes.map((node) => node.delivered.length)).toEqual([0, 0, 0, 0])
  })

  it('consensus: restart: a seat that crashes again and again never contradicts itself', () => {
    const cluster = createCluster({ seatCount: 4, timing: { blockIntervalMs: 150 } })
    cluster.work(true)
    for (let round = 1; round <= 12; round++) {
      const victim = round % 4
      cluster.run(round * 400 + round)
      cluster.crash(victim)
      cluster.run(round * 400 + 150)
      cluster.restart(victim)
      cluster.feed(victim, { kind: 'work', pending: true })
    }
    cluster.run(8_000)
    expect(cluster.nodes.flatMap((node) => node.evidence)).toEqual([])
    expect(agree(cluster)).toBe(true)
    expect(Math.min(...cluster.nodes.map((node) => node.delivered.length))).toBeGreaterThan(10)
  })
})
