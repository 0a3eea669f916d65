/**
 * Distributions as rising curves: how many per cent were done after so many seconds. Pure. The horizontal axis is
 * logarithmic, because the slow ones are many times slower than most.
 */
import { CURVE_SHARES } from '../../devnet/load/latency.ts'
import { BOTTOM, drawFrame, LEFT, RIGHT, type Frame } from './frame.ts'
import { element, escapeMarkup, showNumber } from './svg.ts'

export type Distribution = {
  readonly name: string
  readonly mark: string
  /** Milliseconds at each of CURVE_SHARES. */
  readonly curve: readonly number[]
}

const SECONDS_TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]

export function drawDistributions(frame: Frame, distributions: readonly Distribution[]): string {
  const values = distributions.flatMap(({ curve }) => curve.map((value) => value / 1000))
  const positive = values.filter((value) => value > 0)
  const low = Math.min(1, ...positive)
  const high = Math.max(low * 2, ...positive)
  const from = SECONDS_TICKS.findLast((tick) => tick <= low) ?? 0.1
  const to = SECONDS_TICKS.find((tick) => tick >= high) ?? 100
  const x = (seconds: number): number => {
    const part = Math.log(Math.max(seconds, from) / from) / Math.log(to / from)
    return LEFT + Math.min(1, part) * (RIGHT - LEFT)
  }
  return drawFrame(frame, {
    yMax: 100,
    xTicks: SECONDS_TICKS.filter((tick) => tick >= from && tick <= to).map((tick) => {
      return { x: x(tick), label: showNumber(tick) }
    }),
    marks: (y) => [
      element('line', { class: 'grid', x1: LEFT, x2: LEFT, y1: BOTTOM, y2: y(100) }),
      ...distributions.map(({ name, mark, curve }) => {
        const points = curve.map((milliseconds, index) => {
          const share = CURVE_SHARES[index] ?? 1
          return `${x(milliseconds / 1000).toFixed(1)},${y(share * 100).toFixed(1)}`
        })
        const half = (curve[CURVE_SHARES.indexOf(0.5)] ?? 0) / 1000
        return element(
          'polyline',
          { class: `line ${mark}`, points: points.join(' ') },
          `<title>${escapeMarkup(`${name}: half within ${showNumber(half)} s`)}</title>`,
        )
      }),
    ],
    legend: distributions,
  })
}
