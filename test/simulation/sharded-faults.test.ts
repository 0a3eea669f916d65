/**
 * Whole sharded networks that stop, restart, lose messages and lose executors, in virtual time. The court judges every
 * signature, block and beacon cut on the way; in the end everything that a client was promised is settled.
 */
import { describe, expect, test } from 'vitest'
import { createPrng, type Prng } from '../../node/primitives/prng.ts'
import type { NodeMessage } from '../../node/validator/message.ts'
import { createTrial, type Trial, type TrialOptions } from './sharded/trial.ts'

function open(options: TrialOptions): { readonly trial: Trial; readonly dice: Prng } {
  const trial = createTrial(options)
  trial.startAll()
  trial.world.run(2_000)
  return { trial, dice: createPrng(options.seed).stream('traffic') }
}

/** Random orders through nodes that are up. */
function offer(trial: Trial, dice: Prng, orders: number): void {
  for (let sent = 0; sent < orders; sent++) {
    trial.world.run(trial.world.now() + 100)
    const up = Array.from({ length: trial.nodeCount }, (_, node) => node).filter(trial.world.isUp)
    trial.traffic.send(trial.traffic.draw(dice), dice.pick(up))
  }
}

function expectSettled(trial: Trial, withinMs: number): void {
  const settled = trial.settle(withinMs)
  expect(trial.court.violation()).toBeUndefined()
  const open = `${trial.traffic.openCount()} of ${trial.traffic.sentCount()} orders are open`
  expect(settled, open).toBe(true)
  expect(trial.court.receipts.finish()).toBeUndefined()
}

/** All members of each chain stand at one height or one behind. */
function expectCaughtUp(trial: Trial): void {
  const tips = new Map<number, number[]>()
  for (let node = 0; node < trial.nodeCount; node++) {
    for (const [chain, { status }] of trial.world.validator(node).chains) {
      tips.set(chain, [...(tips.get(chain) ?? []), status().deliveredHeight])
    }
  }
  for (const [chain, heights] of tips) {
    expect(
      Math.max(...heights) - Math.min(...heights),
      `chain ${chain}: ${heights.join()}`,
    ).toBeLessThan(2)
  }
}

function memberOf(trial: Trial, shard: number, seat: number): number {
  return trial.world.validator(0).beacon.head().committees[shard]?.[seat] ?? -1
}

describe('sharded: restarts', () => {
  test('sharded: restarts: one member of each shard stays away for long, catches up and votes', () => {
    const signed = new Map<number, number>()
    const { trial, dice } = open({
      shardCount: 2,
      seed: 11,
      events: { onSigned: (node) => void signed.set(node, trial.world.now()) },
    })
    const away = [memberOf(trial, 1, 0), memberOf(trial, 2, 1)]
    offer(trial, dice, 30)
    for (const node of away) trial.world.stop(node)
    offer(trial, dice, 100)
    trial.world.run(trial.world.now() + 60_000)
    const back = trial.world.now()
    for (const node of away) trial.start(node)
    offer(trial, dice, 30)
    expectSettled(trial, 120_000)
    trial.world.run(trial.world.now() + 25_000)
    expectCaughtUp(trial)
    for (const node of away) expect(signed.get(node)).toBeGreaterThan(back)
  })

  test('sharded: restarts: the leaders of the beacon and of a shard are stopped in turn', () => {
    const { trial, dice } = open({ shardCount: 2, seed: 12 })
    for (let round = 0; round < 4; round++) {
      offer(trial, dice, 15)
      const { chains } = trial.world.validator(round)
      const chain = round % 2 === 0 ? chains.get(0) : [...chains.values()].at(-1)
      const leader = chain?.leader(chain.status().view) ?? 0
      trial.world.stop(leader)
      offer(trial, dice, 15)
      trial.start(leader)
    }
    trial.traffic.sendAgain(0)
    expectSettled(trial, 120_000)
  })

  for (const seed of [21, 22, 23]) {
    test(`sharded: restarts: everybody stops at once and starts again, seed ${seed}`, () => {
      const { trial, dice } = open({ shardCount: 2, seed })
      for (let round = 0; round < 3; round++) {
        offer(trial, dice, 20)
        trial.world.run(trial.world.now() + dice.below(1_500))
        trial.stopAll()
        trial.world.run(trial.world.now() + 1_000)
        trial.startAll()
        // What was final stays; what was only in a mempool is sent again by whoever wants it.
        trial.world.run(trial.world.now() + 2_000)
        trial.traffic.sendAgain(dice.below(trial.nodeCount))
      }
      expectSettled(trial, 180_000)
      expectCaughtUp(trial)
    })
  }

  test('sharded: restarts: a node that lost a shard state replays it from its blocks', () => {
    const { trial, dice } = open({ shardCount: 2, seed: 31 })
    const node = memberOf(trial, 1, 2)
    offer(trial, dice, 60)
    trial.world.run(trial.world.now() + 700_000)
    trial.world.stop(node)
    trial.world.forgetState(node, 1)
    trial.world.run(trial.world.now() + 1_000)
    trial.start(node)
    offer(trial, dice, 20)
    expectSettled(trial, 120_000)
    trial.world.run(trial.world.now() + 30_000)
    const committed = trial.world.validator(node).shards.get(1)?.committedHeight() ?? 0
    expect(committed).toBeGreaterThan(70)
    expectCaughtUp(trial)
  })
})

