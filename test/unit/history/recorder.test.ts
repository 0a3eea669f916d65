/** The recorder: what it writes of a true network is accepted, and what it writes of a lying one is not. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkHistoryText } from '../../../devnet/history/check.ts'
import type { Verdict } from '../../../devnet/history/verdict.ts'
import { recordToy } from './toy-network.ts'

function judge(text: string): Verdict {
  const result = checkHistoryText(text)
  if (!result.ok) throw new Error(`line ${result.problem.line}: ${result.problem.sentence}`)
  return result.verdict
}

const rulesOf = ({ contradictions }: Verdict) => new Set(contradictions.map(({ rule }) => rule))

describe('history: recorder', () => {
  test('history: recorder: a true network with refused, lost, doubled and failed payments is accepted', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const verdict = judge(recordToy(seed, 30))
      expect(verdict.contradictions, `seed ${seed}`).toEqual([])
      expect(verdict.kind, `seed ${seed}`).toBe('accepted')
      expect(verdict.counts.ok, `seed ${seed}`).toBeGreaterThan(100)
    }
  })

  test('history: recorder: some of every kind of end is in those recordings', () => {
    const { counts } = judge(recordToy(1, 60))
    expect(counts.fail).toBeGreaterThan(0)
    expect(counts.unknown).toBeGreaterThan(0)
  })

  test('history: recorder: two balances that change places are noticed', () => {
    const verdict = judge(
      recordToy(3, 30, {
        balances: ([first = 0n, second = 0n, ...rest]) => [second, first, ...rest],
      }),
    )
    expect([...rulesOf(verdict)].some((rule) => rule.startsWith('bank/'))).toBe(true)
  })

  test('history: recorder: a block that leaves out a transaction is noticed', () => {
    const verdict = judge(
      recordToy(4, 30, {
        block: (block) => ({ ...block, transactions: block.transactions.slice(1) }),
      }),
    )
    expect([...rulesOf(verdict)].some((rule) => rule.startsWith('append/'))).toBe(true)
  })

  test('history: recorder: a message that is consumed twice is noticed', () => {
    const verdict = judge(
      recordToy(5, 30, {
        block: (block) => ({ ...block, consumed: [...block.consumed, ...block.consumed] }),
      }),
    )
    expect(rulesOf(verdict)).toContain('receipt/twice')
  })
})

describe('history: independence', () => {
  test('history: independence: the checker shares no code with what it checks', () => {
    const root = join(import.meta.dirname, '../../../devnet/history')
    const waiting = [join(root, 'check.ts')]
    const seen = new Set<string>()
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (seen.has(file)) continue
      seen.add(file)
      for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/from '([^']+)'/g)) {
        if (name === 'zod') continue
        expect(name, file).toMatch(/^\.\/[a-z-]+\.ts$/)
        waiting.push(join(dirname(file), name))
      }
    }
    expect(seen.size).toBeGreaterThan(8)
  })
})
