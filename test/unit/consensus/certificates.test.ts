/** Received certificates: checked once, used wherever they come from (R1, R7, R9, R10, A.9). */
import { describe, expect, it } from 'vitest'
import type { Certificate } from '../../../node/crosslink/certificate.ts'
import { JUSTIFICATION_MAX } from '../../../node/primitives/limits.ts'
import { blockOn, certificateOf, genesis, proposalOf } from './support/fixtures.ts'
import { createSolo, effectsOf, factsIn, proposalMessage, saidIn } from './support/solo.ts'

const first = blockOn(genesis, 1)
const firstProposal = proposalOf(first, 0)

function checkCount(effects: Parameters<typeof effectsOf>[0]): number {
  return effectsOf(effects, 'check').flatMap(({ checks }) => checks).length
}

function forged(certificate: Certificate): Certificate {
  return { ...certificate, signature: new Uint8Array(32) }
}

describe('consensus: certificates', () => {
  it('consensus: certificates: anybody may bring one, also a peer without a seat', () => {
    const solo = createSolo()
    solo.hear(undefined, { kind: 'certificate', certificate: certificateOf('nullify', 1, 4) })
    expect(solo.engine.status().view).toBe(2)
  })

  it('consensus: certificates: A.9 what is known is not checked again', () => {
    const solo = createSolo()
    expect(checkCount(solo.hearCertificate(certificateOf('nullify', 1, 4)))).toBe(1)
    expect(checkCount(solo.hearCertificate(certificateOf('nullify', 1, 4)))).toBe(0)
    // Other signers of the same thing say nothing new.
    expect(checkCount(solo.hearCertificate(certificateOf('nullify', 1, 4, [1, 2, 3])))).toBe(0)
  })

  it('consensus: certificates: A.9 what is being checked is not checked twice', () => {
    const solo = createSolo({ withheld: ['checked'] })
    const certificate = certificateOf('nullify', 1, 4)
    solo.hearCertificate(certificate, 0)
    solo.hearCertificate(certificate, 1)
    expect(checkCount(solo.effects)).toBe(1)
  })

  it('consensus: certificates: one below the finalized view is not looked at', () => {
    const solo = createSolo()
    solo.hearCertificate(certificateOf('finalize', proposalOf(blockOn(first, 9), 1), 4))
    expect(checkCount(solo.hearCertificate(certificateOf('nullify', 3, 4)))).toBe(0)
    expect(checkCount(solo.hearCertificate(certificateOf('notarize', firstProposal, 4)))).toBe(0)
  })

  it('consensus: certificates: a forged one is reported and does not stand in the way of the good one', () => {
    const solo = createSolo({ withheld: ['checked'] })
    solo.hearCertificate(forged(certificateOf('nullify', 1, 4)), 0)
    solo.hearCertificate(certificateOf('nullify', 1, 4), 1)
    const effects = solo.feed({ kind: 'checked', job: 1, verdicts: [{ ok: false }] })
    expect(factsIn(effects)).toEqual([{ kind: 'invalid-signature', seat: 0, peer: 'peer-0' }])
    expect(checkCount(effects)).toBe(1)
    solo.feed({ kind: 'checked', job: 2, verdicts: [{ ok: true }] })
    expect(solo.engine.status().view).toBe(2)
  })

  it('consensus: certificates: a peer can have only so many in check at once', () => {
    const solo = createSolo({ withheld: ['checked'] })
    for (let view = 1; view <= 500; view++) {
      solo.hearCertificate(certificateOf('nullify', view, 4), 0)
    }
    expect(checkCount(solo.effects)).toBeLessThanOrEqual(JUSTIFICATION_MAX + 8)
    expect(checkCount(solo.hearCertificate(certificateOf('nullify', 499, 4), 1))).toBe(1)
  })

  it('consensus: certificates: far views are accepted, because a certificate proves itself', () => {
    const solo = createSolo()
    solo.hearCertificate(certificateOf('nullify', 1_000_000_000, 4))
    expect(solo.engine.status().view).toBe(1_000_000_001)
  })

  it.each([
    ['too few signers', certificateOf('nullify', 1, 4, [0, 1])],
    ['a bitmap of another committee', certificateOf('nullify', 1, 16)],
    ['a seat past the end', { ...certificateOf('nullify', 1, 4), signers: Uint8Array.of(0b10111) }],
    ['view 0', { ...certificateOf('nullify', 1, 4), view: 0 }],
    [
      'a proposal that a nullify has not',
      { ...certificateOf('nullify', 1, 4), proposal: firstProposal },
    ],
    ['no proposal', { ...certificateOf('notarize', firstProposal, 4), proposal: undefined }],
    ['a proposal of another view', { ...certificateOf('notarize', firstProposal, 4), view: 2 }],
    [
      'a parent that is no earlier',
      certificateOf('notarize', { ...firstProposal, parentView: 1 }, 4),
    ],
  ])('consensus: certificates: one with %s is not even checked', (_, certificate) => {
    expect(checkCount(createSolo().hearCertificate(certificate))).toBe(0)
  })

  it('consensus: certificates: R7 one that contradicts the proposal at hand replaces it', () => {
    const solo = createSolo({ withheld: ['verified'] })
    const other = blockOn(genesis, 1, { salt: 'other' })
    solo.hear(0, proposalMessage(first, 0))
    const effects = solo.hearCertificate(certificateOf('notarize', proposalOf(other, 0), 4))
    expect(saidIn(effects)).toEqual(['send 1 get-block'])
    solo.hear(1, { kind: 'block', block: other })
    expect(effectsOf(solo.effects, 'verify').at(-1)?.block).toEqual(other)
  })

  it('consensus: certificates: R9 a nullified view keeps its notarization, whichever comes last', () => {
    const notarized = certificateOf('notarize', firstProposal, 4)
    const nullified = certificateOf('nullify', 1, 4)
    for (const order of [
      [notarized, nullified],
      [nullified, notarized],
    ]) {
      const solo = createSolo()
      for (const certificate of order) solo.hearCertificate(certificate)
      const effects = solo.hear(0, { kind: 'get-certificate', view: 1 })
      expect(saidIn(effects)).toEqual([
        'send 0 certificate notarize 1',
        'send 0 certificate nullify 1',
      ])
    }
  })

  it('consensus: certificates: every one that is adopted is journaled', () => {
    const solo = createSolo()
    const certificate = certificateOf('nullify', 1, 4)
    const effects = solo.hearCertificate(certificate)
    expect(effectsOf(effects, 'persist')).toEqual([
      { kind: 'persist', record: { kind: 'certificate', certificate } },
    ])
  })

  it('consensus: certificates: A.4 get-certificate below the finalized view is answered with the FINALIZATION', () => {
    const solo = createSolo()
    solo.hearCertificate(certificateOf('finalize', proposalOf(blockOn(first, 9), 1), 4))
    expect(saidIn(solo.hear(undefined, { kind: 'get-certificate', view: 4 }))).toEqual([
      'reply peer-x certificate finalize 9',
    ])
    expect(saidIn(solo.hear(2, { kind: 'get-certificate', view: 10 }))).toEqual([])
  })

  it('consensus: certificates: R7 f + 1 FINALIZE votes for what was never shown here tell whom to ask, once', () => {
    const solo = createSolo()
    expect(saidIn(solo.hearVotes('finalize', firstProposal, [0]))).toEqual([])
    expect(saidIn(solo.hearVotes('finalize', firstProposal, [1]))).toEqual([
      'send 0 get-certificate 1',
      'send 1 get-certificate 1',
    ])
    expect(saidIn(solo.hearVotes('finalize', firstProposal, [1]))).toEqual([])
    solo.hearCertificate(certificateOf('notarize', firstProposal, 4))
    expect(solo.engine.status().view).toBe(2)
  })

  it('consensus: certificates: R7 nobody is asked who finalizes what is here, or what is over', () => {
    const shown = createSolo()
    shown.hear(0, proposalMessage(first, 0))
    expect(saidIn(shown.hearVotes('finalize', firstProposal, [0, 1]))).toEqual([])
    const over = createSolo()
    over.hearCertificate(certificateOf('nullify', 1, 4))
    expect(saidIn(over.hearVotes('finalize', firstProposal, [0, 1]))).toEqual([])
  })
})
