/**
 * A network under a random schedule of payments, blocks and crosslinks: leaders and followers agree on every block (the
 * world asserts it), value is conserved at every step, receipts arrive once and in order, and everything ends somewhere.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Receipt } from '../../node/crosslink/receipt.ts'
import type { CheckedTransaction } from '../../node/shards/executor.ts'
import { creditOf, flowLimits } from '../../node/shards/flow-control.ts'
import { GATEWAY_ADDRESS } from '../../node/shards/vm/gateway.ts'
import { address, BENEFICIARY, crossPayment, payment } from '../unit/shards/fixture.ts'
import { createWorld, type World } from '../unit/shards/world.ts'

const SHARDS = 3
const ACCOUNTS = 4
/** A window of 64, batches of 7: buffers fill in a few blocks. */
const OPTIONS = { shardCount: SHARDS, gasLimit: 400_000, accountCount: ACCOUNTS }

const intent = fc.record({
  from: fc.nat(ACCOUNTS - 1),
  /** 0: on the own shard. */
  toShard: fc.nat(SHARDS),
  to: fc.constantFrom(address(0), address(1), address(60), GATEWAY_ADDRESS, BENEFICIARY),
  value: fc.bigInt({ min: 0n, max: 200n * 10n ** 18n }),
})
const step = fc.oneof(
  fc.record({
    kind: fc.constant('block' as const),
    shard: fc.integer({ min: 1, max: SHARDS }),
    intents: fc.array(intent, { maxLength: 12 }),
  }),
  fc.record({
    kind: fc.constant('crosslink' as const),
    shards: fc.uniqueArray(fc.integer({ min: 1, max: SHARDS }), { minLength: 1 }),
  }),
)
const schedule = fc.array(step, { minLength: 5, maxLength: 40 })

type Intent = typeof intent extends fc.Arbitrary<infer T> ? T : never

function transactions(
  world: World,
  shard: number,
  intents: readonly Intent[],
): CheckedTransaction[] {
  const config = world.config(shard)
  const nonces = new Map<number, number>()
  return intents.map(({ from, toShard, to, value }) => {
    const nonce = nonces.get(from) ?? world.account(shard, address(from)).nonce
    nonces.set(from, nonce + 1)
    const isLocal = toShard === 0 || toShard === shard
    return isLocal
      ? payment(config, { from, nonce, to, value, gasLimit: 40_000 })
      : crossPayment(config, { from, nonce, toShard, to, value, gasLimit: 40_000 })
  })
}

const shards = Array.from({ length: SHARDS }, (_, index) => index + 1)

function receiptsSent(world: World, source: number, destination: number): readonly Receipt[] {
  return world
    .outcomes(source)
    .flatMap(({ sent }) => sent.filter((batch) => batch.destination === destination))
    .flatMap(({ receipts }) => receipts)
}

function receiptsConsumed(world: World, source: number, destination: number): readonly Receipt[] {
  return world
    .outcomes(destination)
    .flatMap(({ consumed }) => consumed.map(({ receipt }) => receipt))
    .filter((receipt) => receipt.source === source)
}

function sum(receipts: readonly Receipt[]): bigint {
  return receipts.reduce((sum, { amount }) => sum + amount, 0n)
}

/** C1, C2, C3 and C5, restated from what left and what arrived. */
function checkWorld(world: World): void {
  const limits = flowLimits(world.config(1))
  let total = 0n
  let genesis = 0n
  for (const source of shards) {
    const supply = world.supply(source)
    genesis += supply.genesis
    total += supply.balances + supply.buffered + supply.burnt
    for (const destination of shards) {
      const sent = receiptsSent(world, source, destination)
      const consumed = receiptsConsumed(world, source, destination)
      expect(sent.map(({ sequence }) => sequence)).toEqual(sent.map((_, index) => index))
      expect(consumed).toEqual(sent.slice(0, consumed.length))
      expect(sent.length - consumed.length).toBeLessThanOrEqual(creditOf(limits, 2, 0))
      total += sum(sent) - sum(consumed)
    }
  }
  expect(total).toBe(genesis)
}

/** Every shard twice per round, with a crosslink of all between, until nothing is under way. */
function settle(world: World): void {
  for (let round = 0; round < 60; round++) {
    world.crosslink()
    for (const shard of shards) world.advance(shard)
    const open = shards.some((source) =>
      shards.some((destination) => {
        const buffered = world.outcomes(source).at(-1)?.buffered[destination] ?? 0
        const sent = receiptsSent(world, source, destination).length
        return buffered > 0 || sent > receiptsConsumed(world, source, destination).length
      }),
    )
    if (!open) return
  }
  throw new Error('receipts are still under way after 60 rounds')
}

function recount(world: World, shard: number): bigint {
  const indices = [...Array.from({ length: ACCOUNTS }, (_, index) => index), 60]
  const addresses = [...indices.map(address), BENEFICIARY]
  return addresses.reduce((sum, one) => sum + world.account(shard, one).balance, 0n)
}

describe('property: shards', { timeout: 120_000 }, () => {
  test('property: shards: value is conserved and every receipt ends, whatever the schedule', () => {
    fc.assert(
      fc.property(schedule, (steps) => {
        const world = createWorld(OPTIONS)
        for (const step of steps) {
          if (step.kind === 'crosslink') world.crosslink(...step.shards)
          else world.advance(step.shard, transactions(world, step.shard, step.intents))
          checkWorld(world)
        }
        settle(world)
        checkWorld(world)
        for (const shard of shards) {
          const supply = world.supply(shard)
          expect(supply.buffered).toBe(0n)
          expect(recount(world, shard)).toBe(supply.balances)
        }
      }),
      { numRuns: Number(process.env['FC_NUM_RUNS'] ?? 15) },
    )
  })
})
