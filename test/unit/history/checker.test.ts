/** The offline checker against hand-made histories: each bad one is refused under exactly the rules it names. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkHistoryText } from '../../../devnet/history/check.ts'
import { RULES } from '../../../devnet/history/verdict.ts'
import { appendBad, appendGood } from './append-cases.ts'
import { bankBad } from './bank-bad-cases.ts'
import { bankGood } from './bank-good-cases.ts'
import { receiptBad } from './receipt-bad-cases.ts'
import { receiptGood } from './receipt-good-cases.ts'
import { story, textOf, type Case } from './story.ts'

const workloads = [
  { workload: 'append', good: appendGood, bad: appendBad },
  { workload: 'bank', good: bankGood, bad: bankBad },
  { workload: 'receipt', good: receiptGood, bad: receiptBad },
]

function judge({ lines }: Case) {
  const result = checkHistoryText(textOf(lines))
  if (!result.ok) return { kind: 'malformed', rules: [result.problem.sentence], lines: [] }
  const { kind, contradictions } = result.verdict
  const rules = [...new Set(contradictions.map(({ rule }) => rule))]
  return { kind, rules: rules.toSorted(), lines: contradictions.flatMap((one) => one.lines) }
}

/** Committed as files, so that anybody can hand them to `weft check`; `vitest -u` writes them after a change. */
function fileOf(kind: string, workload: string, { name }: Case): string {
  return `fixtures/${kind}/${workload}-${name.replaceAll(/[^a-z0-9]+/g, '-')}.jsonl`
}

for (const { workload, good, bad } of workloads) {
  describe(`history: ${workload}`, () => {
    test.each(good)(`history: ${workload}: accepted: $name`, async (one) => {
      await expect(textOf(one.lines)).toMatchFileSnapshot(fileOf('good', workload, one))
      expect(judge(one)).toMatchObject({ kind: 'accepted', rules: [] })
    })
    test.each(bad)(`history: ${workload}: refused: $name`, async (one) => {
      await expect(textOf(one.lines)).toMatchFileSnapshot(fileOf('bad', workload, one))
      const verdict = judge(one)
      expect(verdict).toMatchObject({ kind: 'contradicted', rules: one.rules.toSorted() })
      for (const line of verdict.lines) {
        expect(line).toBeGreaterThan(0)
        expect(line).toBeLessThanOrEqual(one.lines.length)
      }
    })
  })
}

test('history: cases: fifty good ones, a hundred bad ones, no two alike, every rule at least twice', () => {
  const good = workloads.flatMap((one) => one.good.map((each) => textOf(each.lines)))
  const bad = workloads.flatMap((one) => one.bad)
  expect(new Set(good).size).toBe(good.length)
  expect(new Set(bad.map((one) => textOf(one.lines))).size).toBe(bad.length)
  expect(good.length).toBeGreaterThanOrEqual(50)
  expect(bad.length).toBeGreaterThanOrEqual(100)
  const tried = bad.flatMap(({ rules }) => rules)
  for (const rule of RULES) {
    expect(tried.filter((one) => one === rule).length, rule).toBeGreaterThanOrEqual(2)
  }
})

test('history: cases: every committed history is one of the cases', () => {
  const named = (kind: 'good' | 'bad') =>
    workloads.flatMap((one) => one[kind].map((each) => fileOf(kind, one.workload, each)))
  const files = (kind: 'good' | 'bad') =>
    readdirSync(new URL(`fixtures/${kind}`, import.meta.url)).map(
      (name) => `fixtures/${kind}/${name}`,
    )
  for (const kind of ['good', 'bad'] as const) {
    expect(files(kind).toSorted()).toEqual(named(kind).toSorted())
  }
})

test('history: cases: docs/history.md describes every rule and counts the cases', () => {
  const page = readFileSync(new URL('../../../docs/history.md', import.meta.url), 'utf8')
  const described = [...page.matchAll(/^\| `((?:bank|append|receipt)\/[a-z-]+)` /gm)].map(
    ([, rule]) => rule,
  )
  expect(new Set(described)).toEqual(new Set(RULES))
  expect(described).toHaveLength(RULES.length)
  const count = (kind: 'good' | 'bad') => workloads.flatMap((one) => one[kind]).length
  expect(page).toContain(`${count('good')} good and ${count('bad')} bad histories`)
})

test('history: bank: a search that gives up is undecided and no pass', () => {
  const accounts = [
    { account: 'rich', shard: 1, balance: '1000' },
    { account: 'poor', shard: 1, balance: '0' },
  ]
  // Forty even amounts never make an odd sum, but only trying all of them would show it.
  const lines = story({ bank: { accounts } }, (say) => {
    for (let index = 0; index < 40; index++) {
      say.ask(index, 'transfer', { id: `t${index}`, from: 'rich', to: 'poor', amount: '2' })
    }
    const balances = { rich: '959', poor: '41' }
    say.run(50, 'balances', {}, { shards: [{ shard: 1, height: 1, balances }] })
  })
  const result = checkHistoryText(textOf(lines))
  expect(result).toMatchObject({ ok: true, verdict: { kind: 'undecided', contradictions: [] } })
})
