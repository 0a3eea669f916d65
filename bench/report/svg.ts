/**
 * The few shapes that the charts are made of, as SVG text. Pure. Colours are classes, so that the page decides them for
 * light, dark and print; every mark carries a title, so that its value can be read.
 */

/** Only what cannot be written as markup; numbers are rounded to tenths of a pixel. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly string[]
): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapeMarkup(shorten(value))}"`)
    .join('')
  return children.length === 0
    ? `<${name}${written}/>`
    : `<${name}${written}>${children.join('')}</${name}>`
}

export function escapeMarkup(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

function shorten(value: string | number): string {
  return typeof value === 'number' ? String(Math.round(value * 10) / 10) : value
}

export type Scale = (value: number) => number

export function linearScale(
  domain: readonly [number, number],
  range: readonly [number, number],
): Scale {
  const span = domain[1] - domain[0]
  return (value) =>
    span === 0 ? range[0] : range[0] + ((value - domain[0]) / span) * (range[1] - range[0])
}

/** Round values from 0 to just above `max`: 1, 2 or 5 times a power of ten apart, four to eight of them. */
export function ticksUpTo(max: number): readonly number[] {
  if (!(max > 0)) return [0, 1]
  const rough = max / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
  const count = Math.ceil(max / step - 1e-9)
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}

/** 0.05, 1.5, 250, 12,000 */
export function showNumber(value: number): string {
  if (value === 0) return '0'
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return Number(value.toFixed(digits)).toLocaleString('en-US')
}
