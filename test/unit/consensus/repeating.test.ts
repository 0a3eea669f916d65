/** What had no effect is said again (R15), and what of it is answered (R12). The engine under test has seat 3. */
import { describe, expect, it } from 'vitest'
import { STANDARD_RULES } from '../../../node/consensus/rules.ts'
import { createCluster, type Spoken } from './support/cluster.ts'
import { blockOn, certificateOf, genesis, proposalOf, timing } from './support/fixtures.ts'
import { createSolo, lastDeadline, proposalMessage, saidIn, votesCastIn } from './support/solo.ts'

const REPEAT_MS = 2 * timing.deltaMs
const ADVANCE_MS = 5 * timing.deltaMs
const first = blockOn(genesis, 1)
const firstProposal = proposalOf(first, 0)
const firstNotarized = certificateOf('notarize', firstProposal, 4)
const firstFinalized = certificateOf('finalize', firstProposal, 4)

describe('consensus: repeating', () => {
  it('consensus: repeating: R15 a NOTARIZE without effect is said again every two deltas until its view is given up', () => {
    const solo = createSolo()
    expect(lastDeadline(solo.hear(0, proposalMessage(first, 0)))).toBe(REPEAT_MS)
    const again = [0, 1, 2].map((to) => `send ${to} vote notarize 1`)
    expect(saidIn(solo.tickAt(REPEAT_MS - 1))).toEqual([])
    expect(saidIn(solo.tickAt(REPEAT_MS))).toEqual(again)
    expect(saidIn(solo.tickAt(REPEAT_MS + 1))).toEqual([])
    expect(saidIn(solo.tickAt(2 * REPEAT_MS))).toEqual(again)
    expect(saidIn(solo.tickAt(ADVANCE_MS))).toEqual(['broadcast vote nullify 1'])
    expect(saidIn(solo.tickAt(3 * REPEAT_MS))).toEqual([])
  })

  it('consensus: repeating: R15 a leader sends its proposal again to those whose NOTARIZE is not here, and to the others its vote', () => {
    const solo = createSolo({ seat: 0 })
    solo.feed({ kind: 'work', pending: true })
    const said = saidIn(solo.effects)
    expect(said).toEqual(['broadcast proposal 1 on 0'])
    solo.hearVotes('notarize', proposalOf(blockOn(genesis, 1), 0), [2])
    expect(saidIn(solo.tickAt(REPEAT_MS))).toEqual([
      'send 1 proposal 1 on 0',
      'send 2 vote notarize 1',
      'send 3 proposal 1 on 0',
    ])
  })

  it('consensus: repeating: R15 a view that is over repeats nothing', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(firstNotarized)
    solo.hearCertificate(firstFinalized)
    expect(saidIn(solo.tickAt(10 * REPEAT_MS)).filter((said) => said.includes(' 1'))).toEqual([])
  })

  it('consensus: repeating: R15 a FINALIZE without effect is said again in pauses that double, six times, and then never', () => {
    const solo = createSolo({ withheld: ['built'] })
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(firstNotarized)
    const times: number[] = []
    for (let at = 10; at <= 60_000; at += 10) {
      if (saidIn(solo.tickAt(at)).includes('broadcast vote finalize 1')) times.push(at)
    }
    expect(times).toEqual([1, 3, 7, 15, 31, 63].map((count) => count * REPEAT_MS))
  })

  it('consensus: repeating: R15 the newest FINALIZE stands for those before it', () => {
    const solo = createSolo()
    const second = blockOn(first, 2)
    solo.hear(0, proposalMessage(first, 0))
    solo.hear(1, proposalMessage(second, 1, [firstNotarized]))
    solo.hearCertificate(certificateOf('notarize', proposalOf(second, 1), 4))
    expect(votesCastIn(solo.effects)).toContain('finalize 1')
    expect(saidIn(solo.tickAt(REPEAT_MS))).toEqual(['broadcast vote finalize 2'])
  })

  it('consensus: repeating: R15 an observer repeats nothing', () => {
    const solo = createSolo({ seat: -1 })
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(firstNotarized)
    expect(saidIn(solo.tickAt(100 * REPEAT_MS))).toEqual([])
  })

  it('consensus: repeating: R12 votes that come late anyway are not answered, repeated ones are', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(firstNotarized)
    solo.hearCertificate(firstFinalized)
    solo.now = REPEAT_MS - 1
    expect(saidIn(solo.hearVotes('notarize', firstProposal, [1]))).toEqual([])
    expect(saidIn(solo.hearVotes('finalize', firstProposal, [2]))).toEqual([])
    solo.now = REPEAT_MS
    expect(saidIn(solo.hearVotes('notarize', firstProposal, [1, 1]))).toEqual([
      'send 1 certificate finalize 1',
    ])
    expect(saidIn(solo.hearVotes('finalize', firstProposal, [2, 2]))).toEqual([
      'send 2 certificate finalize 1',
    ])
  })

  it('consensus: repeating: R12 a FINALIZE above the last finalized view is no question', () => {
    const solo = createSolo()
    solo.hear(0, proposalMessage(first, 0))
    solo.hearCertificate(firstNotarized)
    solo.tickAt(10 * REPEAT_MS)
    expect(saidIn(solo.hearVotes('finalize', firstProposal, [2]))).toEqual([])
  })

  it.each([true, false])(
    'consensus: repeating: R15 a view outlives the loss of each proposal and vote that is said once: %s',
    (repeats) => {
      const said = new Set<string>()
      const cluster = createCluster({
        seatCount: 4,
        rules: { ...STANDARD_RULES, repeats },
        carry: (spoken) => {
          const word = wordOf(spoken)
          if (said.has(word)) return spoken.message
          said.add(word)
          return undefined
        },
      })
      cluster.work(true)
      cluster.run(4 * ADVANCE_MS, () => cluster.node(0).delivered.length > 0)
      const views = cluster.node(0).delivered.map(({ block }) => block.view)
      expect(views).toEqual(repeats ? [1] : [])
    },
  )

  it('consensus: repeating: R1 votes of f + 1 seats end the leader timeout as the proposal would, those of f do not', () => {
    const proposal = proposalOf(blockOn(genesis, 1), 0)
    for (const [voters, timeoutMs] of [
      [[1], 2.5 * timing.deltaMs],
      [[1, 2], ADVANCE_MS],
    ] as const) {
      const solo = createSolo()
      solo.feed({ kind: 'work', pending: true })
      solo.hearVotes('notarize', proposal, voters)
      expect(votesCastIn(solo.tickAt(timeoutMs - 1))).toEqual([])
      expect(votesCastIn(solo.tickAt(timeoutMs))).toEqual(['nullify 1'])
    }
  })
})

/** Who says what to whom; the first of each is lost. */
function wordOf({ from, to, message }: Spoken): string {
  if (message.kind === 'proposal') return `${from} ${to} proposal ${message.proposal.view}`
  if (message.kind !== 'vote') return `${from} ${to} ${message.kind}`
  return `${from} ${to} ${message.vote.kind} ${message.vote.view}`
}