describe('sharded: losses', () => {
  for (const [perMille, seed] of [
    [100, 41],
    [200, 42],
  ] as const) {
    test(`sharded: losses: ${perMille / 10} % of all messages are lost`, () => {
      const { trial, dice } = open({ shardCount: 2, seed })
      trial.world.setLoss(perMille)
      offer(trial, dice, 60)
      trial.world.run(trial.world.now() + 20_000)
      trial.world.setLoss(0)
      // What a node outside of the committee publishes may be lost to every member; then its sender has to say it again.
      trial.traffic.sendAgain(0)
      expectSettled(trial, 180_000)
    })
  }

  test('sharded: losses: executors die and the lost blocks are executed again', () => {
    let failures = 0
    const { trial, dice } = open({
      shardCount: 2,
      seed: 51,
      events: {
        onFact: (_node, fact) => {
          if (fact.kind === 'executor-failed') failures++
        },
      },
    })
    for (let round = 0; round < 30; round++) {
      offer(trial, dice, 2)
      const shard = 1 + (round % 2)
      trial.world.killExecutor(memberOf(trial, shard, round % 4), shard)
    }
    expectSettled(trial, 120_000)
    expect(failures).toBeGreaterThan(3)
    trial.world.run(trial.world.now() + 25_000)
    expectCaughtUp(trial)
  })

  test('sharded: losses: pushed receipts never arrive, and are pulled', () => {
    const asked = new Set<string>()
    const { trial, dice } = open({
      shardCount: 2,
      seed: 61,
      events: {
        passes: (from, to, message) => {
          if (message.kind === 'get-receipts') asked.add(`${to}-${from}`)
          return message.kind !== 'receipts' || asked.has(`${from}-${to}`)
        },
      },
    })
    offer(trial, dice, 60)
    expectSettled(trial, 120_000)
    expect(asked.size).toBeGreaterThan(0)
  })

  test('sharded: losses: crosslinks that do not arrive are told again, to everybody', () => {
    let lost = 0
    const isLost = (message: NodeMessage): boolean => message.kind === 'crosslink' && lost < 60
    const { trial, dice } = open({
      shardCount: 2,
      seed: 71,
      events: {
        passes: (_from, _to, message) => {
          if (!isLost(message)) return true
          lost++
          return false
        },
      },
    })
    offer(trial, dice, 40)
    expectSettled(trial, 120_000)
    expect(lost).toBe(60)
  })
})
