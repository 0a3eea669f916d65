/**
 * What every workload promises (devnet/load/workload-contract.ts), asked of each of them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { crossShareOf, PARTITIONERS, type TraceRow } from '../../devnet/load/partitioner.ts'
import type { Workload } from '../../devnet/load/workload-contract.ts'
import {
  nameWorkload,
  PARTITIONER_NAMES,
  parseWorkload,
  type WorkloadPlan,
} from '../../devnet/load/workload-plan.ts'
import { parseTrace } from '../../devnet/load/workload-trace.ts'
import { openWorkload } from '../../devnet/load/workloads.ts'

const SHARDS = 4
const FACTS = { shardCount: SHARDS, accountsPerShard: 50, crossShard: 0.25 }
const ARRIVALS = 4000

/** Two hundred accounts in twenty circles of friends, who mostly pay each other. */
const TRACE: readonly TraceRow[] = Array.from({ length: 2000 }, (_, index) => {
  const circle = (index * 7) % 20
  const other = index % 10 === 0 ? (circle + 3) % 20 : circle
  const account = (group: number, member: number): string =>
    `0x${(group * 10 + (member % 10) + 1).toString(16).padStart(40, '0')}`
  return { from: account(circle, index), to: account(other, index * 3 + 1) }
})

const directory = mkdtempSync(join(tmpdir(), 'weft-trace-'))
const file = join(directory, 'payments.csv')
const lines = TRACE.map(({ from, to }) => `${from},${to},1000`)
writeFileSync(file, ['from,to,value', ...lines].join('\n'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const PLANS: readonly WorkloadPlan[] = [
  { kind: 'transfer' },
  { kind: 'mixed', hotAccounts: 5, hotShare: 0.8 },
  { kind: 'zipf', exponent: 1 },
  { kind: 'hot-account', share: 0.5 },
  { kind: 'hot-shard', share: 0.6 },
  ...PARTITIONER_NAMES.map((partitioner) => ({ kind: 'trace', file, partitioner }) as const),
]

type Payment = { payer: string; nonce: number; payee: string; from: number; to: number }

/** What a generator would sign for the first arrivals. */
function play(workload: Workload): readonly Payment[] {
  const nonces = new Map<string, number>()
  return Array.from({ length: ARRIVALS }, (_, arrival) => {
    const place = workload.payerOf(arrival)
    const payer = `${place.shard}/${place.index}`
    const nonce = nonces.get(payer) ?? 0
    nonces.set(payer, nonce + 1)
    const { destination, payeeIndex } = workload.paymentOf(place, nonce)
    return {
      payer,
      nonce,
      payee: `${destination}/${payeeIndex}`,
      from: place.shard,
      to: destination,
    }
  })
}

describe.each(PLANS.map((plan) => [nameWorkload(plan), plan] as const))('%s', (_name, plan) => {
  test('workload: contract: every account named exists on its shard', async () => {
    const workload = await openWorkload(plan, FACTS)
    const isWrong = (place: string): boolean => {
      const [shard = 0, index = -1] = place.split('/').map(Number)
      return shard < 1 || shard > SHARDS || index < 0 || index >= workload.accountsPerShard
    }
    const places = play(workload).flatMap(({ payer, payee }) => [payer, payee])
    expect(places).toHaveLength(2 * ARRIVALS)
    expect(places.filter(isWrong)).toEqual([])
  })

  test('workload: contract: one plan gives one sequence, and a payment can be planned again', async () => {
    const [one, two] = [await openWorkload(plan, FACTS), await openWorkload(plan, FACTS)]
    const payments = play(one)
    expect(play(two)).toEqual(payments)
    const changed = payments.toReversed().filter(({ payer, nonce, payee }) => {
      const [shard = 0, index = 0] = payer.split('/').map(Number)
      const again = one.paymentOf({ shard, index }, nonce)
      return `${again.destination}/${again.payeeIndex}` !== payee
    })
    expect(changed).toEqual([])
  })

  test('workload: contract: one shard has nowhere to pay to but itself', async () => {
    const workload = await openWorkload(plan, { ...FACTS, shardCount: 1 })
    expect(play(workload).every(({ from, to }) => from === 1 && to === 1)).toBe(true)
  })
})

function shareOf(payments: readonly Payment[], wanted: (payment: Payment) => boolean): number {
  return payments.filter(wanted).length / payments.length
}

async function payments(plan: WorkloadPlan): Promise<readonly Payment[]> {
  return play(await openWorkload(plan, FACTS))
}

describe('workloads', () => {
  test('workload: skew: so large a part crosses as was asked for', async () => {
    for (const plan of PLANS.slice(0, 3)) {
      const share = shareOf(await payments(plan), ({ from, to }) => from !== to)
      expect(share).toBeGreaterThan(0.22)
      expect(share).toBeLessThan(0.28)
    }
  })

  test('workload: skew: hot accounts, a hot account and a hot shard get their part', async () => {
    const index = (place: string): number => Number(place.split('/')[1])
    const mixed = await payments({ kind: 'mixed', hotAccounts: 5, hotShare: 0.8 })
    expect(shareOf(mixed, ({ payee }) => index(payee) < 5)).toBeCloseTo(0.8, 1)
    expect(shareOf(mixed, ({ payer }) => index(payer) < 5)).toBeCloseTo(0.8, 1)
    const account = await payments({ kind: 'hot-account', share: 0.5 })
    expect(shareOf(account, ({ payee }) => payee === '1/0')).toBeCloseTo(0.5, 1)
    const shard = await payments({ kind: 'hot-shard', share: 0.6 })
    expect(shareOf(shard, ({ from }) => from === 1)).toBeCloseTo(0.6, 1)
  })

  test('workload: zipf: the first account pays about twice as often as the second', async () => {
    const drawn = await payments({ kind: 'zipf', exponent: 1 })
    const first = shareOf(drawn, ({ payer }) => payer.endsWith('/0'))
    const second = shareOf(drawn, ({ payer }) => payer.endsWith('/1'))
    expect(first / second).toBeGreaterThan(1.6)
    expect(first / second).toBeLessThan(2.4)
  })

  test('workload: partitioner: greedy graph cuts fewer payments than hash and keeps shards alike', () => {
    const hash = PARTITIONERS.hash(TRACE, SHARDS)
    const graph = PARTITIONERS.graph(TRACE, SHARDS)
    expect(crossShareOf(TRACE, graph)).toBeLessThan(crossShareOf(TRACE, hash) / 2)
    const loads = Array.from({ length: SHARDS }, () => 0)
    for (const { from } of TRACE) {
      const index = (graph.get(from) ?? 0) - 1
      loads[index] = (loads[index] ?? 0) + 1
    }
    expect(Math.max(...loads) / (TRACE.length / SHARDS)).toBeLessThan(1.3)
  })

  test('workload: trace: a line that is no payment is refused by its number', () => {
    expect(() => parseTrace('from,to\n0x12,0x34,5', 'a.csv')).toThrow('payment 1 of a.csv')
    expect(() => parseTrace('from,to\n', 'a.csv')).toThrow('holds no payment')
  })

  test('workload: words: what is parsed is named the same, and nonsense is refused', () => {
    for (const words of [
      'transfer',
      'mixed:0.7',
      'zipf:1.1',
      'hot-shard:0.4',
      'trace:a.csv:graph',
    ]) {
      const plan = parseWorkload(words)
      expect(plan === undefined ? '' : nameWorkload(plan)).toBe(words)
    }
    for (const words of ['', 'zipf:0', 'mixed:2', 'trace', 'trace:a.csv:best', 'transfer:1']) {
      expect(parseWorkload(words)).toBeUndefined()
    }
  })
})
