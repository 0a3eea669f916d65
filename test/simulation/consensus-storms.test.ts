/** Committees of honest validators under drops, partitions, crashes and restarts: always safe, and live afterwards. */
import { describe, expect, test } from 'vitest'
import { failureText } from '../../devnet/simulator/campaign-report.ts'
import {
  playCommittee,
  runCampaign,
  type CampaignFigures,
} from '../../devnet/simulator/campaign.ts'
import { CAMPAIGNS, QUIET } from '../../devnet/simulator/consensus-campaigns.ts'
import { expandPlan } from '../../devnet/simulator/consensus-plan.ts'
import { runConsensus, type ConsensusOutcome } from '../../devnet/simulator/consensus-world.ts'
import { runSeedJobs } from '../../devnet/simulator/seed-jobs.ts'
import { seedCount } from './seeds.ts'

const STORMS = CAMPAIGNS.filter(({ vices }) => vices.length === 0)

function failures({ firstFailure }: CampaignFigures): string {
  return firstFailure === undefined ? 'none' : failureText(firstFailure)
}

describe('consensus: storms', () => {
  for (const shape of STORMS) {
    test(`consensus: storms: ${shape.title}: safe and live`, () => {
      const figures = runCampaign(shape, { first: 1, count: seedCount() })
      expect(failures(figures)).toBe('none')
      expect(figures.evidence > 0).toBe(shape.isSwarm)
      // A storm that did not blow proves nothing.
      expect(figures.restarts > 0).toBe(shape.crashes > 0 || shape.isSwarm)
    })
  }

  test('consensus: storms: each fault of a plan really happens', () => {
    const shape = STORMS.find(({ name }) => name === 'crash') ?? QUIET
    const happened = { dropped: 0, cut: 0, duplicated: 0, replayed: 0 }
    const onOutcome = ({ network }: ConsensusOutcome): void => {
      happened.dropped += network.dropped
      happened.cut += network.cut
      happened.duplicated += network.duplicated
      happened.replayed += network.replayed
    }
    runCampaign(shape, { first: 1, count: 5 }, { onOutcome })
    for (const count of Object.values(happened)) expect(count).toBeGreaterThan(0)
  })
})

describe('consensus: seeds', () => {
  test('consensus: seeds: two processes play what one plays', async () => {
    const shape = STORMS.find(({ name }) => name === 'crash') ?? QUIET
    const play = (seed: number): ConsensusOutcome => playCommittee(shape, seed)
    const range = { campaign: shape.name, first: 1, count: 20, twice: false, play }
    const [alone, together] = await Promise.all(
      [1, 2].map(async (jobs) => {
        const outcomes: ConsensusOutcome[] = []
        await runSeedJobs({
          ...range,
          jobs,
          onResult: (one: ConsensusOutcome) => outcomes.push(one),
        })
        return outcomes.toSorted((left, right) => left.seed - right.seed)
      }),
    )
    expect(alone).toHaveLength(20)
    expect(together).toEqual(alone)
  })
})

/** Links of exactly 50 ms: the figures of the protocol can be read off. */
const EVEN = {
  ...QUIET,
  name: 'even',
  stableAtMs: 0,
  stable: { ...QUIET.stable, delayMinMs: 50, delayHalfLifeMs: 0, delayMaxMs: 50 },
  heightsWanted: 100,
}

describe('consensus: pace', () => {
  test('consensus: pace: a block takes two message delays and two executions', () => {
    for (const seatCount of [4, 7, 16]) {
      const outcome = runConsensus(expandPlan({ ...EVEN, seatCount }, 1))
      expect(outcome.isStuck).toBe(false)
      // 2 x 50 ms, 2 to 8 ms each to build and to verify, and up to 6 ms to sign, sync and check.
      expect(outcome.endedAtMs / EVEN.heightsWanted).toBeGreaterThan(100)
      expect(outcome.endedAtMs / EVEN.heightsWanted).toBeLessThan(126)
    }
  })

  test('consensus: pace: a block costs one proposal and two votes of every seat to every other', () => {
    for (const seatCount of [4, 7]) {
      const { network } = runConsensus(expandPlan({ ...EVEN, seatCount }, 1))
      const perBlock = network.sent / EVEN.heightsWanted
      const votes = (seatCount - 1) * 2 * seatCount
      expect(perBlock).toBeGreaterThan(votes - seatCount)
      expect(perBlock).toBeLessThan(votes * 1.1)
    }
  })

  test('consensus: pace: R16 in a large committee a block costs a proposal, two votes and two certificates per seat', () => {
    for (const seatCount of [8, 16]) {
      const { network } = runConsensus(expandPlan({ ...EVEN, seatCount }, 1))
      const perBlock = network.sent / EVEN.heightsWanted
      const messages = 5 * (seatCount - 1)
      expect(perBlock).toBeGreaterThan(messages - seatCount / 2)
      expect(perBlock).toBeLessThan(messages * 1.1)
    }
  })

  test('consensus: pace: an idle chain is silent between heartbeats', () => {
    const idle = { ...EVEN, work: 'never' as const, idleIntervalMs: 10_000, heightsWanted: 5 }
    const outcome = runConsensus(expandPlan(idle, 1))
    expect(outcome.isStuck).toBe(false)
    expect(outcome.endedAtMs).toBeGreaterThanOrEqual(40_000)
    expect(outcome.network.sent).toBeLessThan(6 * 4 * 3 * 2)
  })
})
