/**
 * Stacked bars: what a whole is made of, one bar per place. Pure. Parts stand in the same order in every bar and in the
 * legend, the largest at the bottom.
 */
import { drawFrame, placeScale, type Frame } from './frame.ts'
import { element, escapeMarkup, showNumber, type Scale } from './svg.ts'

export type Bar = { readonly place: string; readonly parts: Readonly<Record<string, number>> }

/** More parts than colours: the smallest are put together. */
const PARTS_MAX = 8
const REST = 'everything else'
const WIDTH_MAX = 56

export function drawBars(frame: Frame, bars: readonly Bar[]): string {
  const names = partNames(bars)
  const stacks = bars.map(({ place, parts }) => ({ place, parts: collect(parts, names) }))
  const x = placeScale(bars.length)
  const width = Math.min(WIDTH_MAX, (x(1) - x(0)) * 0.6)
  const markOf = (name: string): string => `series-${1 + names.indexOf(name)}`
  return drawFrame(frame, {
    yMax: Math.max(
      0,
      ...stacks.map(({ parts }) => parts.reduce((sum, [, value]) => sum + value, 0)),
    ),
    xTicks: bars.map(({ place }, index) => ({ x: x(index), label: place })),
    marks: (y) =>
      stacks.map(({ place, parts }, index) =>
        drawStack({ place, parts, x: x(index) - width / 2, width }, y, markOf),
      ),
    legend: names.map((name) => ({ name, mark: markOf(name) })),
    isFilled: true,
  })
}

function partNames(bars: readonly Bar[]): readonly string[] {
  const sums = new Map<string, number>()
  for (const [name, value] of bars.flatMap(({ parts }) => Object.entries(parts))) {
    sums.set(name, (sums.get(name) ?? 0) + value)
  }
  const names = [...sums]
    .filter(([, sum]) => sum > 0)
    .toSorted(([, left], [, right]) => right - left)
    .map(([name]) => name)
  return names.length <= PARTS_MAX ? names : [...names.slice(0, PARTS_MAX), REST]
}

function collect(
  parts: Bar['parts'],
  names: readonly string[],
): readonly (readonly [string, number])[] {
  const rest = Object.entries(parts)
    .filter(([name]) => !names.includes(name))
    .reduce((sum, [, value]) => sum + value, 0)
  return names.map((name) => [name, name === REST ? rest : (parts[name] ?? 0)])
}

function drawStack(
  stack: {
    readonly place: string
    readonly parts: readonly (readonly [string, number])[]
    readonly x: number
    readonly width: number
  },
  y: Scale,
  markOf: (name: string) => string,
): string {
  let below = 0
  return stack.parts
    .map(([name, value]) => {
      const top = y(below + value)
      const height = y(below) - top
      below += value
      const title = `${stack.place}, ${name}: ${showNumber(value)}`
      return element(
        'rect',
        { class: `fill ${markOf(name)}`, x: stack.x, y: top, width: stack.width, height },
        `<title>${escapeMarkup(title)}</title>`,
      )
    })
    .join('')
}
