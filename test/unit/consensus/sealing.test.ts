/** The end of an epoch (R2, R13, R14). */
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../node/primitives/bytes.ts'
import { createCluster } from './support/cluster.ts'
import { blockOn, certificateOf, genesis, proposalOf } from './support/fixtures.ts'
import {
  createSolo,
  effectsOf,
  lastDeadline,
  proposalMessage,
  saidIn,
  votesCastIn,
} from './support/solo.ts'

const sealing = blockOn(genesis, 1, { sealing: true })
const notarized = certificateOf('notarize', proposalOf(sealing, 0), 4)
const finalized = certificateOf('finalize', proposalOf(sealing, 0), 4)
const again = proposalOf(sealing, 1, 2)

describe('consensus: sealing', () => {
  it.each([1, 4, 7])(
    'consensus: sealing: %i seats end their epoch with one and the same block',
    (n) => {
      const cluster = createCluster({
        seatCount: n,
        observerCount: 1,
        sealingHeight: genesis.height + 3,
      })
      cluster.work(true)
      cluster.run(20_000)
      const ends = cluster.nodes.map(({ sealed }) => sealed.map(({ block }) => toHex(block.hash)))
      expect(new Set(ends.map((hashes) => hashes.join()))).toHaveLength(1)
      expect(ends[0]).toHaveLength(1)
      expect(cluster.nodes.map((node) => node.delivered.length)).toEqual(
        Array.from({ length: n + 1 }, () => 3),
      )
      expect(cluster.nodes.every((node) => node.deadline === Infinity)).toBe(true)
    },
  )

  it('consensus: sealing: R14 the epoch ends by a FINALIZATION of the sealing block itself', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(sealing, 0))
    solo.hearCertificate(notarized)
    expect(solo.engine.status().done).toBe(false)
    const effects = solo.hearCertificate(finalized)
    expect(effectsOf(effects, 'epoch-sealed')).toEqual([
      { kind: 'epoch-sealed', block: sealing, certificate: finalized },
    ])
    expect(solo.engine.status().done).toBe(true)
  })

  it('consensus: sealing: R14 a sealing block that was proposed again ends the epoch by the later FINALIZATION', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(sealing, 0))
    solo.hearCertificate(notarized)
    solo.hear(1, proposalMessage(sealing, 1, [], { view: 2 }))
    solo.hearCertificate(certificateOf('notarize', again, 4))
    expect(votesCastIn(solo.effects)).toEqual([
      'notarize 1',
      'finalize 1',
      'notarize 2',
      'finalize 2',
    ])
    const certificate = certificateOf('finalize', again, 4)
    const effects = solo.hearCertificate(certificate)
    expect(effectsOf(effects, 'epoch-sealed')).toMatchObject([{ certificate: { view: 2 } }])
    expect(effectsOf(effects, 'finalized')).toHaveLength(1)
  })

  it('consensus: sealing: R14 a boundary block that is notarized at once and finalized three views later ends the epoch then', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(sealing, 0))
    solo.hearCertificate(notarized)
    for (const view of [2, 3, 4]) {
      const effects = solo.hearCertificate(
        certificateOf('notarize', proposalOf(sealing, view - 1, view), 4),
      )
      expect(effectsOf(effects, 'epoch-sealed')).toEqual([])
      expect(effectsOf(effects, 'finalized')).toEqual([])
    }
    const effects = solo.hearCertificate(certificateOf('finalize', proposalOf(sealing, 3, 4), 4))
    expect(effectsOf(effects, 'epoch-sealed')).toMatchObject([{ certificate: { view: 4 } }])
    expect(effectsOf(effects, 'finalized')).toMatchObject([{ block: sealing }])
    expect(solo.engine.status().done).toBe(true)
  })

  it('consensus: sealing: R14 a sealed engine votes no more and asks for no tick', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(sealing, 0))
    const effects = solo.hearCertificate(finalized)
    expect(lastDeadline(effects)).toBe(Infinity)
    const count = votesCastIn(solo.effects).length
    solo.tickAt(1_000_000)
    solo.hear(1, proposalMessage(sealing, 1, [], { view: 2 }))
    expect(votesCastIn(solo.effects)).toHaveLength(count)
  })

  it('consensus: sealing: R14 a sealed engine still answers laggards, of any view', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(sealing, 0))
    solo.hearCertificate(finalized)
    expect(saidIn(solo.hearVotes('nullify', 1, [0]))).toEqual(['send 0 certificate finalize 1'])
    // This one has the NOTARIZATION and waits for a view that will never come.
    expect(saidIn(solo.hearVotes('nullify', 2, [1]))).toEqual(['send 1 certificate finalize 1'])
    expect(saidIn(solo.hear(2, { kind: 'get-certificate', view: 1 }))).toEqual([
      'send 2 certificate finalize 1',
    ])
    expect(saidIn(solo.hear(2, { kind: 'get-block', hash: sealing.hash }))).toEqual([
      'send 2 block',
    ])
  })

  it('consensus: sealing: a restart at the end of an epoch announces the end again', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(sealing, 0))
    solo.hearCertificate(finalized)
    const journal = effectsOf(solo.effects, 'persist').map(({ record }) => record)
    const reborn = createSolo({ journal, blocks: [sealing] })
    expect(effectsOf(reborn.effects, 'epoch-sealed')).toHaveLength(1)
    expect(effectsOf(reborn.effects, 'finalized')).toEqual([])
    expect(votesCastIn(reborn.effects.slice(-1))).toEqual([])
  })

  it('consensus: sealing: a committee that is sealing does not idle', () => {
    const cluster = createCluster({ seatCount: 4, sealingHeight: genesis.height + 1 })
    // All FINALIZE of view 1 are lost, and nobody has work: view 2 must not wait for the idle interval.
    cluster.setCarry(({ message }) => {
      const isLost =
        message.kind === 'vote' && message.vote.kind === 'finalize' && message.vote.view === 1
      return isLost ? undefined : message
    })
    cluster.run(5_000 + 500, () => cluster.nodes.every((node) => node.sealed.length === 1))
    expect(cluster.nodes.map((node) => node.sealed.length)).toEqual([1, 1, 1, 1])
    expect(cluster.node(0).sealed[0]?.certificate?.view).toBe(2)
  })

  it('consensus: sealing: R13 what another epoch signed is worth nothing here', () => {
    const cluster = createCluster({ seatCount: 4 })
    const foreign = { ...blockOn(genesis, 1), epoch: 4 }
    cluster.feed(3, {
      kind: 'message',
      from: 0,
      peer: '0',
      message: proposalMessage(foreign, 0),
    })
    cluster.run(100)
    expect(cluster.node(3).stored.size).toBe(0)
    expect(cluster.node(3).facts).toEqual([{ kind: 'view-entered', view: 1 }])
  })
})
