/**
 * A report as one HTML file without scripts or anything from the network, for screens light and dark and for paper. Pure.
 */
import { STYLE } from './style.ts'
import { escapeMarkup } from './svg.ts'

export type Page = {
  readonly title: string
  readonly headline: string
  /** Figures, as markup. */
  readonly figures: readonly string[]
  readonly tables: readonly {
    readonly title: string
    readonly lines: readonly string[]
    readonly note: string
  }[]
  readonly metadata: Readonly<Record<string, unknown>>
}

export function writePage({ title, headline, figures, tables, metadata }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Weft: ${escapeMarkup(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escapeMarkup(title)}</h1>
<p>${escapeMarkup(headline)}</p>
</header>
<main>
${figures.join('\n')}
${tables.map(writeTable).join('\n')}
<section>
<h2>Machine and code</h2>
<dl>${Object.entries(metadata).map(definition).join('\n')}</dl>
</section>
</main>
</body>
</html>
`
}

function writeTable({ title, lines, note }: Page['tables'][number]): string {
  return `<section>
<h2>${escapeMarkup(title)}</h2>
<pre>${lines.map(escapeMarkup).join('\n')}</pre>
<p>${escapeMarkup(note)}</p>
</section>`
}

function definition([name, value]: readonly [string, unknown]): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `<dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(text)}</dd>`
}
