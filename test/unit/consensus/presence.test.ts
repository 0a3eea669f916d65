/** Who is away is not waited for, until something is heard of it (R17). Four seats or eight; the engine under test has the last. */
import { describe, expect, it } from 'vitest'
import { agree, createCluster } from './support/cluster.ts'
import { blockOn, certificateOf, genesis, proposalOf, timing, voteOf } from './support/fixtures.ts'
import { createSolo, proposalMessage, saidIn, votesCastIn, type Solo } from './support/solo.ts'

const ADVANCE_MS = 5 * timing.deltaMs
const first = blockOn(genesis, 1)

function busySolo(seatCount = 4): Solo {
  const solo = createSolo({ seatCount, seat: seatCount - 1 })
  solo.feed({ kind: 'work', pending: true })
  return solo
}

function lose(solo: Solo, ...seats: readonly number[]) {
  return seats.flatMap((seat) => solo.feed({ kind: 'presence', seat, isAway: true }))
}

function find(solo: Solo, seat: number) {
  return solo.feed({ kind: 'presence', seat, isAway: false })
}

/** Opens the view after this one. */
function skip(solo: Solo, view: number, seatCount = 4) {
  return solo.hearCertificate(certificateOf('nullify', view, seatCount))
}

describe('consensus: presence: leaders', () => {
  it('consensus: presence: R17 the view of a leader that is away is given up on entering it', () => {
    const solo = busySolo()
    lose(solo, 1)
    expect(votesCastIn(skip(solo, 1))).toEqual(['nullify 2'])
    const other = busySolo()
    expect(votesCastIn(skip(other, 1))).toEqual([])
  })

  it('consensus: presence: R17 the current view is given up when its leader goes before it has spoken', () => {
    const solo = busySolo()
    expect(votesCastIn(lose(solo, 0))).toEqual(['nullify 1'])
  })

  it('consensus: presence: R17 a leader that has spoken may go: its view has its own time', () => {
    const solo = createSolo({ withheld: ['verified'] })
    solo.hear(0, proposalMessage(first, 0))
    expect(votesCastIn(lose(solo, 0))).toEqual([])
    expect(votesCastIn(solo.tickAt(ADVANCE_MS - 1))).toEqual([])
    expect(votesCastIn(solo.tickAt(ADVANCE_MS))).toEqual(['nullify 1'])
  })

  it('consensus: presence: R17 a proposal that came before its view is judged, though its leader is away', () => {
    const solo = createSolo()
    const second = blockOn(first, 2)
    solo.hear(0, proposalMessage(first, 0))
    solo.hear(1, proposalMessage(second, 1))
    lose(solo, 1)
    const effects = solo.hearCertificate(certificateOf('notarize', proposalOf(first, 0), 4))
    expect(votesCastIn(effects)).toContain('notarize 2')
  })

  it('consensus: presence: R17 a word of the seat ends it, and so does a connection', () => {
    const heard = busySolo()
    lose(heard, 1)
    heard.hearVote(voteOf('nullify', 1, 1))
    expect(votesCastIn(skip(heard, 1))).toEqual([])
    const connected = busySolo()
    lose(connected, 1)
    find(connected, 1)
    expect(votesCastIn(skip(connected, 1))).toEqual([])
  })

  it('consensus: presence: R17 that it once signed what others show is no word of it', () => {
    const solo = busySolo(8)
    lose(solo, 1)
    const signed = certificateOf('nullify', 1, 8, [0, 1, 2, 3, 4, 5])
    expect(votesCastIn(solo.hearCertificate(signed))).toEqual(['nullify 2'])
  })

  it('consensus: presence: R17 nobody is away where more are than a quorum can spare', () => {
    const solo = busySolo()
    lose(solo, 1)
    expect(votesCastIn([...lose(solo, 2), ...skip(solo, 1)])).toEqual([])
    // One of two is back, and the other one, who leads, counts again.
    expect(votesCastIn(find(solo, 2))).toEqual(['nullify 2'])
  })

  it('consensus: presence: R17 an idle chain gives up the view and goes on resting', () => {
    const solo = createSolo()
    expect(votesCastIn(lose(solo, 0))).toEqual(['nullify 1'])
    skip(solo, 1)
    expect(votesCastIn(solo.tickAt(timing.idleIntervalMs))).toEqual([])
  })

  it('consensus: presence: R17 an observer, and a seat that leads itself, cast nothing', () => {
    const observer = createSolo({ seat: -1 })
    expect(votesCastIn(lose(observer, 0))).toEqual([])
    const leader = createSolo({ seat: 0, withheld: ['built'] })
    expect(votesCastIn(lose(leader, 0, 1))).toEqual([])
  })
})

