/** Votes become certificates (A.2, A.9, R7, R9, R10). The engine under test has seat 3. */
import { describe, expect, it } from 'vitest'
import { seatsOf } from '../../../node/crosslink/certificate.ts'
import { STANDARD_RULES } from '../../../node/consensus/rules.ts'
import type { Vote } from '../../../node/consensus/vote.ts'
import { VIEW_WINDOW } from '../../../node/primitives/limits.ts'
import { blockOn, certificateOf, genesis, proposalOf, voteOf } from './support/fixtures.ts'
import { createSolo, effectsOf, factsIn, proposalMessage, type Solo } from './support/solo.ts'

const first = blockOn(genesis, 1)
const firstProposal = proposalOf(first, 0)

function forged(vote: Vote): Vote {
  return { ...vote, signature: new Uint8Array(32).fill(7) }
}

function certificatesIn(solo: Solo) {
  return effectsOf(solo.effects, 'persist').flatMap(({ record }) =>
    record.kind === 'certificate' ? [record.certificate] : [],
  )
}

describe('consensus: tally', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
    [5, 4],
    [6, 5],
    [7, 5],
    [10, 7],
  ])('consensus: tally: A.2 the quorum of %i seats is %i, never 2f + 1', (seatCount, quorum) => {
    expect(STANDARD_RULES.quorum(seatCount)).toBe(quorum)
    const faulty = Math.floor((seatCount - 1) / 3)
    // Two quorums share an honest seat.
    expect(2 * quorum - seatCount).toBeGreaterThan(faulty)
  })

  it('consensus: tally: A.9 exactly q votes are aggregated and checked at once', () => {
    const solo = createSolo({ seat: -1, seatCount: 7, withheld: ['checked'] })
    solo.hearVotes('nullify', 1, [6, 2, 4, 0])
    expect(effectsOf(solo.effects, 'check')).toEqual([])
    solo.hearVotes('nullify', 1, [5, 1])
    const checks = effectsOf(solo.effects, 'check').flatMap((effect) => effect.checks)
    expect(checks).toHaveLength(1)
    const [check] = checks
    expect(check?.kind === 'aggregate' && check.votes.map((vote) => vote.seat)).toEqual([
      0, 2, 4, 5, 6,
    ])
  })

  it('consensus: tally: R9 q NULLIFY make a NULLIFICATION and open the next view', () => {
    const solo = createSolo({ seat: -1 })
    solo.hearVotes('nullify', 1, [0, 2, 1])
    expect(certificatesIn(solo)).toEqual([certificateOf('nullify', 1, 4, [0, 1, 2])])
    expect(solo.engine.status().view).toBe(2)
  })

  it('consensus: tally: R7 q NOTARIZE open the next view without body and without execution', () => {
    const solo = createSolo({ withheld: ['verified'] })
    solo.hearVotes('notarize', firstProposal, [0, 1, 2])
    expect(solo.engine.status()).toMatchObject({
      view: 2,
      notarizedTip: { height: genesis.height },
    })
    expect(factsIn(solo.effects)).toContainEqual({
      kind: 'notarized',
      view: 1,
      hash: first.hash,
      height: undefined,
    })
  })

  it('consensus: tally: R10 q FINALIZE deliver the block', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.hearVotes('finalize', firstProposal, [0, 1, 2])
    expect(effectsOf(solo.effects, 'finalized')).toMatchObject([
      { block: first, certificate: { kind: 'finalize', view: 1 } },
    ])
  })

  it('consensus: tally: votes for different proposals are not counted together', () => {
    const solo = createSolo({ seat: -1 })
    const other = proposalOf(blockOn(genesis, 1, { salt: 'other' }), 0)
    solo.hearVotes('notarize', firstProposal, [0, 1])
    solo.hearVotes('notarize', other, [2])
    expect(solo.engine.status().view).toBe(1)
  })

  it('consensus: tally: votes for one block on different parents are not counted together', () => {
    const solo = createSolo({ seat: -1 })
    const notarize = { ...proposalOf(blockOn(first, 3), 1) }
    solo.hearVotes('notarize', notarize, [0, 1])
    solo.hearVotes('notarize', { ...notarize, parentView: 2 }, [2])
    expect(solo.engine.status().view).toBe(1)
  })

  it('consensus: tally: a vote counts once however often it comes', () => {
    const solo = createSolo({ seat: -1 })
    solo.hearVotes('nullify', 1, [0, 0, 0, 1, 1])
    expect(effectsOf(solo.effects, 'check')).toEqual([])
  })

  it('consensus: tally: A.8 nobody brings the vote of another seat', () => {
    const solo = createSolo({ seat: -1 })
    for (const from of [1, undefined]) {
      solo.hear(from, { kind: 'vote', vote: voteOf('nullify', 0, 1) })
      solo.hear(from, { kind: 'vote', vote: voteOf('nullify', 2, 1) })
    }
    solo.hearVotes('nullify', 1, [1])
    expect(effectsOf(solo.effects, 'check')).toEqual([])
  })

  it('consensus: tally: A.9 an invalid signature is found, reported and dropped, the others count', () => {
    const solo = createSolo({ seat: -1, seatCount: 7 })
    solo.hearVote(forged(voteOf('nullify', 0, 1)))
    solo.hearVotes('nullify', 1, [1, 2, 3])
    solo.hearVote(forged(voteOf('nullify', 4, 1)))
    const suspects = factsIn(solo.effects).filter(({ kind }) => kind === 'invalid-signature')
    expect(suspects).toEqual([
      { kind: 'invalid-signature', seat: 0, peer: 'peer-0' },
      { kind: 'invalid-signature', seat: 4, peer: 'peer-4' },
    ])
    expect(solo.engine.status().view).toBe(1)
    solo.hearVotes('nullify', 1, [5, 6])
    const [certificate] = certificatesIn(solo)
    expect(seatsOf(certificate?.signers ?? new Uint8Array(), 7)).toEqual([1, 2, 3, 5, 6])
    expect(solo.engine.status().view).toBe(2)
  })

  it('consensus: tally: A.9 exactly q votes are aggregated also where more have come meanwhile', () => {
    const solo = createSolo({ seat: -1, seatCount: 7, withheld: ['checked'] })
    solo.hearVote(forged(voteOf('nullify', 0, 1)))
    solo.hearVotes('nullify', 1, [1, 2, 3, 4, 5, 6])
    solo.feed({ kind: 'checked', job: 1, verdicts: [{ ok: false }] })
    const verdicts = [false, true, true, true, true].map((ok) => ({ ok }))
    const effects = solo.feed({ kind: 'checked', job: 2, verdicts })
    const [check] = effectsOf(effects, 'check').flatMap((effect) => effect.checks)
    expect(check?.kind === 'aggregate' && check.votes.map((vote) => vote.seat)).toEqual([
      1, 2, 3, 4, 5,
    ])
  })

  it('consensus: tally: A.9 a seat that forged once is checked by itself before it counts again', () => {
    const solo = createSolo({ seat: -1 })
    solo.hearVote(forged(voteOf('nullify', 0, 1)))
    solo.hearVotes('nullify', 1, [1, 2])
    const before = solo.effects.length
    solo.hearVotes('nullify', 1, [0])
    const checks = effectsOf(solo.effects.slice(before), 'check').flatMap((effect) => effect.checks)
    expect(checks.map((check) => check.kind)).toEqual(['vote', 'aggregate'])
    expect(solo.engine.status().view).toBe(2)
  })

  it('consensus: tally: own signatures are not checked but are in the aggregate', () => {
    const solo = createSolo()
    solo.tickAt(100_000)
    solo.hearVotes('nullify', 1, [0, 1])
    expect(certificatesIn(solo)).toEqual([certificateOf('nullify', 1, 4, [0, 1, 3])])
  })

  it('consensus: tally: A.4 far-future votes are not kept', () => {
    const solo = createSolo({ seat: -1 })
    const far = VIEW_WINDOW + 2
    solo.hearVotes('nullify', far, [0, 1, 2])
    expect(effectsOf(solo.effects, 'check')).toEqual([])
    solo.hearCertificate(certificateOf('nullify', far - 1, 4))
    expect(solo.engine.status().view).toBe(far)
    solo.hearVotes('nullify', far, [2])
    expect(solo.engine.status().view).toBe(far)
    solo.hearVotes('nullify', far, [0, 1])
    expect(solo.engine.status().view).toBe(far + 1)
  })

  it('consensus: tally: a seat that votes for everything uses up its own share only', () => {
    const solo = createSolo({ seat: -1 })
    for (let salt = 0; salt < 50; salt++) {
      const block = blockOn(genesis, 1, { salt: `${salt}` })
      solo.hearVotes('notarize', proposalOf(block, 0), [0])
    }
    solo.hearVotes('notarize', firstProposal, [1, 2])
    expect(solo.engine.status().view).toBe(1)
    solo.hearVotes('notarize', firstProposal, [3])
    expect(solo.engine.status().view).toBe(2)
  })

  it.each([
    ['a seat that is none', { seat: 4 }],
    ['view 0', { view: 0 }],
    ['a proposal of another view', { proposal: proposalOf(first, 0) }],
  ])('consensus: tally: a vote with %s is not looked at', (_, change) => {
    const solo = createSolo({ seat: -1 })
    const vote = { ...voteOf('nullify', 0, 2), ...change }
    expect(solo.hear(vote.seat, { kind: 'vote', vote })).toEqual([])
  })
})
