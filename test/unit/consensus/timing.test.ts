/** Entering views, timeouts, pacing and the deadline (R1, R6, A.7, A.12). */
import { describe, expect, it } from 'vitest'
import { createCluster } from './support/cluster.ts'
import {
  blockOn,
  certificateOf,
  configOf,
  genesis,
  proposalOf,
  timing,
} from './support/fixtures.ts'
import { createSolo, factsIn, lastDeadline, proposalMessage, votesCastIn } from './support/solo.ts'

const LEADER_MS = 2.5 * timing.deltaMs
const ADVANCE_MS = 5 * timing.deltaMs

describe('consensus: timing', () => {
  it('consensus: timing: R1 any certificate of a later view opens the view after it', () => {
    const block = blockOn(genesis, 41)
    for (const certificate of [
      certificateOf('notarize', proposalOf(block, 0), 4),
      certificateOf('nullify', 41, 4),
      certificateOf('finalize', proposalOf(block, 0), 4),
    ]) {
      const solo = createSolo()
      const effects = solo.hearCertificate(certificate)
      expect(solo.engine.status().view).toBe(42)
      expect(factsIn(effects)).toContainEqual({ kind: 'view-entered', view: 42 })
    }
  })

  it('consensus: timing: R1 a certificate of a past view leaves the view alone', () => {
    const solo = createSolo()
    solo.hearCertificate(certificateOf('nullify', 5, 4))
    solo.hearCertificate(certificateOf('nullify', 2, 4))
    expect(solo.engine.status().view).toBe(6)
  })

  it('consensus: timing: R1 timeouts grow with the views without finality, up to the cap', () => {
    // Certificates of these views open 2, 3, 5, 6, 7 and 21, none of which belongs to seat 3.
    const waits = [1, 2, 4, 5, 6, 20].map((view) => {
      const solo = createSolo({ config: configOf(4, 3, { idleIntervalMs: 0 }) })
      solo.now = 1000
      const effects = solo.hearCertificate(certificateOf('nullify', view, 4))
      return (lastDeadline(effects) ?? 0) - 1000
    })
    expect(waits).toEqual([1, 1, 4, 8, 16, 16].map((scale) => scale * LEADER_MS))
  })

  it('consensus: timing: R1 finality takes the timeouts back to where they were', () => {
    const solo = createSolo({ config: configOf(4, 3, { idleIntervalMs: 0 }) })
    solo.hearCertificate(certificateOf('nullify', 20, 4))
    solo.now = 1000
    const block = blockOn(genesis, 21)
    const effects = solo.hearCertificate(certificateOf('finalize', proposalOf(block, 0), 4))
    expect(solo.engine.status().view).toBe(22)
    // The missing body is asked for again first; the view's own timeout is what is left.
    expect(lastDeadline(effects)).toBe(1000 + 2 * timing.deltaMs)
    solo.hear(0, { kind: 'block', block })
    expect(lastDeadline(solo.effects)).toBe(1000 + timing.blockIntervalMs + LEADER_MS)
  })

  it('consensus: timing: a chain without work waits for the idle interval before it blames a leader', () => {
    const solo = createSolo()
    expect(lastDeadline(solo.effects)).toBe(timing.idleIntervalMs + LEADER_MS)
  })

  it('consensus: timing: A.7 work brings the timeouts forward', () => {
    const solo = createSolo()
    solo.now = 1000
    const effects = solo.feed({ kind: 'work', pending: true })
    expect(lastDeadline(effects)).toBe(1000 + LEADER_MS)
    expect(votesCastIn(solo.tickAt(1000 + LEADER_MS))).toEqual(['nullify 1'])
  })

  it('consensus: timing: work that comes and goes does not put a timeout off for ever', () => {
    const solo = createSolo()
    const latest = timing.idleIntervalMs + LEADER_MS
    let deadline = latest
    for (let at = 100; at < 20_000 && votesCastIn(solo.effects).length === 0; at += 100) {
      solo.now = at
      for (const pending of [true, false]) {
        deadline = lastDeadline(solo.feed({ kind: 'work', pending })) ?? deadline
      }
      if (votesCastIn(solo.effects).length === 0) expect(deadline).toBeLessThanOrEqual(latest)
    }
    expect(votesCastIn(solo.effects)).toEqual(['nullify 1'])
    expect(solo.now).toBeLessThanOrEqual(latest + 100)
  })

  it('consensus: timing: R6 a proposal stops the leader timeout but not the advance timeout', () => {
    const solo = createSolo({ withheld: ['verified'] })
    solo.feed({ kind: 'work', pending: true })
    const effects = solo.hear(0, proposalMessage(blockOn(genesis, 1), 0))
    expect(lastDeadline(effects)).toBe(ADVANCE_MS)
    expect(votesCastIn(solo.tickAt(LEADER_MS))).toEqual([])
    expect(votesCastIn(solo.tickAt(ADVANCE_MS))).toEqual(['nullify 1'])
  })

  it('consensus: timing: a heartbeat proposal in an idle view is not waited for through the idle interval', () => {
    const solo = createSolo({ withheld: ['verified'] })
    solo.now = 40
    const effects = solo.hear(0, proposalMessage(blockOn(genesis, 1), 0))
    expect(lastDeadline(effects)).toBe(40 + ADVANCE_MS)
  })

  it('consensus: timing: A.12 a tick that comes too early is told the deadline again', () => {
    const solo = createSolo()
    const deadline = lastDeadline(solo.effects)
    expect(lastDeadline(solo.tickAt(1))).toBe(deadline)
  })

  it('consensus: timing: A.12 the deadline is never in the past, for seats and observers', () => {
    const cluster = createCluster({
      seatCount: 4,
      observerCount: 1,
      carry: ({ message, at }) => (at % 3 === 0 ? undefined : message),
    })
    cluster.work(true)
    // The engine asserts it after every input; a busy loop would also never reach the end.
    cluster.run(5_000)
    expect(cluster.nodes.map((node) => node.deadline > cluster.now())).not.toContain(false)
  })

  it('consensus: timing: R6 a leader that was silent for long is skipped at once while a quorum is heard', () => {
    const solo = createSolo({ seat: 3 })
    solo.feed({ kind: 'work', pending: true })
    // Seats 0 and 1 speak in views 1..9, seat 2 (leader of views 3, 7, 11) never does.
    for (let view = 1; view <= 9; view++) {
      solo.now = view * 300
      solo.hearVotes('nullify', view, [0, 1])
      solo.hearCertificate(certificateOf('nullify', view, 4, [0, 1, 3]))
    }
    solo.now = 3000
    const effects = [
      ...solo.hearVotes('nullify', 10, [0, 1]),
      ...solo.hearCertificate(certificateOf('nullify', 10, 4, [0, 1, 3])),
    ]
    expect(solo.engine.status().view).toBe(11)
    expect(votesCastIn(effects)).toContain('nullify 11')
  })

  it('consensus: timing: R6 a silent leader is not skipped when the committee was silent too', () => {
    const solo = createSolo({ seat: 3 })
    solo.feed({ kind: 'work', pending: true })
    solo.now = 60_000
    const effects = solo.hearCertificate(certificateOf('nullify', 10, 4, [0, 1, 2]))
    expect(solo.engine.status().view).toBe(11)
    expect(votesCastIn(effects)).not.toContain('nullify 11')
  })

  it('consensus: timing: R6 on an idle chain a leader is not skipped for the silence between heartbeats', () => {
    const solo = createSolo({ seat: 3 })
    solo.hearVotes('nullify', 1, [0, 1, 2])
    solo.now = timing.idleIntervalMs
    // Seat 2, which leads view 3, spoke last in view 1, a whole idle interval ago, and its vote is a little late now.
    solo.hearVotes('nullify', 2, [0, 1])
    const effects = solo.hearCertificate(certificateOf('nullify', 2, 4, [0, 1, 3]))
    expect(solo.engine.status().view).toBe(3)
    expect(votesCastIn([...effects, ...solo.effects])).not.toContain('nullify 3')
  })

  it('consensus: timing: R6 skipTimeout is local only: a skipped leader is heard when it proposes again', () => {
    const cluster = createCluster({ seatCount: 4, timing: { blockIntervalMs: 200 } })
    cluster.work(true)
    cluster.crash(2)
    cluster.run(8_000)
    cluster.restart(2)
    const since = cluster.spoken.length
    cluster.feed(2, { kind: 'work', pending: true })
    const proposes = (): boolean =>
      cluster.spoken
        .slice(since)
        .some(({ from, message }) => from === 2 && message.kind === 'proposal')
    expect(cluster.run(20_000, proposes)).toBe(true)
  })

  it('consensus: timing: an idle chain sends nothing between heartbeats', () => {
    const cluster = createCluster({ seatCount: 4 })
    cluster.run(4 * timing.idleIntervalMs + 1000)
    const times = [...new Set(cluster.spoken.map((spoken) => spoken.at))]
    const gaps = times.map((at, index) => at - (times[index - 1] ?? 0))
    const silences = gaps.filter((gap) => gap > 100)
    expect(silences).toHaveLength(4)
    expect(Math.min(...silences)).toBeGreaterThan(timing.idleIntervalMs - 100)
    expect(cluster.node(0).delivered).toHaveLength(4)
  })

  it('consensus: timing: blocks keep the block interval', () => {
    const cluster = createCluster({ seatCount: 4, timing: { blockIntervalMs: 300 } })
    cluster.work(true)
    cluster.run(6_000)
    const count = cluster.node(0).delivered.length
    expect(count).toBeGreaterThan(15)
    expect(count).toBeLessThanOrEqual(21)
  })
})