describe('consensus: presence: collectors', () => {
  const SEATS = 8
  const proposal = proposalOf(first, 0)
  const notarized = certificateOf('notarize', proposal, SEATS)
  const proposed = proposalMessage(first, 0, [], { seatCount: SEATS })

  it('consensus: presence: R17 what a collector that is away would be told goes to everybody', () => {
    const solo = createSolo({ seatCount: SEATS, seat: 5 })
    lose(solo, 1)
    expect(saidIn(solo.hear(0, proposed))).toEqual(['broadcast vote notarize 1'])
  })

  it('consensus: presence: R17 what only a collector was told goes to everybody when it goes away, once', () => {
    const solo = createSolo({ seatCount: SEATS, seat: 5 })
    solo.hear(0, proposed)
    expect(saidIn(lose(solo, 1))).toEqual(['broadcast vote notarize 1'])
    find(solo, 1)
    expect(saidIn(lose(solo, 1))).toEqual([])
    // Nor does the next vote of that view wait for it, whether or not it is back.
    find(solo, 1)
    expect(saidIn(solo.hearCertificate(notarized))).toEqual(['broadcast vote finalize 1'])
  })

  it('consensus: presence: R17 a FINALIZE without effect is said again, the NOTARIZE of a view that is over is not', () => {
    const solo = createSolo({ seatCount: SEATS, seat: 5 })
    solo.hear(0, proposed)
    solo.hearCertificate(notarized)
    const said = saidIn(lose(solo, 1))
    expect(said).toContain('broadcast vote finalize 1')
    expect(said).not.toContain('broadcast vote notarize 1')
  })

  it('consensus: presence: R17 what has had its effect is not said again', () => {
    const solo = createSolo({ seatCount: SEATS, seat: 5 })
    solo.hear(0, proposed)
    solo.hearCertificate(notarized)
    solo.hearCertificate(certificateOf('finalize', proposal, SEATS))
    expect(saidIn(lose(solo, 1))).not.toContain('broadcast vote finalize 1')
  })

  it('consensus: presence: R17 a leader does not say its NOTARIZE again: its proposal was said to everybody', () => {
    const solo = createSolo({ seatCount: SEATS, seat: 0 })
    solo.feed({ kind: 'work', pending: true })
    solo.tickAt(timing.blockIntervalMs)
    expect(saidIn(solo.effects)).toContain('broadcast proposal 1 on 0')
    expect(saidIn(lose(solo, 1))).toEqual([])
  })

  it('consensus: presence: R17 seven seats have no collector, and say nothing again', () => {
    const solo = createSolo({ seatCount: 7, seat: 5 })
    solo.hear(0, proposalMessage(first, 0, [], { seatCount: 7 }))
    expect(saidIn(lose(solo, 1))).toEqual([])
  })
})

describe('consensus: presence: a committee', () => {
  /** When the others have three blocks more, after the leader of the third view was lost in the second. */
  function delayOf(isTold: boolean): number {
    const cluster = createCluster({ seatCount: 8 })
    cluster.work(true)
    const live = cluster.nodes.filter(({ index }) => index !== 2)
    const hasBlocks = (count: number) => () =>
      live.every(({ delivered }) => delivered.length >= count)
    const isInSecond = (): boolean => live.every(({ engine }) => engine.status().view === 2)
    expect(cluster.run(20_000, isInSecond)).toBe(true)
    const from = cluster.now()
    cluster.crash(2)
    if (isTold)
      for (const { index } of live) cluster.feed(index, { kind: 'presence', seat: 2, isAway: true })
    expect(cluster.run(20_000, hasBlocks(4))).toBe(true)
    expect(agree(cluster)).toBe(true)
    return cluster.now() - from
  }

  it('consensus: presence: R17 a committee that sees its collector and next leader go waits for no timeout', () => {
    // Votes are not repeated (2 deltas), and the leader is not waited for (2.5 deltas).
    expect(delayOf(false) - delayOf(true)).toBeGreaterThanOrEqual(4 * timing.deltaMs)
  })
})
