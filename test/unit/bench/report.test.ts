/**
 * What a sweep leaves for people: CSV, the report, the comparison of two sweeps.
 */
import { expect, test } from 'vitest'
import {
  comparableSchema,
  compareSweeps,
  comparisonTable,
  differentMachines,
  type Comparable,
} from '../../../bench/report/compare.ts'
import { runsAsCsv } from '../../../bench/report/csv.ts'
import { reportPage } from '../../../bench/report/report.ts'
import { showNumber, ticksUpTo } from '../../../bench/report/svg.ts'
import { summarize, type SweepResults } from '../../../bench/sweep/results.ts'
import { madeUpRun } from './run-result.ts'

function sweepOf(factor: number, cpu = 'a processor'): SweepResults {
  return summarize({ commit: 'abc', cpu, cores: 2, options: { out: '<b>&"' } }, [
    madeUpRun(1, 100 * factor),
    madeUpRun(1, 110 * factor, { repeat: 2 }),
    madeUpRun(4, 350 * factor),
    madeUpRun(4, 330 * factor, { crossShard: 0.25 }),
  ])
}

/** As read from the file that the sweep wrote. */
function readBack(results: SweepResults): Comparable {
  return comparableSchema.parse(JSON.parse(JSON.stringify(results)))
}

test('bench: csv: one line per run, nested figures as columns, no curve', () => {
  const [header, first, ...rest] = runsAsCsv(sweepOf(1)).trimEnd().split('\r\n')
  const columns = header?.split(',') ?? []
  expect(columns).toContain('latencyMs.cross.p99')
  expect(columns.filter((column) => column.startsWith('curve'))).toEqual([])
  expect(first?.split(',')[columns.indexOf('settledTps')]).toBe('100')
  expect(rest).toHaveLength(3)
})

test('bench: csv: commas and quotes are quoted, and no runs are an empty file', () => {
  const results = summarize({}, [madeUpRun(1, 5, { audit: 'failed: "a", b' })])
  expect(runsAsCsv(results)).toContain('"failed: ""a"", b"')
  expect(runsAsCsv(summarize({}, []))).toBe('')
})

test('bench: report: it names its figures, carries its style and asks the network for nothing', () => {
  const page = reportPage(sweepOf(1))
  expect(page).toContain('350 settled transactions per second with 4 shards')
  expect(page).toContain('3.33 times the 105 of one shard')
  expect(page).not.toMatch(/https?:|<script|url\(|@import/)
  // One dot per measured point and series, each with its value in words.
  expect(page).toContain('<title>no cross-shard payments, 4: 350 (350 to 350)</title>')
  expect(page).toContain('<title>25 % cross-shard, 4: 330 (330 to 330)</title>')
})

test('bench: report: what the metadata says is text, never markup', () => {
  const page = reportPage(sweepOf(1))
  expect(page).not.toContain('<b>&"')
  expect(page).toContain('&lt;b&gt;&amp;')
})

test('bench: report: void runs are named, and without a valid one the page says so', () => {
  const page = reportPage(summarize({}, [madeUpRun(4, 350, { audit: 'failed: money is missing' })]))
  expect(page).toContain('there is nothing to show')
  expect(page).toContain('VOID: 4 shards')
})

test('bench: report: ticks are round and reach the largest value', () => {
  expect(ticksUpTo(673)).toEqual([0, 200, 400, 600, 800])
  expect(ticksUpTo(0.9)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
  expect(ticksUpTo(100)).toEqual([0, 20, 40, 60, 80, 100])
  expect(ticksUpTo(0)).toEqual([0, 1])
  expect([0, 0.126, 12.34, 12_345.6].map(showNumber)).toEqual(['0', '0.13', '12.3', '12,346'])
})

test('bench: compare: ratios per point, clear only where the repeats do not overlap', () => {
  const changes = compareSweeps(readBack(sweepOf(1)), readBack(sweepOf(1.05)))
  expect(changes.map(({ shards, settledTps }) => [shards, settledTps.isClear])).toEqual([
    [1, false],
    [4, true],
    [4, true],
  ])
  expect(changes[0]?.settledTps.ratio).toBeCloseTo(1.05, 10)
  expect(comparisonTable(changes)[1]).toContain('no: the repeats overlap')
})

test('bench: compare: two machines are named, one is not', () => {
  const [here, there] = [readBack(sweepOf(1)), readBack(sweepOf(1, 'another'))]
  expect(differentMachines(here, here)).toBeUndefined()
  expect(differentMachines(here, there)).toContain('the machines differ')
})
