/**
 * Whole sharded networks in virtual time, without faults: beacon, shards, receipts; conservation at every beacon block.
 */
import { describe, expect, test } from 'vitest'
import { createPrng } from '../../node/primitives/prng.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

type Load = { readonly orders: number; readonly everyMs: number; readonly seed: number }

function offer(trial: Trial, load: Load): void {
  const dice = createPrng(load.seed).stream('traffic')
  for (let sent = 0; sent < load.orders; sent++) {
    trial.world.run(trial.world.now() + load.everyMs)
    trial.traffic.send(trial.traffic.draw(dice), dice.below(trial.nodeCount))
  }
}

/** What fresh receivers hold, as every node of their shard has executed it. */
function expectBalances(trial: Trial): void {
  for (const { shard, address, amount } of trial.traffic.expected().values()) {
    for (let node = 0; node < trial.nodeCount; node++) {
      if (!trial.world.validator(node).shards.has(shard)) continue
      const answer = trial.world.executor(node, shard).runNow({
        kind: 'accounts',
        at: { kind: 'finalized' },
        addresses: [address],
      })
      const balances = answer.kind === 'accounts' ? answer.accounts.map((one) => one.balance) : []
      expect(balances, `shard ${shard}, node ${node}`).toEqual([amount])
    }
  }
}

function runLoaded(shardCount: number, seed: number): Trial {
  const trial = createTrial({ shardCount, seed })
  trial.startAll()
  trial.world.run(2_000)
  offer(trial, { orders: 40 * shardCount, everyMs: 100, seed })
  const settled = trial.settle(60_000)
  expect(trial.court.violation()).toBeUndefined()
  expect(settled, `${trial.traffic.openCount()} orders are open`).toBe(true)
  return trial
}

describe('sharded: settlement', () => {
  for (const [shardCount, seed] of [
    [2, 1],
    [4, 2],
  ] as const) {
    test(`sharded: settlement: ${shardCount} shards settle everything and conserve every wei`, () => {
      const trial = runLoaded(shardCount, seed)
      expect(trial.traffic.refusals()).toEqual(new Map())
      expect(trial.court.receipts.finish()).toBeUndefined()
      expect(trial.court.receipts.counts().consumed).toBeGreaterThan(10 * shardCount)
      expect(trial.court.receipts.counts().bounced).toBeGreaterThan(0)
      expect(trial.court.conservation.cutCount()).toBeGreaterThan(5)
      expectBalances(trial)
    })
  }

  test('sharded: determinism: one seed gives one event hash', () => {
    const hash = runLoaded(2, 3).world.hash()
    expect(runLoaded(2, 3).world.hash()).toBe(hash)
    expect(runLoaded(2, 4).world.hash()).not.toBe(hash)
  })
})
