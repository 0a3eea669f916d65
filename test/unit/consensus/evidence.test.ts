/** Contradictions become evidence, and only contradictions (A.3, A.9). */
import { describe, expect, it } from 'vitest'
import { conflicting } from '../../../node/consensus/evidence.ts'
import { blockOn, domain, genesis, proposalOf, voteOf } from './support/fixtures.ts'
import { createSolo, effectsOf, factsIn } from './support/solo.ts'

const left = proposalOf(blockOn(genesis, 1), 0)
const right = proposalOf(blockOn(genesis, 1, { salt: 'other' }), 0)

describe('consensus: evidence', () => {
  it.each([
    [
      'two NOTARIZE for different proposals',
      voteOf('notarize', 0, left),
      voteOf('notarize', 0, right),
      true,
    ],
    [
      'two FINALIZE for different proposals',
      voteOf('finalize', 0, left),
      voteOf('finalize', 0, right),
      true,
    ],
    ['NULLIFY and FINALIZE', voteOf('nullify', 0, 1), voteOf('finalize', 0, left), true],
    ['NOTARIZE and NULLIFY', voteOf('notarize', 0, left), voteOf('nullify', 0, 1), false],
    [
      'NOTARIZE and FINALIZE of another',
      voteOf('notarize', 0, left),
      voteOf('finalize', 0, right),
      false,
    ],
    ['the same vote twice', voteOf('finalize', 0, left), voteOf('finalize', 0, left), false],
    ['two seats', voteOf('finalize', 0, left), voteOf('finalize', 1, right), false],
    ['two views', voteOf('nullify', 0, 2), voteOf('finalize', 0, left), false],
  ])('consensus: evidence: %s: is it a contradiction?', (_, first, second, expected) => {
    expect(conflicting(first, second)).toBe(expected)
    expect(conflicting(second, first)).toBe(expected)
  })

  it('consensus: evidence: a contradiction is checked vote by vote and reported once', () => {
    const solo = createSolo()
    solo.hearVotes('notarize', left, [0])
    const effects = solo.hearVotes('notarize', right, [0])
    const checks = effectsOf(effects, 'check').flatMap((effect) => effect.checks)
    expect(checks.map(({ kind }) => kind)).toEqual(['vote', 'vote'])
    solo.hearVotes('nullify', 1, [0])
    solo.hearVotes('finalize', left, [0])
    const evidence = effectsOf(solo.effects, 'evidence').map((effect) => effect.evidence)
    expect(evidence).toEqual([
      { domain, seat: 0, first: voteOf('notarize', 0, left), second: voteOf('notarize', 0, right) },
    ])
  })

  it('consensus: evidence: a forged contradiction is no evidence, and the forger is reported', () => {
    const solo = createSolo()
    solo.hearVotes('finalize', left, [0])
    solo.hearVote({ ...voteOf('nullify', 0, 1), signature: new Uint8Array(32) })
    expect(effectsOf(solo.effects, 'evidence')).toEqual([])
    expect(factsIn(solo.effects)).toContainEqual({
      kind: 'invalid-signature',
      seat: 0,
      peer: 'peer-0',
    })
    // The good vote is still there, and a real contradiction is still found.
    solo.hearVotes('nullify', 1, [0])
    expect(effectsOf(solo.effects, 'evidence')).toHaveLength(1)
  })

  it('consensus: evidence: a contradiction among votes that already counted is found without a check', () => {
    const solo = createSolo({ seat: -1 })
    solo.hearVotes('notarize', left, [0, 1, 2])
    const effects = solo.hearVotes('notarize', right, [0])
    expect(effectsOf(effects, 'evidence')).toHaveLength(1)
  })
})
