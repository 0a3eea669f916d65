/** Vices of leaders: what they propose, when, and to whom. */
import { describe, expect, test } from 'vitest'
import { quorumOf } from '../../../node/crosslink/certificate.ts'
import {
  byChainAndView,
  consensusSaid,
  isSignedBy,
  play,
  proposalsSaid,
  refusalsWith,
  votesSaid,
  type Stage,
} from './stage.ts'

/** Of the trial's genesis, for shards and beacon alike. */
const DELTA_MS = 100

function isOwnView(stage: Stage, node: number, chain: number, view: number): boolean {
  return stage.trial.world.validator(node).chains.get(chain)?.leader(view) === node
}

/** Without the repetitions of what had no effect (R15). */
function firstSaid(proposals: ReturnType<typeof proposalsSaid>): ReturnType<typeof proposalsSaid> {
  const known = new Set<string>()
  return proposals.filter(({ node, chain, inner }) => {
    const key = `${node}/${chain}/${inner.proposal.view}`
    return !known.has(key) && known.add(key)
  })
}

describe('adversaries: leaders', () => {
  test('adversaries: equivocator: signs two valid blocks for each view it leads', () => {
    const stage = play('equivocator')
    const views = [...byChainAndView(stage)]
    expect(views.length).toBeGreaterThan(3)
    for (const [view, hashes] of views) expect(hashes.size, view).toBe(2)
    expect(views.some(([view]) => view.startsWith('0/'))).toBe(true)
    for (const one of votesSaid(stage)) expect(isSignedBy(stage, one)).toBe(true)
    expect(stage.refused).toEqual([])
    expect(stage.accused.length).toBeGreaterThan(0)
  })

  test('adversaries: silent-leader: says nothing in its own views and votes in all others', () => {
    const stage = play('silent-leader')
    const votes = votesSaid(stage)
    expect(votes.length).toBeGreaterThan(20)
    for (const { node, chain, vote } of votes) {
      expect(isOwnView(stage, node, chain, vote.view)).toBe(false)
    }
    const led = stage.signed.filter(({ node, chain, vote }) =>
      isOwnView(stage, node, chain, vote.view),
    )
    expect(led.length).toBeGreaterThan(0)
  })

  test('adversaries: body-withholder: shows its block to as many as a quorum needs, and serves none', () => {
    const stage = play('body-withholder')
    const proposals = proposalsSaid(stage)
    expect(proposals.length).toBeGreaterThan(3)
    for (const { node, chain, inner, to } of proposals) {
      const seats = stage.trial.world.validator(node).chains.get(chain)?.committee.length ?? 0
      expect(to.length).toBe(quorumOf(seats) - 1)
      const told = votesSaid(stage).filter(
        (one) => one.inner.kind === 'vote' && one.vote === inner.vote,
      )
      expect(told.flatMap((one) => one.to).length).toBe(seats - 1 - to.length)
    }
    const bodies = stage.said.filter(
      ({ message }) =>
        message.kind === 'receipts' ||
        (message.kind === 'consensus' && ['block', 'range'].includes(message.message.kind)),
    )
    expect(bodies).toEqual([])
  })

  test('adversaries: selective-sender: no two messages reach the same half', () => {
    const stage = play('selective-sender')
    const reached = consensusSaid(stage)
      // What is meant for everybody: votes of a committee of eight go to one seat first (R16).
      .filter(({ chain, inner }) => chain === 0 && inner.kind === 'proposal')
      .map(({ to }) => to.join())
    expect(new Set(reached).size).toBeGreaterThan(3)
    const others = stage.trial.nodeCount - 1
    const sizes = reached.map((to) => to.split(',').length)
    expect(Math.min(...sizes)).toBeLessThan(others / 2)
    expect(sizes.filter((size) => size === others).length).toBeLessThan(sizes.length / 4)
  })

  test('adversaries: late-proposer: proposes when the others are about to give up', () => {
    const stage = play('late-proposer')
    const proposals = firstSaid(proposalsSaid(stage))
    expect(proposals.length).toBeGreaterThan(3)
    for (const { node, chain, at, inner } of proposals) {
      const ready = stage.signed.find(
        (one) =>
          one.node === node &&
          one.chain === chain &&
          one.vote.kind === 'notarize' &&
          one.vote.view === inner.proposal.view,
      )
      const lateness = at - (ready?.at ?? 0)
      expect(lateness).toBeGreaterThanOrEqual(2 * DELTA_MS)
      expect(lateness).toBeLessThan(2.6 * DELTA_MS)
    }
  })

  test('adversaries: wrong-state-root: everybody who executes its blocks gets another state', () => {
    const stage = play('wrong-state-root')
    expect(refusalsWith(stage, 'executing the block gives another stateRoot')).toBeGreaterThan(2)
    expect(refusalsWith(stage, 'wrong-state-root')).toBeGreaterThan(2)
    const honestCount = stage.honest.length
    expect(stage.refused.length).toBeGreaterThanOrEqual(honestCount)
  })
})
