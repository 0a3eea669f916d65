/** The tester is tested: each planted fault must be found within few seeds, and its control must be clean. */
import { describe, expect, test } from 'vitest'
import { failureText } from '../../devnet/simulator/campaign-report.ts'
import { runCampaign, type CampaignFigures } from '../../devnet/simulator/campaign.ts'
import type { ConsensusOutcome } from '../../devnet/simulator/consensus-world.ts'
import { present } from '../../node/primitives/assert.ts'
import { PLANTED_FAULTS, type PlantedFault, type Symptom } from './planted/planted.ts'

function shows(outcome: ConsensusOutcome, symptom: Symptom): boolean {
  if (symptom === 'stuck') return outcome.isStuck
  const { violation } = outcome
  return violation !== undefined && symptom.rules.includes(violation.rule)
}

/** The failures of a campaign, up to the first. */
function firstFailure(fault: PlantedFault): ConsensusOutcome | undefined {
  const { ignoredRules = [] } = fault
  const options = { rules: fault.rules, ignoredRules, stopAtFailure: true }
  return runCampaign(fault.shape, { first: 1, count: fault.seedsMax }, options).firstFailure
}

function controlFigures({ control, seedsMax }: PlantedFault): CampaignFigures {
  return runCampaign(control.shape, { first: 1, count: seedsMax }, { rules: control.rules })
}

describe('consensus: planted faults', () => {
  for (const fault of PLANTED_FAULTS) {
    test(`consensus: planted faults: ${fault.name} (${fault.rule}) is found`, () => {
      const failure = present(firstFailure(fault), 'a planted fault makes some seed fail')
      expect(shows(failure, fault.symptom), failureText(failure)).toBe(true)
    })

    test(`consensus: planted faults: without ${fault.name} the same seeds are clean`, () => {
      const { firstFailure: failure } = controlFigures(fault)
      expect(failure === undefined ? 'none' : failureText(failure)).toBe('none')
    })
  }

  test('consensus: planted faults: the vote guard alone keeps a validator with a lying disk from being slashed', () => {
    const lying = present(
      PLANTED_FAULTS.find(({ shape }) => !shape.disksHonourSync),
      'one planted fault is a lying disk',
    )
    const guarded = { ...lying.shape, votesGuarded: true }
    const refused: number[] = []
    const figures = runCampaign(
      guarded,
      { first: 1, count: 30 },
      { onOutcome: ({ violation, seed }) => violation?.rule === 'host' && refused.push(seed) },
    )
    // The guard had to refuse, so there was something to refuse; and nothing else broke.
    expect(refused.length).toBeGreaterThan(10)
    expect(figures.violations).toBe(refused.length)
    const unheard = runCampaign(guarded, { first: 1, count: 30 }, { ignoredRules: ['host'] })
    expect(unheard.violations).toBe(0)
  })
})
