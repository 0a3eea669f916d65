/**
 * Charts with one horizontal axis of a few named places (numbers of shards) and a vertical one from zero. Pure.
 *
 * A series is a line with points, or a line alone for what is calculated; a point may carry the extremes of its repeats.
 */
import { drawFrame, placeScale, type Frame } from './frame.ts'
import { element, escapeMarkup, showNumber, type Scale } from './svg.ts'

export type ChartPoint = {
  /** Index of the place on the horizontal axis. */
  readonly at: number
  readonly value: number
  readonly min?: number
  readonly max?: number
}

export type Series = {
  readonly name: string
  /** Class of the marks: `series-1` to `series-9` for measured ones, `reference` for calculated ones. */
  readonly mark: string
  readonly points: readonly ChartPoint[]
}

export type Chart = Frame & {
  readonly places: readonly string[]
  readonly series: readonly Series[]
}

const POINT_RADIUS = 4
const WHISKER = 5

export function drawChart(chart: Chart): string {
  const { places, series } = chart
  const values = series.flatMap(({ points }) =>
    points.flatMap(({ value, max }) => [value, max ?? value]),
  )
  const x = placeScale(places.length)
  return drawFrame(chart, {
    yMax: Math.max(0, ...values),
    xTicks: places.map((label, index) => ({ x: x(index), label })),
    marks: (y) => series.map((one) => drawSeries(one, places, { x, y })),
    legend: series,
  })
}

type Scales = { readonly x: (index: number) => number; readonly y: Scale }

function drawSeries(series: Series, places: readonly string[], { x, y }: Scales): string {
  const { points, mark, name } = series
  const path = points.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
  const line = element('polyline', { class: `line ${mark}`, points: path })
  if (mark.startsWith('reference')) return line
  const marks = points.map(({ at, value, min, max }) => {
    const range =
      min === undefined || max === undefined ? '' : ` (${showNumber(min)} to ${showNumber(max)})`
    const title = `${name}, ${places[at] ?? ''}: ${showNumber(value)}${range}`
    const whiskers =
      min === undefined || max === undefined ? '' : whisker(mark, x(at), [y(min), y(max)])
    const dot = element(
      'circle',
      { class: `dot ${mark}`, cx: x(at), cy: y(value), r: POINT_RADIUS },
      `<title>${escapeMarkup(title)}</title>`,
    )
    return whiskers + dot
  })
  return line + marks.join('')
}

function whisker(mark: string, x: number, [low, high]: readonly [number, number]): string {
  const stroke = (x1: number, x2: number, y1: number, y2: number): string =>
    element('line', { class: `whisker ${mark}`, x1, x2, y1, y2 })
  return (
    stroke(x, x, low, high) +
    stroke(x - WHISKER, x + WHISKER, low, low) +
    stroke(x - WHISKER, x + WHISKER, high, high)
  )
}
