/**
 * Runs as CSV (RFC 4180), one line per run, for spreadsheets and data frames. Pure. Nested figures become columns with
 * dotted names; lists (curves) are left to results.json.
 */
type Cell = string | number | boolean
type Row = ReadonlyMap<string, Cell>

/** With a header line; lines end in CRLF. Empty for no runs. */
export function runsAsCsv({ runs }: { readonly runs: readonly object[] }): string {
  const rows = runs.map((run) => flatten(run))
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))]
  if (columns.length === 0) return ''
  const lines = [columns, ...rows.map((row) => columns.map((column) => row.get(column) ?? ''))]
  return lines.map((cells) => `${cells.map(escape).join(',')}\r\n`).join('')
}

function flatten(value: object, prefix = ''): Row {
  const cells = new Map<string, Cell>()
  for (const [name, part] of Object.entries(value) as [string, unknown][]) {
    if (Array.isArray(part)) continue
    if (typeof part === 'object' && part !== null) {
      for (const [inner, cell] of flatten(part, `${prefix}${name}.`)) cells.set(inner, cell)
    } else if (typeof part === 'string' || typeof part === 'number' || typeof part === 'boolean') {
      cells.set(`${prefix}${name}`, part)
    }
  }
  return cells
}

function escape(cell: Cell): string {
  const text = String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
