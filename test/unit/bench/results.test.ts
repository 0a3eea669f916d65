import { describe, expect, test } from 'vitest'
import { planRuns, shardsTooMany } from '../../../bench/sweep/plan.ts'
import { limitOf, summarize } from '../../../bench/sweep/results.ts'
import { signatureBoundTps } from '../../../bench/run/signature-bound.ts'
import { spreadOf } from '../../../bench/sweep/statistics.ts'
import { knownRate } from '../../../bench/sweep/sweep.ts'
import { sweepTable } from '../../../bench/sweep/table.ts'
import { madeUpRun as run } from './run-result.ts'

describe('bench: plan', () => {
  test('bench: plan: every second round runs backwards and one shard has no cross-shard runs', () => {
    const wish = { shards: [1, 4], validators: 16, crossShard: [0, 0.25], repeats: 2 } as const
    const order = planRuns({ ...wish, workload: 'transfer', bare: false }).map(
      (one) => `${one.repeat}:${one.shards}@${one.crossShard}`,
    )
    expect(order).toEqual(['1:1@0', '1:4@0', '1:4@0.25', '2:4@0.25', '2:4@0', '2:1@0'])
  })

  test('bench: plan: committees below four are named', () => {
    expect(shardsTooMany([1, 2, 4, 5, 8], 16)).toEqual([5, 8])
  })
})

describe('bench: statistics', () => {
  test('bench: statistics: the median of an even number lies between the middle two', () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ min: 1, median: 2.5, max: 4 })
    expect(spreadOf([5, 1, 3])).toEqual({ min: 1, median: 3, max: 5 })
    expect(spreadOf([])).toEqual({ min: 0, median: 0, max: 0 })
  })
})

describe('bench: results', () => {
  test('bench: results: speedup compares medians with the median of one shard', () => {
    const { summary } = summarize({}, [run(1, 90), run(1, 100), run(1, 110), run(4, 350)])
    expect(summary.speedup).toEqual({ '1': 1, '4': 3.5 })
    expect(summary.efficiency).toEqual({ '1': 1, '4': 0.875 })
  })

  test('bench: results: the speedup by shards is that of the smallest cross-shard share', () => {
    const crossing = run(4, 200, { crossShard: 0.25 })
    expect(summarize({}, [run(1, 100), run(4, 390), crossing]).summary.speedup['4']).toBe(3.9)
    expect(summarize({}, [run(1, 100), crossing, run(4, 390)]).summary.speedup['4']).toBe(3.9)
  })

  test('bench: results: a void run counts for nothing and is shown', () => {
    const results = summarize({}, [run(1, 100), run(4, 999, { audit: 'failed: 1 wei' })])
    expect(results.summary.points.map((point) => point.shards)).toEqual([1])
    expect(results.runs).toHaveLength(2)
    expect(sweepTable(results).join('\n')).toContain('VOID: 4 shards')
  })

  test('bench: results: an idle machine is no evidence, and one idle run spoils its point', () => {
    expect(limitOf(0.15, 0)).toBe('cpu')
    expect(limitOf(0.16, 0)).toBe('config')
    const idle = run(4, 300, { limitedBy: 'config' })
    const { summary } = summarize({}, [run(1, 100), run(4, 350), idle])
    expect(summary.points[1]?.limitedBy).toBe('config')
  })

  test('bench: results: a receipt counts as a transaction only where the slot is the limit', () => {
    const cpu = run(4, 300, { crossShard: 0.25 })
    const slot = { ...cpu, experiment: 'scaling-slot' as const }
    expect(summarize({}, [run(1, 100), cpu]).runs[1]?.ceilingTps).toBe(400)
    expect(summarize({}, [run(1, 100), cpu], 0.4).runs[1]?.ceilingTps).toBeCloseTo(400 / 1.1)
    expect(summarize({}, [run(1, 100), slot]).runs[1]?.ceilingTps).toBe(320)
  })

  test('bench: results: a disturbed run counts only where there is no quiet one', () => {
    const disturbed = run(4, 999, { foreignShare: 0.06 })
    const [, point] = summarize({}, [run(1, 100), run(4, 350), disturbed]).summary.points
    expect(point).toMatchObject({ isDisturbed: false, runs: 1, settledTps: { max: 350 } })
    const alone = summarize({}, [run(1, 100), disturbed])
    expect(alone.summary.points[1]).toMatchObject({ isDisturbed: true, runs: 1 })
    expect(sweepTable(alone).join('\n')).toContain('DISTURBED: 4 shards')
  })

  test('bench: results: a bare chain is a row of its own and no base of comparison', () => {
    const bare = run(1, 400, { chain: 'bare' })
    const { points, speedup } = summarize({}, [bare, run(1, 100), run(4, 350)]).summary
    expect(points.map(({ chain, speedup: own }) => [chain, own])).toEqual([
      ['bare', 4],
      ['sharded', 1],
      ['sharded', 3.5],
    ])
    expect(speedup).toEqual({ '1': 1, '4': 3.5 })
  })

  test('bench: sweep: a search begins where the point, or one like it, stood before', () => {
    const next = (shards: number, crossShard: number) => {
      return knownRate(run(shards, 0, { crossShard }), [
        run(1, 100),
        run(4, 360),
        run(4, 999, { audit: 'failed' }),
      ])
    }
    expect([next(1, 0), next(4, 0), next(4, 0.25), next(2, 0)]).toEqual([
      { rateTps: 100, known: 'same' },
      { rateTps: 360, known: 'same' },
      { rateTps: 360, known: 'similar' },
      { rateTps: 180, known: 'similar' },
    ])
    expect(knownRate(run(1, 0), [])).toBeUndefined()
  })

  test('bench: results: without a run of one shard nothing is compared', () => {
    expect(summarize({}, [run(4, 300)]).summary.efficiency).toEqual({ '4': 0 })
  })

  test('bench: results: the table names committee, faults and the part of the signature bound', () => {
    const [header, row] = sweepTable(summarize({}, [run(1, 250)]))
    expect(header).toContain('tolerates')
    expect(row).toMatch(/1000 \(25 %\)/)
    expect(row).toMatch(/16 +5$/)
  })

  test('bench: results: two cores and committees of four bound 0.1 ms checks at 5000', () => {
    expect(signatureBoundTps(2, 4, 0.0001)).toBeCloseTo(5000)
  })
})
