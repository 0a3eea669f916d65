import { describe, expect, test } from 'vitest'
import { encodeFunctionData, parseAbi, parseTransaction, recoverTransactionAddress } from 'viem'
import { GATEWAY_ADDRESS } from '../../../node/shards/vm/gateway.ts'
import { loadAccount, withPrefix } from '../../../devnet/accounts.ts'
import { createLatencyHistogram } from '../../../devnet/load/latency.ts'
import {
  arrivalsDue,
  arrivalTime,
  planPayment,
  signPayment,
} from '../../../devnet/load/workload.ts'

const facts = { shardCount: 4, chainIdBase: 713_000 }

function crossingsOf(index: number, count: number, crossShard: number): number[] {
  const destinations = Array.from(
    { length: count },
    (_, nonce) => planPayment({ shard: 2, index, nonce }, crossShard, 4).destination,
  )
  return destinations.filter((destination) => destination !== 2)
}

describe('devnet: workload', () => {
  test.each([0, 0.1, 0.25, 0.5, 1])(
    "devnet: workload: a share of %f of each account's payments leaves its shard",
    (crossShard) => {
      for (const index of [0, 1, 7, 199]) {
        const crossings = crossingsOf(index, 200, crossShard)
        expect(Math.abs(crossings.length - 200 * crossShard)).toBeLessThanOrEqual(1)
      }
    },
  )

  test('devnet: workload: payments that leave reach every other shard equally', () => {
    const counts = new Map<number, number>()
    for (const destination of crossingsOf(3, 300, 1)) {
      counts.set(destination, (counts.get(destination) ?? 0) + 1)
    }
    expect([...counts.keys()].toSorted((left, right) => left - right)).toEqual([1, 3, 4])
    expect([...counts.values()]).toEqual([100, 100, 100])
  })

  test('devnet: workload: with one shard nothing leaves', () => {
    expect(planPayment({ shard: 1, index: 0, nonce: 5 }, 1, 1).destination).toBe(1)
  })

  test('devnet: workload: another implementation reads the signed payment as it was meant', async () => {
    const sender = loadAccount(2, 5)
    const payee = loadAccount(2, 6).address
    const signed = signPayment(
      { shard: 2, nonce: 3, destination: 2, payee },
      sender.secretKey,
      facts,
    )
    const parsed = parseTransaction(signed.raw as `0x02${string}`)
    expect(parsed).toMatchObject({
      chainId: 713_002,
      nonce: 3,
      to: withPrefix(payee),
      gas: 21_000n,
    })
    const serializedTransaction = signed.raw as `0x02${string}`
    expect((await recoverTransactionAddress({ serializedTransaction })).toLowerCase()).toBe(
      withPrefix(sender.address),
    )
  })

  test('devnet: workload: a payment to another shard calls the gateway with its chain id', () => {
    const payee = loadAccount(4, 6).address
    const payment = { shard: 2, nonce: 0, destination: 4, payee }
    const signed = signPayment(payment, loadAccount(2, 5).secretKey, facts)
    const parsed = parseTransaction(signed.raw as `0x02${string}`)
    expect(parsed.to).toBe(withPrefix(GATEWAY_ADDRESS))
    expect(parsed.data).toBe(
      encodeFunctionData({
        abi: parseAbi(['function transfer(uint256 chainId, address to) payable']),
        args: [713_004n, withPrefix(payee) as `0x${string}`],
      }),
    )
  })

  test('devnet: workload: arrivals keep their times when the sender falls behind', () => {
    const clock = { startMs: 1000, ratePerSecond: 10 }
    expect(arrivalsDue(clock, 0, 999)).toBe(0)
    expect(arrivalsDue(clock, 0, 1000)).toBe(1)
    expect(arrivalsDue(clock, 1, 1000)).toBe(0)
    expect(arrivalsDue(clock, 1, 2000)).toBe(10)
    expect(arrivalTime(clock, 10)).toBe(2000)
    expect(arrivalsDue({ startMs: 0, ratePerSecond: 0 }, 0, 1e6)).toBe(0)
  })
})

describe('devnet: latency', () => {
  test('devnet: latency: percentiles are within one percent of the truth', () => {
    const histogram = createLatencyHistogram()
    for (let sample = 1; sample <= 1000; sample++) histogram.add(sample * 3)
    const { p50, p90, p99, max, count } = histogram.summary()
    expect(count).toBe(1000)
    expect(max).toBe(3000)
    expect(Math.abs(p50 - 1500)).toBeLessThanOrEqual(15)
    expect(Math.abs(p90 - 2700)).toBeLessThanOrEqual(27)
    expect(Math.abs(p99 - 2970)).toBeLessThanOrEqual(30)
  })

  test('devnet: latency: nothing measured is zero, one sample is every percentile', () => {
    const histogram = createLatencyHistogram()
    expect(histogram.summary()).toMatchObject({ count: 0, p50: 0, p90: 0, p99: 0, max: 0 })
    histogram.add(250)
    const { p50, p99 } = histogram.summary()
    expect(p50).toBe(p99)
    expect(Math.abs(p50 - 250)).toBeLessThanOrEqual(3)
  })

  test('devnet: latency: a cleared histogram has forgotten', () => {
    const histogram = createLatencyHistogram()
    histogram.add(1e12)
    histogram.clear()
    expect(histogram.summary().count).toBe(0)
  })
})
