/** Two certificates of one view that exclude each other: an engine that sees both has the proof against more than f seats (C.7). */
import { describe, expect, it } from 'vitest'
import { blockOn, certificateOf, domain, genesis, proposalOf } from './support/fixtures.ts'
import { createSolo, effectsOf, factsIn } from './support/solo.ts'

const left = proposalOf(blockOn(genesis, 1), 0)
const right = proposalOf(blockOn(genesis, 1, { salt: 'other' }), 0)

function proofs(effects: Parameters<typeof effectsOf>[0]) {
  return effectsOf(effects, 'fork').map((effect) => effect.proof)
}

describe('consensus: forks', () => {
  it.each([
    ['two NOTARIZATIONs', certificateOf('notarize', left, 4), certificateOf('notarize', right, 4)],
    ['two FINALIZATIONs', certificateOf('finalize', left, 4), certificateOf('finalize', right, 4)],
    [
      'FINALIZATION, then NULLIFICATION',
      certificateOf('finalize', left, 4),
      certificateOf('nullify', 1, 4),
    ],
    [
      'NULLIFICATION, then FINALIZATION',
      certificateOf('nullify', 1, 4),
      certificateOf('finalize', left, 4),
    ],
  ])('consensus: forks: C.7: %s of one view are told, once', (_, first, second) => {
    const solo = createSolo()
    solo.hearCertificate(first)
    expect(proofs(solo.effects)).toEqual([])
    solo.hearCertificate(second)
    solo.hearCertificate(second, 1)
    expect(proofs(solo.effects)).toEqual([{ domain, first, second }])
  })

  it.each([
    ['NOTARIZATION with NULLIFICATION', certificateOf('nullify', 1, 4)],
    ['the same again by others', certificateOf('notarize', left, 4, [1, 2, 3])],
    ['FINALIZATION of the other', certificateOf('finalize', right, 4)],
  ])('consensus: forks: C.7: %s is no proof', (_, second) => {
    const solo = createSolo()
    solo.hearCertificate(certificateOf('notarize', left, 4))
    solo.hearCertificate(second)
    expect(proofs(solo.effects)).toEqual([])
  })

  it('consensus: forks: C.7: a forged half is no proof, and no more than four of a view are looked into', () => {
    const solo = createSolo()
    solo.hearCertificate(certificateOf('notarize', left, 4))
    const forged = { ...certificateOf('notarize', right, 4), signature: new Uint8Array(32) }
    const before = effectsOf(solo.effects, 'check').length
    for (let time = 0; time < 9; time++) solo.hearCertificate(forged)
    expect(proofs(solo.effects)).toEqual([])
    expect(effectsOf(solo.effects, 'check').length - before).toBe(4)
    expect(factsIn(solo.effects).some(({ kind }) => kind === 'invalid-signature')).toBe(true)
  })
})
