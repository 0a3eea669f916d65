/**
 * Charts with one horizontal axis of a few named places (numbers of shards) and a vertical one from zero. Pure.
 *
 * A series is a line with points, or a line alone for what is calculated; a point may carry the extremes of its repeats.
 */
import { element, escapeMarkup, linearScale, showNumber, ticksUpTo } from './svg.ts'

export type ChartPoint = {
  /** Index of the place on the horizontal axis. */
  readonly at: number
  readonly value: number
  readonly min?: number
  readonly max?: number
}

export type Series = {
  readonly name: string
  /** Class of the marks: `series-1` to `series-4` for measured ones, `reference` for calculated ones. */
  readonly mark: string
  readonly points: readonly ChartPoint[]
}

export type Chart = {
  readonly title: string
  readonly caption: string
  readonly xLabel: string
  readonly yLabel: string
  readonly places: readonly string[]
  readonly series: readonly Series[]
}

const WIDTH = 480
const HEIGHT = 280
const MARGIN = { top: 16, right: 20, bottom: 44, left: 64 }
const POINT_RADIUS = 4
const WHISKER = 5

export function drawChart(chart: Chart): string {
  const values = chart.series.flatMap(({ points }) =>
    points.flatMap(({ value, max }) => [value, max ?? value]),
  )
  const ticks = ticksUpTo(Math.max(0, ...values))
  const top = ticks.at(-1) ?? 1
  const y = linearScale([0, top], [HEIGHT - MARGIN.bottom, MARGIN.top])
  const x = placeScale(chart.places.length)
  const picture = element(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': chart.title },
    ...ticks.map((tick) => gridLine(y(tick), showNumber(tick))),
    ...chart.places.map((place, index) => placeLabel(x(index), place)),
    axisLabels(chart),
    ...chart.series.map((series) => drawSeries(series, chart.places, { x, y })),
  )
  return [
    `<figure><h2>${escapeMarkup(chart.title)}</h2>`,
    picture,
    legend(chart.series),
    `<figcaption>${escapeMarkup(chart.caption)}</figcaption></figure>`,
  ].join('\n')
}

/** Places stand in the middle of equal parts, so that the first and the last have room for their marks. */
function placeScale(count: number): (index: number) => number {
  const width = WIDTH - MARGIN.left - MARGIN.right
  return (index) => MARGIN.left + ((index + 0.5) / Math.max(1, count)) * width
}

function gridLine(y: number, label: string): string {
  return (
    element('line', { class: 'grid', x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y, y2: y }) +
    element('text', { class: 'tick', x: MARGIN.left - 8, y: y + 4, 'text-anchor': 'end' }, label)
  )
}

function placeLabel(x: number, label: string): string {
  const y = HEIGHT - MARGIN.bottom + 18
  return element('text', { class: 'tick', x, y, 'text-anchor': 'middle' }, escapeMarkup(label))
}

function axisLabels({ xLabel, yLabel }: Chart): string {
  const middle = (MARGIN.top + HEIGHT - MARGIN.bottom) / 2
  return (
    element(
      'text',
      {
        class: 'label',
        x: (MARGIN.left + WIDTH - MARGIN.right) / 2,
        y: HEIGHT - 6,
        'text-anchor': 'middle',
      },
      escapeMarkup(xLabel),
    ) +
    element(
      'text',
      { class: 'label', transform: `translate(14 ${middle}) rotate(-90)`, 'text-anchor': 'middle' },
      escapeMarkup(yLabel),
    )
  )
}

type Scales = { readonly x: (index: number) => number; readonly y: (value: number) => number }

function drawSeries(series: Series, places: readonly string[], { x, y }: Scales): string {
  const { points, mark, name } = series
  const path = points.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
  const line = element('polyline', { class: `line ${mark}`, points: path })
  if (mark === 'reference') return line
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

function legend(series: readonly Series[]): string {
  const items = series.map(
    ({ name, mark }) =>
      `<li><svg viewBox="0 0 24 8" aria-hidden="true"><line class="line ${mark}" x1="0" x2="24" y1="4" y2="4"/></svg>${escapeMarkup(name)}</li>`,
  )
  return `<ul class="legend">${items.join('')}</ul>`
}
