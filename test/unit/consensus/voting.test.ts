/** Nullify, finalize and the one choke point (R5, R6, R8). The engine under test has seat 3. */
import { describe, expect, it } from 'vitest'
import { STANDARD_RULES } from '../../../node/consensus/rules.ts'
import { blockOn, certificateOf, genesis, proposalOf, voteOf } from './support/fixtures.ts'
import {
  createSolo,
  effectsOf,
  factsIn,
  proposalMessage,
  saidIn,
  votesCastIn,
} from './support/solo.ts'

const first = blockOn(genesis, 1)
const firstProposal = proposalOf(first, 0)
const firstNotarized = certificateOf('notarize', firstProposal, 4)
const LATE = 100_000

describe('consensus: voting', () => {
  it('consensus: voting: R8 a notarized block that was executed here is voted final', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    const effects = solo.hearCertificate(firstNotarized)
    expect(saidIn(effects)).toEqual(['broadcast vote finalize 1'])
  })

  it('consensus: voting: R8 no FINALIZE before the block was executed, then one from a later view', () => {
    const solo = createSolo({ withheld: ['verified'] })
    solo.hear(0, proposalMessage(first, 0))
    expect(votesCastIn(solo.hearCertificate(firstNotarized))).toEqual([])
    solo.hearCertificate(certificateOf('nullify', 2, 4))
    const effects = solo.feed({ kind: 'verified', hash: first.hash, valid: true })
    expect(votesCastIn(effects)).toEqual(['finalize 1'])
    expect(effectsOf(effects, 'store-block')).toHaveLength(1)
  })

  it('consensus: voting: R8 FINALIZE is allowed although another proposal was notarized here', () => {
    const solo = createSolo()
    const other = blockOn(genesis, 1, { salt: 'other' })
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(certificateOf('notarize', proposalOf(other, 0), 4, [0, 1, 2]))
    solo.hear(undefined, { kind: 'block', block: other })
    expect(votesCastIn(solo.effects)).toEqual(['notarize 1', 'finalize 1'])
  })

  it('consensus: voting: nullify then late notarization: the certificate is used, FINALIZE is not cast', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.tickAt(LATE)
    const effects = solo.hearCertificate(firstNotarized)
    expect(votesCastIn(solo.effects)).toEqual(['notarize 1', 'nullify 1'])
    expect(factsIn(effects)).toContainEqual({
      kind: 'notarized',
      view: 1,
      hash: first.hash,
      height: first.height,
    })
    expect(solo.engine.status()).toMatchObject({ view: 2, notarizedTip: { height: first.height } })
  })

  it('consensus: voting: without the guard of R8 the same engine contradicts itself', () => {
    const solo = createSolo({ rules: { ...STANDARD_RULES, finalizeAfterNullify: true } })
    solo.hear(0, proposalMessage(first, 0))
    solo.tickAt(LATE)
    solo.hearCertificate(firstNotarized)
    expect(votesCastIn(solo.effects)).toEqual(['notarize 1', 'nullify 1', 'finalize 1'])
  })

  it('consensus: voting: finalize never follows nullify by way of a rebroadcast', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    for (let at = LATE; at < LATE + 5000; at += 100) solo.tickAt(at)
    solo.hearCertificate(firstNotarized)
    for (let at = LATE + 5000; at < LATE + 9000; at += 100) solo.tickAt(at)
    expect(votesCastIn(solo.effects).filter((cast) => cast.startsWith('finalize'))).toEqual([])
  })

  it('consensus: voting: R6 no NULLIFY of a view that has FINALIZE, whatever the journal says', () => {
    // Only a certificate lost from the journal could bring an engine back into such a view.
    const vote = { kind: 'finalize', view: 1, proposal: firstProposal, seat: 3 } as const
    const solo = createSolo({ journal: [{ kind: 'vote', vote }] })
    solo.tickAt(LATE)
    solo.hearVotes('nullify', 1, [0])
    expect(votesCastIn(solo.effects).filter((cast) => cast.startsWith('nullify'))).toEqual([])
  })

  it('consensus: voting: the choke point is idempotent: every way to time out makes one NULLIFY', () => {
    const solo = createSolo({ withheld: ['signed'] })
    solo.hearVotes('nullify', 1, [0])
    solo.tickAt(LATE)
    solo.tickAt(LATE + 1)
    solo.hear(0, proposalMessage(first, 7))
    expect(votesCastIn(solo.effects)).toEqual(['nullify 1'])
    expect(effectsOf(solo.effects, 'persist')).toHaveLength(1)
  })

  it('consensus: voting: R6 a leader that gives up its view is followed at once', () => {
    const solo = createSolo()
    expect(votesCastIn(solo.hearVotes('nullify', 1, [1]))).toEqual([])
    expect(votesCastIn(solo.hearVotes('nullify', 1, [0]))).toEqual(['nullify 1'])
  })

  it('consensus: voting: R6 a leader that gave up before we came is followed on arrival', () => {
    const solo = createSolo()
    solo.hearVotes('nullify', 2, [1])
    expect(votesCastIn(solo.hearCertificate(certificateOf('nullify', 1, 4)))).toEqual(['nullify 2'])
  })

  it('consensus: voting: R6 only the current view is nullified', () => {
    const solo = createSolo()
    solo.hearCertificate(certificateOf('nullify', 8, 4))
    solo.tickAt(LATE)
    expect(votesCastIn(solo.effects)).toEqual(['nullify 9'])
  })

  it('consensus: voting: A.5 a vote that the guard refuses to sign is never sent', () => {
    const solo = createSolo({ withheld: ['signed'] })
    solo.hear(0, proposalMessage(first, 0))
    solo.tickAt(LATE)
    solo.tickAt(2 * LATE)
    expect(votesCastIn(solo.effects)).toEqual(['notarize 1', 'nullify 1'])
    expect(saidIn(solo.effects)).toEqual([])
  })

  it('consensus: voting: a signature nobody asked for is not sent', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    const foreign = proposalOf(blockOn(genesis, 1, { salt: 'other' }), 0)
    expect(saidIn(solo.feed({ kind: 'signed', vote: voteOf('notarize', 3, foreign) }))).toEqual([])
    expect(saidIn(solo.feed({ kind: 'signed', vote: voteOf('finalize', 3, foreign) }))).toEqual([])
  })

  it('consensus: voting: R8 a notarized block that fails here is a divergence and ends all signing', () => {
    const solo = createSolo({ judge: () => false })
    solo.hearCertificate(firstNotarized)
    const effects = solo.hear(undefined, { kind: 'block', block: first })
    expect(factsIn(effects)).toContainEqual({ kind: 'divergence', hash: first.hash })
    solo.tickAt(LATE)
    solo.hear(1, proposalMessage(blockOn(first, 2), 1))
    expect(votesCastIn(solo.effects)).toEqual([])
  })

  it('consensus: voting: R8 a block refused as untimely is judged again once it is certified', () => {
    const solo = createSolo({ withheld: ['verified'] })
    solo.hear(0, proposalMessage(first, 0))
    solo.feed({ kind: 'verified', hash: first.hash, valid: false })
    expect(votesCastIn(solo.effects)).toEqual(['nullify 1'])
    solo.hearCertificate(firstNotarized)
    const asked = effectsOf(solo.effects, 'verify').map(({ certified }) => certified)
    expect(asked).toEqual([false, true])
    const effects = solo.feed({ kind: 'verified', hash: first.hash, valid: true })
    expect(factsIn(effects)).not.toContainEqual({ kind: 'divergence', hash: first.hash })
    // R8: NULLIFY was sent, so there is still no FINALIZE.
    expect(votesCastIn(effects)).toEqual([])
  })

  it('consensus: voting: R8 nothing is voted below the finalized view', () => {
    const solo = createSolo({ withheld: ['verified'] })
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(firstNotarized)
    solo.hearCertificate(certificateOf('finalize', proposalOf(blockOn(first, 2), 1), 4))
    solo.feed({ kind: 'verified', hash: first.hash, valid: true })
    expect(votesCastIn(solo.effects)).toEqual([])
  })

  it('consensus: voting: an observer signs nothing', () => {
    const solo = createSolo({ seat: -1 })
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(firstNotarized)
    solo.tickAt(LATE)
    expect(votesCastIn(solo.effects)).toEqual([])
  })
})
