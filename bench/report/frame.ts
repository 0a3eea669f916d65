/**
 * What all charts have in common: the room for the marks, a grid from zero, labels, a legend, a caption. Pure.
 */
import { element, escapeMarkup, linearScale, showNumber, ticksUpTo, type Scale } from './svg.ts'

export type Frame = {
  readonly title: string
  readonly caption: string
  readonly xLabel: string
  readonly yLabel: string
}

export type LegendEntry = { readonly name: string; readonly mark: string }

const WIDTH = 480
const HEIGHT = 280
const MARGIN = { top: 16, right: 20, bottom: 44, left: 64 }
export const LEFT = MARGIN.left
export const RIGHT = WIDTH - MARGIN.right
export const BOTTOM = HEIGHT - MARGIN.bottom

/** A figure with its marks in it; `y` turns values into heights of the picture. */
export function drawFrame(
  frame: Frame,
  content: {
    readonly yMax: number
    readonly xTicks: readonly { readonly x: number; readonly label: string }[]
    readonly marks: (y: Scale) => readonly string[]
    readonly legend: readonly LegendEntry[]
    /** Filled squares instead of lines. */
    readonly isFilled?: boolean
  },
): string {
  const ticks = ticksUpTo(content.yMax)
  const y = linearScale([0, ticks.at(-1) ?? 1], [BOTTOM, MARGIN.top])
  const picture = element(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': frame.title },
    ...ticks.map((tick) => gridLine(y(tick), showNumber(tick))),
    ...content.xTicks.map(({ x, label }) => placeLabel(x, label)),
    axisLabels(frame),
    ...content.marks(y),
  )
  return [
    `<figure><h2>${escapeMarkup(frame.title)}</h2>`,
    picture,
    legend(content.legend, content.isFilled === true),
    `<figcaption>${escapeMarkup(frame.caption)}</figcaption></figure>`,
  ].join('\n')
}

/** Places stand in the middle of equal parts, so that the first and the last have room for their marks. */
export function placeScale(count: number): (index: number) => number {
  return (index) => LEFT + ((index + 0.5) / Math.max(1, count)) * (RIGHT - LEFT)
}

function gridLine(y: number, label: string): string {
  return (
    element('line', { class: 'grid', x1: LEFT, x2: RIGHT, y1: y, y2: y }) +
    element('text', { class: 'tick', x: LEFT - 8, y: y + 4, 'text-anchor': 'end' }, label)
  )
}

function placeLabel(x: number, label: string): string {
  const y = BOTTOM + 18
  return element('text', { class: 'tick', x, y, 'text-anchor': 'middle' }, escapeMarkup(label))
}

function axisLabels({ xLabel, yLabel }: Frame): string {
  const middle = (MARGIN.top + BOTTOM) / 2
  return (
    element(
      'text',
      { class: 'label', x: (LEFT + RIGHT) / 2, y: HEIGHT - 6, 'text-anchor': 'middle' },
      escapeMarkup(xLabel),
    ) +
    element(
      'text',
      { class: 'label', transform: `translate(14 ${middle}) rotate(-90)`, 'text-anchor': 'middle' },
      escapeMarkup(yLabel),
    )
  )
}

function legend(entries: readonly LegendEntry[], isFilled: boolean): string {
  const sample = (mark: string): string =>
    isFilled
      ? `<rect class="fill ${mark}" x="6" y="0" width="12" height="8"/>`
      : `<line class="line ${mark}" x1="0" x2="24" y1="4" y2="4"/>`
  const items = entries.map(
    ({ name, mark }) =>
      `<li><svg viewBox="0 0 24 8" aria-hidden="true">${sample(mark)}</svg>${escapeMarkup(name)}</li>`,
  )
  return `<ul class="legend">${items.join('')}</ul>`
}
