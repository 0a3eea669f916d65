/**
 * The report's style sheet. Colours by name only, once for light and once for dark; paper is light. The series differ in
 * brightness too, for readers who do not see the colours apart.
 */
const LIGHT = `--ink: #1b1f24; --quiet: #5b6470; --paper: #ffffff; --line: #d8dee6;
  --series-1: #0b5fb0; --series-2: #d9730d; --series-3: #1d7a4b; --series-4: #8a3fa0; --series-5: #c23a54;
  --series-6: #4aa3c7; --series-7: #a08a1e; --series-8: #6c7683; --series-9: #b9c2cc;`
const DARK = `--ink: #e6e9ee; --quiet: #9aa5b1; --paper: #14171b; --line: #333b45;
  --series-1: #6db3ff; --series-2: #ffa364; --series-3: #66cf97; --series-4: #d79bec; --series-5: #ff8297;
  --series-6: #2f87ad; --series-7: #e0c95a; --series-8: #8e99a6; --series-9: #56606b;`

const SERIES = Array.from(
  { length: 9 },
  (_, index) => `.series-${index + 1} { --mark: var(--series-${index + 1}); }`,
).join('\n')

export const STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
@media print { :root { color-scheme: light; ${LIGHT} --ink: #000; --quiet: #444; --line: #bbb; }
  body { max-width: none; padding: 0; font-size: 11pt; }
  main { grid-template-columns: 1fr 1fr; gap: 1.5rem; }
  pre { font-size: 5.5pt; white-space: pre; }
  figure, section { break-inside: avoid; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 0.4rem; text-wrap: balance; }
h2 { font-size: 1.05rem; margin: 0 0 0.6rem; }
header p { font-size: 1.1rem; margin: 0 0 2rem; max-width: 46rem; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 2.5rem; }
figure { margin: 0; min-width: 0; }
section { grid-column: 1 / -1; min-width: 0; }
figcaption, section p { color: var(--quiet); font-size: 0.9rem; max-width: 46rem; margin-top: 0.4rem; }
svg { display: block; width: 100%; height: auto; }
text { font: 12px system-ui, sans-serif; fill: var(--quiet); }
.label { fill: var(--ink); }
.tick { font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); stroke-width: 1; }
.line { fill: none; stroke: var(--mark); stroke-width: 2; }
.fill { fill: var(--mark); stroke: var(--paper); stroke-width: 0.5; print-color-adjust: exact; }
.reference { --mark: var(--quiet); stroke-dasharray: 5 4; stroke-width: 1.5; }
.reference-fine { --mark: var(--quiet); stroke-dasharray: 1.5 3; stroke-width: 1.5; }
.whisker { stroke: var(--mark); stroke-width: 1.5; }
.dot { fill: var(--mark); stroke: var(--paper); stroke-width: 1.5; }
${SERIES}
.legend { display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; list-style: none; margin: 0.4rem 0 0; padding: 0; font-size: 0.85rem; }
.legend li { display: flex; align-items: center; gap: 0.45rem; }
.legend svg { width: 1.5rem; flex: none; }
pre { overflow-x: auto; font: 12px/1.6 ui-monospace, monospace; padding: 0.8rem 0; margin: 0; border-block: 1px solid var(--line); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1.2rem; margin: 0; font-size: 0.9rem; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
`
