/**
 * The chances of committees: published figures, tables computed elsewhere, and the edges.
 */
import { expect, test } from 'vitest'
import { committeeRisk } from '../../../devnet/committee-risk.ts'

const HOUR = { epochSeconds: 3600 }

test('devnet: risk: six committees of 68 out of 408 with 135 bad ones match the published 8.6e-10', () => {
  const risk = committeeRisk({ validators: 408, shards: 6, seats: 68, byzantine: 135, ...HOUR })
  expect(risk.quorum).toBe(46)
  expect(risk.quorumFailure.perDraw).toBeCloseTo(8.6e-10, 11)
  expect(risk.quorumFailure.perYear).toBeCloseTo(8760 * risk.quorumFailure.perDraw, 8)
})

/** One committee; values from tables of the hypergeometric distribution, two digits. */
test.each([
  [256, 25, 16, 2.0e-3, 2e-9],
  [256, 51, 32, 3.0e-2, 8e-11],
  [1024, 204, 16, 8e-2, 2.6e-5],
  [1024, 256, 64, 5.4e-2, 2e-13],
] as const)(
  'devnet: risk: %i validators with %i bad ones and %i seats agree with the tables',
  (validators, byzantine, seats, fork, forged) => {
    const risk = committeeRisk({ validators, shards: 1, seats, byzantine, ...HOUR })
    expect(Math.abs(risk.forkFailure.perDraw / fork - 1)).toBeLessThan(0.08)
    expect(Math.abs(risk.quorumFailure.perDraw / forged - 1)).toBeLessThan(0.3)
  },
)

test('devnet: risk: two bad validators of sixteen break one of four committees in a fifth of the draws', () => {
  const risk = committeeRisk({ validators: 16, shards: 4, seats: 4, byzantine: 2, ...HOUR })
  expect(risk.forkFailure.perDraw).toBeCloseTo(0.2, 12)
  expect(risk.quorumFailure.perDraw).toBe(0)
  expect(risk.quorumFailure.yearsToFailure).toBeNull()
})

test('devnet: risk: nobody bad is no risk, everybody bad is certain', () => {
  const none = committeeRisk({ validators: 20, shards: 2, seats: 10, byzantine: 0, ...HOUR })
  expect([none.forkFailure.perDraw, none.forkFailure.perYear]).toEqual([0, 0])
  const all = committeeRisk({ validators: 20, shards: 2, seats: 10, byzantine: 20, ...HOUR })
  expect([all.quorumFailure.perDraw, all.quorumFailure.perYear]).toEqual([1, 1])
})

test('devnet: risk: B.2: withholding blocks multiplies chances by (1 - p) / (1 - 2p), and without bound from a half on', () => {
  const factors = [0, 20, 25, 50].map(
    (byzantine) =>
      committeeRisk({ validators: 100, shards: 1, seats: 10, byzantine, ...HOUR }).biasFactor,
  )
  expect(factors).toEqual([1, 0.8 / 0.6, 1.5, null])
  // The same by counting: with t last views, 2^t choices.
  let choices = 0
  for (let views = 0; views < 200; views++) choices += 2 ** views * 0.25 ** views * 0.75
  expect(choices).toBeCloseTo(1.5, 12)
})
