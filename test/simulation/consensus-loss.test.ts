/** Lost messages cost a committee little time, and repeating what was lost (R15) costs nothing where nothing is. */
import { describe, expect, test } from 'vitest'
import { measureLoss, type LossSetting } from '../../devnet/simulator/loss-figures.ts'
import { STANDARD_RULES } from '../../node/consensus/rules.ts'

/** As long as forty blocks would take without loss. */
const SETTING: LossSetting = { seatCount: 8, lossPercent: 20, runMs: 40_000, blockIntervalMs: 1000 }
const SILENT = { rules: { ...STANDARD_RULES, repeats: false } }

describe('consensus: loss', () => {
  test('consensus: loss: R15 a committee of eight that loses a fifth of all messages goes on', () => {
    const figures = measureLoss(SETTING, 5)
    // 35 growths of the chain in 40 s, and 4 s at most between two of them, over 200 seeds (docs/protocol/consensus.md).
    expect(figures.blocks).toBeGreaterThan(5 * 30)
    expect(figures.maxMs).toBeLessThan(6000)
    expect(measureLoss(SETTING, 5, SILENT).maxMs).toBeGreaterThan(6000)
  })

  test('consensus: loss: R15 without loss not one message is repeated, busy or idle', () => {
    for (const seatCount of [4, 7]) {
      for (const idleIntervalMs of [undefined, 10_000]) {
        const setting = { ...SETTING, seatCount, lossPercent: 0, idleIntervalMs }
        expect(measureLoss(setting, 3)).toEqual(measureLoss(setting, 3, SILENT))
      }
    }
  })
})
