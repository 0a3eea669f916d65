/** What a seat does with its leader's proposal (R3, R4, R5). The engine under test has seat 3. */
import { describe, expect, it } from 'vitest'
import type { ChainBlock } from '../../../node/consensus/message.ts'
import { JUSTIFICATION_MAX, VIEW_WINDOW } from '../../../node/primitives/limits.ts'
import { blockOn, certificateOf, genesis, proposalOf, voteOf } from './support/fixtures.ts'
import {
  createSolo,
  effectsOf,
  factsIn,
  proposalMessage,
  saidIn,
  votesCastIn,
  type Solo,
} from './support/solo.ts'

const first = blockOn(genesis, 1)
const firstNotarized = certificateOf('notarize', proposalOf(first, 0), 4)

/** Seat 3 with block 1 notarized and executed, now in view 2. */
function inViewTwo(options: Parameters<typeof createSolo>[0] = {}): Solo {
  const solo = createSolo(options)
  solo.hear(0, proposalMessage(first, 0))
  solo.hearCertificate(firstNotarized)
  return solo
}

/** The votes of view 2 after hearing this block proposed in it. */
function votesOn(solo: Solo, block: ChainBlock, parentView = 1): readonly string[] {
  const effects = solo.hear(1, proposalMessage(block, parentView, [firstNotarized]))
  return votesCastIn(effects)
}

