/** Committees with up to f byzantine seats in a storm: always safe, live afterwards, and only the guilty are accused. */
import { describe, expect, test } from 'vitest'
import { failureText } from '../../devnet/simulator/campaign-report.ts'
import { runCampaign, type CampaignFigures } from '../../devnet/simulator/campaign.ts'
import { CAMPAIGNS } from '../../devnet/simulator/consensus-campaigns.ts'
import { seedCount } from './seeds.ts'

const BYZANTINE = CAMPAIGNS.filter(({ vices }) => vices.length > 0)

/** Vices that sign two things of one view leave evidence; the others leave none. */
const EVIDENT = new Set(['twins', 'vote-for-everything', 'equivocating-leader'])

function failures({ firstFailure }: CampaignFigures): string {
  return firstFailure === undefined ? 'none' : failureText(firstFailure)
}

describe('consensus: byzantine seats', () => {
  for (const shape of BYZANTINE) {
    test(`consensus: byzantine seats: ${shape.title}: safe and live`, () => {
      const figures = runCampaign(shape, { first: 1, count: seedCount() })
      expect(failures(figures)).toBe('none')
      expect(figures.evidence > 0).toBe(shape.vices.some((vice) => EVIDENT.has(vice)))
    })
  }

  test('consensus: byzantine seats: there are never more of them than a committee tolerates', () => {
    for (const { seatCount, vices } of BYZANTINE) {
      expect(vices.length).toBeLessThanOrEqual(Math.floor((seatCount - 1) / 3))
    }
  })
})
