/** The leader's turn (R2). Seat 0 leads view 1, seat 1 view 2 and so on. */
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../node/primitives/bytes.ts'
import { ZERO_HASH } from '../../../node/primitives/hash.ts'
import { JUSTIFICATION_MAX } from '../../../node/primitives/limits.ts'
import {
  blockOn,
  certificateOf,
  configOf,
  genesis,
  proposalOf,
  timing,
} from './support/fixtures.ts'
import {
  createSolo,
  effectsOf,
  lastDeadline,
  proposalMessage,
  saidIn,
  votesCastIn,
  type Solo,
} from './support/solo.ts'

const busy = configOf(4, 0, { idleIntervalMs: 0 })

/** The engine of the seat that leads `view`, always with work. */
function leaderOfView(view: number, options: Parameters<typeof createSolo>[0] = {}): Solo {
  const seat = (view - 1) % 4
  return createSolo({
    ...options,
    config: configOf(4, seat, { idleIntervalMs: 0, blockIntervalMs: 0 }),
  })
}

function proposalsIn(solo: Solo) {
  return effectsOf(solo.effects, 'broadcast').flatMap(({ message }) =>
    message.kind === 'proposal' ? [message] : [],
  )
}

describe('consensus: proposing', () => {
  it('consensus: proposing: R2 the first leader builds on the genesis block and signs by its NOTARIZE', () => {
    const solo = createSolo({ config: busy })
    const [message] = proposalsIn(solo)
    expect(message?.proposal).toMatchObject({ view: 1, parentView: 0, parentHash: genesis.hash })
    expect(message?.vote).toMatchObject({ kind: 'notarize', view: 1, seat: 0 })
    expect(message?.justification).toEqual([])
    expect(saidIn(solo.effects)).toEqual(['broadcast proposal 1 on 0'])
  })

  it('consensus: proposing: the body is stored and the vote is journaled before it is signed', () => {
    const solo = createSolo({ config: busy })
    const kinds = solo.effects.map((effect) => effect.kind)
    const order = ['store-block', 'persist', 'sign', 'broadcast'].map((kind) =>
      kinds.indexOf(kind as (typeof kinds)[number]),
    )
    expect(order).not.toContain(-1)
    expect([...order].sort((a, b) => a - b)).toEqual(order)
  })

  it('consensus: proposing: R2 the justification holds the parent and every skipped view', () => {
    const solo = leaderOfView(4)
    const block = blockOn(genesis, 1)
    solo.hear(0, proposalMessage(block, 0))
    solo.hearCertificate(certificateOf('notarize', proposalOf(block, 0), 4))
    solo.hearCertificate(certificateOf('nullify', 2, 4))
    solo.hearCertificate(certificateOf('nullify', 3, 4))
    const message = proposalsIn(solo).at(-1)
    expect(message?.proposal).toMatchObject({ view: 4, parentView: 1, parentHash: block.hash })
    const kinds = message?.justification.map(({ kind, view }) => `${kind} ${view}`)
    expect(kinds).toEqual(['notarize 1', 'nullify 3', 'nullify 2'])
  })

  it('consensus: proposing: R2 a notarized view is preferred where it was nullified too', () => {
    const solo = leaderOfView(3)
    const block = blockOn(genesis, 1)
    solo.hear(0, proposalMessage(block, 0))
    solo.hearCertificate(certificateOf('nullify', 1, 4))
    solo.hearCertificate(certificateOf('notarize', proposalOf(block, 0), 4))
    solo.hearCertificate(certificateOf('nullify', 2, 4))
    expect(proposalsIn(solo).at(-1)?.proposal.parentView).toBe(1)
  })

  it('consensus: proposing: R2 a missing certificate is asked of everybody, and asked again', () => {
    const solo = leaderOfView(4)
    const effects = solo.hearCertificate(certificateOf('nullify', 3, 4))
    expect(saidIn(effects)).toEqual(['broadcast get-certificate 2', 'broadcast get-certificate 1'])
    expect(lastDeadline(effects)).toBe(3 * timing.deltaMs)
    expect(saidIn(solo.tickAt(300))).toEqual(saidIn(effects))
    expect(proposalsIn(solo)).toEqual([])
    solo.hearCertificate(certificateOf('nullify', 2, 4))
    solo.hearCertificate(certificateOf('nullify', 1, 4))
    expect(proposalsIn(solo)).toHaveLength(1)
  })

  it('consensus: proposing: R2 a leader waits for the body of its parent and for its execution', () => {
    const solo = leaderOfView(2, { withheld: ['verified'] })
    const block = blockOn(genesis, 1)
    const effects = solo.hearCertificate(
      certificateOf('notarize', proposalOf(block, 0), 4, [0, 2, 3]),
    )
    expect(saidIn(effects)).toEqual(['send 3 get-block'])
    solo.hear(undefined, { kind: 'block', block })
    expect(effectsOf(solo.effects, 'verify')).toHaveLength(1)
    expect(effectsOf(solo.effects, 'build')).toEqual([])
    solo.now = 100
    const built = solo.feed({ kind: 'verified', hash: block.hash, valid: true })
    expect(effectsOf(built, 'build')).toMatchObject([{ view: 2, parent: block }])
  })

  it('consensus: proposing: R2 a leader that cannot build nullifies at once', () => {
    const solo = createSolo({ config: busy, build: () => undefined })
    expect(votesCastIn(solo.effects)).toEqual(['nullify 1'])
  })

  it('consensus: proposing: R2 a leader far behind nullifies at once', () => {
    const solo = leaderOfView(42)
    const far = blockOn({ hash: ZERO_HASH, height: genesis.height + 30 }, 41)
    solo.hearCertificate(certificateOf('finalize', proposalOf(far, 40), 4))
    solo.hear(undefined, { kind: 'block', block: far })
    expect(votesCastIn(solo.effects)).toEqual(['nullify 42'])
  })

  it('consensus: proposing: a leader builds once per view', () => {
    const solo = createSolo({ config: busy, withheld: ['built'] })
    solo.tickAt(50)
    solo.feed({ kind: 'work', pending: true })
    expect(effectsOf(solo.effects, 'build')).toHaveLength(1)
  })

  it('consensus: proposing: a block that was built too late is not proposed', () => {
    const solo = createSolo({ config: busy, withheld: ['built'] })
    solo.tickAt(400)
    expect(votesCastIn(solo.effects)).toEqual(['nullify 1'])
    solo.feed({ kind: 'built', view: 1, block: blockOn(genesis, 1) })
    expect(votesCastIn(solo.effects)).toEqual(['nullify 1'])
  })

  it('consensus: proposing: R2 a leader waits out the block interval', () => {
    const config = configOf(1, 0, { idleIntervalMs: 0, blockIntervalMs: 500 })
    const solo = createSolo({ config, seatCount: 1 })
    expect(solo.engine.status().deliveredHeight).toBe(genesis.height + 1)
    expect(lastDeadline(solo.effects)).toBe(500)
    solo.tickAt(499)
    expect(effectsOf(solo.effects, 'build')).toHaveLength(1)
    solo.tickAt(500)
    expect(effectsOf(solo.effects, 'build')).toHaveLength(2)
  })

  it('consensus: proposing: A.7 an idle leader builds a heartbeat, or at once when work comes', () => {
    const idle = createSolo({ seat: 0 })
    expect(effectsOf(idle.effects, 'build')).toEqual([])
    expect(effectsOf(idle.tickAt(timing.idleIntervalMs), 'build')).toHaveLength(1)
    const woken = createSolo({ seat: 0 })
    woken.now = 700
    expect(effectsOf(woken.feed({ kind: 'work', pending: true }), 'build')).toHaveLength(1)
  })

  it('consensus: proposing: R2 a justification has at most as many certificates as a message may carry', () => {
    const view = JUSTIFICATION_MAX + 13
    const solo = leaderOfView(view)
    for (let below = 1; below < view; below++)
      solo.hearCertificate(certificateOf('nullify', below, 4))
    const message = proposalsIn(solo).at(-1)
    expect(message?.proposal).toMatchObject({ view, parentView: 0 })
    expect(message?.justification.length).toBeLessThanOrEqual(JUSTIFICATION_MAX)
    expect(message?.justification.at(0)?.view).toBe(view - 1)
  })

  it('consensus: proposing: R2 after a sealing block the same block is proposed again without building', () => {
    const solo = leaderOfView(2)
    const sealing = blockOn(genesis, 1, { sealing: true })
    solo.hear(0, proposalMessage(sealing, 0))
    solo.hearCertificate(certificateOf('notarize', proposalOf(sealing, 0), 4))
    const message = proposalsIn(solo).at(-1)
    expect(message?.proposal).toMatchObject({ view: 2, parentView: 1 })
    expect(toHex(message?.proposal.hash ?? new Uint8Array())).toBe(toHex(sealing.hash))
    expect(message?.proposal.parentHash).toEqual(sealing.hash)
    expect(effectsOf(solo.effects, 'build')).toEqual([])
  })
})