describe('consensus: following', () => {
  it('consensus: following: R5 a valid proposal is executed, stored, journaled, then voted for', () => {
    const solo = createSolo()
    const effects = solo.hear(0, proposalMessage(first, 0))
    const kinds = effects.map((effect) => effect.kind)
    expect(kinds.filter((kind) => kind !== 'deadline')).toEqual([
      'check',
      'verify',
      'store-block',
      'persist',
      'sign',
      'broadcast',
    ])
    expect(saidIn(effects)).toEqual(['broadcast vote notarize 1'])
  })

  it('consensus: following: R5 no vote before the block was executed', () => {
    const solo = createSolo({ withheld: ['verified'] })
    expect(votesCastIn(solo.hear(0, proposalMessage(first, 0)))).toEqual([])
    const effects = solo.feed({ kind: 'verified', hash: first.hash, valid: true })
    expect(votesCastIn(effects)).toEqual(['notarize 1'])
  })

  it('consensus: following: R5 one NOTARIZE per view, and none after NULLIFY', () => {
    const solo = createSolo({ withheld: ['verified'] })
    solo.hear(0, proposalMessage(first, 0))
    solo.tickAt(100_000)
    solo.feed({ kind: 'verified', hash: first.hash, valid: true })
    solo.feed({ kind: 'verified', hash: first.hash, valid: true })
    expect(votesCastIn(solo.effects)).toEqual(['nullify 1'])
  })

  it('consensus: following: R3 a proposal of another seat than the leader is not looked at', () => {
    const solo = createSolo()
    const message = proposalMessage(first, 0, [], { leader: 1 })
    expect(effectsOf(solo.hear(1, message), 'check')).toEqual([])
    // Nor is the leader's own, brought by somebody else.
    expect(effectsOf(solo.hear(1, proposalMessage(first, 0)), 'check')).toEqual([])
    expect(effectsOf(solo.hear(undefined, proposalMessage(first, 0)), 'check')).toEqual([])
  })

  it('consensus: following: A.9 a proposal with a forged signature is dropped and reported', () => {
    const solo = createSolo()
    const message = proposalMessage(first, 0)
    const vote = { ...message.vote, signature: new Uint8Array(32) }
    const effects = solo.hear(0, { ...message, vote })
    expect(factsIn(effects)).toContainEqual({ kind: 'invalid-signature', seat: 0, peer: 'peer-0' })
    expect(effectsOf(effects, 'verify')).toEqual([])
  })

  it('consensus: following: a proposal whose block is another than it names is dropped', () => {
    const solo = createSolo()
    const other = blockOn(genesis, 1, { salt: 'other' })
    expect(
      effectsOf(solo.hear(0, { ...proposalMessage(first, 0), block: other }), 'check'),
    ).toEqual([])
  })

  it('consensus: following: R3 a leader that signs two proposals gets no vote for either', () => {
    const solo = createSolo({ withheld: ['verified'] })
    solo.hear(0, proposalMessage(first, 0))
    const effects = solo.hear(0, proposalMessage(blockOn(genesis, 1, { salt: 'other' }), 0))
    expect(effectsOf(effects, 'evidence')).toMatchObject([{ evidence: { seat: 0 } }])
    expect(votesCastIn(solo.feed({ kind: 'verified', hash: first.hash, valid: true }))).toEqual([])
  })

  it('consensus: following: R3 a proposal for a near view is kept until that view', () => {
    const solo = createSolo()
    const early = proposalMessage(blockOn(first, 2), 1)
    expect(effectsOf(solo.hear(1, early), 'verify')).toEqual([])
    solo.hear(0, proposalMessage(first, 0))
    const effects = solo.hearCertificate(firstNotarized)
    expect(votesCastIn(effects)).toContain('notarize 2')
  })

  it('consensus: following: A.4 a proposal beyond the window is forgotten, its justification is not', () => {
    const solo = createSolo()
    const view = VIEW_WINDOW + 3
    const block = blockOn(first, view)
    solo.hear((view - 1) % 4, proposalMessage(block, 1))
    solo.hearCertificate(certificateOf('nullify', view - 1, 4))
    expect(effectsOf(solo.effects, 'verify')).toEqual([])
    // With its justification it opens its own view.
    const skipped = Array.from({ length: view - 2 }, (_, index) =>
      certificateOf('nullify', index + 2, 4),
    )
    const other = createSolo()
    other.hear(0, proposalMessage(first, 0))
    other.hear((view - 1) % 4, proposalMessage(block, 1, [firstNotarized, ...skipped]))
    expect(other.engine.status().view).toBe(view)
    expect(votesCastIn(other.effects)).toContain(`notarize ${view}`)
  })

  it('consensus: following: a justification that is too long is not read', () => {
    const solo = createSolo()
    const many = Array.from({ length: JUSTIFICATION_MAX + 1 }, (_, index) =>
      certificateOf('nullify', index + 1, 4),
    )
    const message = proposalMessage(first, 0, many)
    expect(solo.hear(0, message)).toEqual([])
  })

  it('consensus: following: R4 a missing certificate is asked of the leader and is no reason to refuse', () => {
    const solo = createSolo()
    solo.hearCertificate(certificateOf('nullify', 3, 4))
    solo.hear(0, proposalMessage(first, 0))
    const block = blockOn(first, 5)
    solo.hearCertificate(certificateOf('nullify', 4, 4))
    const effects = solo.hear(0, proposalMessage(block, 1))
    expect(saidIn(effects)).toEqual(['send 0 get-certificate 1', 'send 0 get-certificate 2'])
    expect(votesCastIn(effects)).toEqual([])
    solo.hearCertificate(firstNotarized)
    solo.hearCertificate(certificateOf('nullify', 2, 4))
    expect(votesCastIn(solo.effects)).toContain('notarize 5')
  })

  it('consensus: following: R4 a proposal on another parent than the one notarized is refused', () => {
    const solo = inViewTwo()
    const stranger = blockOn(genesis, 1, { salt: 'stranger' })
    expect(votesOn(solo, blockOn(stranger, 2))).toEqual(['nullify 2'])
  })

  it('consensus: following: R4 a proposal that forgets the finalized view is refused', () => {
    const solo = inViewTwo()
    solo.hearCertificate(certificateOf('finalize', proposalOf(first, 0), 4))
    expect(votesOn(solo, blockOn(genesis, 2), 0)).toEqual(['nullify 2'])
  })

  it.each([
    ['height', { ...blockOn(first, 2), height: first.height + 2 }],
    ['view', { ...blockOn(first, 2), view: 1 }],
    ['link', { ...blockOn(first, 2), parentHash: genesis.hash }],
    ['time', blockOn(first, 2, { timestampMs: first.timestampMs - 1 })],
  ])('consensus: following: R4 a block with a wrong %s is refused', (_, block) => {
    const solo = inViewTwo()
    const message = proposalMessage(blockOn(first, 2), 1)
    const proposal = { ...message.proposal, hash: block.hash }
    const vote = voteOf('notarize', 1, proposal)
    const effects = solo.hear(1, { ...message, block, proposal, vote })
    expect(votesCastIn(effects)).toEqual(['nullify 2'])
  })

  it('consensus: following: R4 a block that fails its execution is refused at once', () => {
    const solo = createSolo({ judge: () => false })
    expect(votesCastIn(solo.hear(0, proposalMessage(first, 0)))).toEqual(['nullify 1'])
    expect(factsIn(solo.effects)).not.toContainEqual({ kind: 'divergence', hash: first.hash })
  })

  it('consensus: following: R4 only itself may follow a sealing block, and only a sealing block', () => {
    const sealing = blockOn(genesis, 1, { sealing: true })
    const notarized = certificateOf('notarize', proposalOf(sealing, 0), 4)
    const afterSealing = (message: ReturnType<typeof proposalMessage>): readonly string[] => {
      const solo = createSolo()
      solo.hear(0, proposalMessage(sealing, 0))
      solo.hearCertificate(notarized)
      return votesCastIn(solo.hear(1, message))
    }
    expect(afterSealing(proposalMessage(blockOn(sealing, 2), 1))).toEqual(['nullify 2'])
    expect(afterSealing(proposalMessage(sealing, 1, [], { view: 2 }))).toEqual(['notarize 2'])
    expect(votesCastIn(inViewTwo().hear(1, proposalMessage(first, 1, [], { view: 2 })))).toEqual([
      'nullify 2',
    ])
  })

  it('consensus: following: R4 parents are executed before children', () => {
    const solo = createSolo({ withheld: ['verified'] })
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(firstNotarized)
    const second = blockOn(first, 2)
    solo.hear(1, proposalMessage(second, 1))
    expect(effectsOf(solo.effects, 'verify').map(({ block }) => block.height)).toEqual([
      first.height,
    ])
    solo.feed({ kind: 'verified', hash: first.hash, valid: true })
    expect(effectsOf(solo.effects, 'verify').map(({ block }) => block.height)).toEqual([
      first.height,
      second.height,
    ])
  })
})
