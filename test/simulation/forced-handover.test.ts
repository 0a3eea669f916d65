/**
 * Shards that cannot end their epoch (B.8): the beacon makes them go on from the block it has recorded, and what was final
 * above it is taken back, on every node and through every restart. Three of four members of shard 1 are cut off from all
 * others, so they finalize what nobody hears of.
 */
import { describe, expect, test } from 'vitest'
import { ONE_EPOCH } from '../../node/beacon/epoch.ts'
import type { ShardRecord } from '../../node/crosslink/crosslink.ts'
import { present } from '../../node/primitives/assert.ts'
import { createPrng } from '../../node/primitives/prng.ts'
import type { ValidatorFact } from '../../node/validator/contract.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

type Handover = ValidatorFact & { readonly kind: 'forced-handover' }

const SHARDS = 3
const EPOCH_BLOCKS = 4

function open(seed: number) {
  const handovers: (Handover & { readonly node: number })[] = []
  const trial = createTrial({
    shardCount: SHARDS,
    seed,
    genesis: { epochs: { ...ONE_EPOCH, blocks: EPOCH_BLOCKS } },
    events: {
      onFact: (node, fact) => {
        if (fact.kind === 'forced-handover') handovers.push({ ...fact, node })
      },
    },
  })
  trial.startAll()
  trial.world.run(3_000)
  const dice = createPrng(seed).stream('traffic')
  const send = (count: number, nodes: readonly number[], shard?: number): void => {
    for (let sent = 0; sent < count; sent++) {
      trial.world.run(trial.world.now() + 200)
      const drawn = trial.traffic.draw(dice)
      const order =
        shard === undefined
          ? drawn
          : { ...drawn, shard, destination: shard, to: 'account' as const }
      trial.traffic.send(order, dice.pick(nodes))
    }
  }
  return { trial, handovers, dice, send }
}

const nodesOf = ({ nodeCount }: Trial) => Array.from({ length: nodeCount }, (_, node) => node)

function recordAt({ world }: Trial, node: number): ShardRecord {
  return present(world.validator(node).beacon.head().shards[0], 'there is a shard 1')
}

/** Who is in this shard's committee, as whoever holds it says. */
function committeeAt(trial: Trial, shard: number): readonly number[] {
  const holder = present(holdersOf(trial, shard)[0], 'somebody holds every shard')
  const chain = present(trial.world.validator(holder).chains.get(shard), 'it is held')
  return chain.committee
}

function holdersOf(trial: Trial, shard: number): readonly number[] {
  return nodesOf(trial).filter((node) => trial.world.validator(node).shards.has(shard))
}

/** Cuts three members of shard 1 off. */
function part(trial: Trial) {
  const inside = committeeAt(trial, 1).slice(0, 3)
  const outside = nodesOf(trial).filter((node) => !inside.includes(node))
  const links = inside.flatMap((one) =>
    outside.flatMap((other) => [
      { from: one, to: other },
      { from: other, to: one },
    ]),
  )
  trial.world.apply({ kind: 'cut', links })
  return { inside, outside, observer: present(outside[0], 'most are outside') }
}

/** Until the beacon says so of shard 1. */
function awaitRecord(trial: Trial, observer: number, isSo: (record: ShardRecord) => boolean): void {
  trial.world.run(trial.world.now() + 300_000, () => isSo(recordAt(trial, observer)))
  expect(isSo(recordAt(trial, observer))).toBe(true)
}

/** Everything ended, on one chain; nobody has more or less than the ledger of the clients says. */
function expectWhole(trial: Trial): void {
  const { world, traffic, court } = trial
  world.run(
    world.now() + 90_000,
    () => traffic.openCount() === 0 || court.violation() !== undefined,
  )
  // The ends that were seen first may have been in blocks that are taken back: their transactions come again.
  world.run(world.now() + 20_000, () => court.violation() !== undefined)
  expect(court.violation()).toBeUndefined()
  expect(traffic.openCount()).toBe(0)
  // An idle network turns its chains one after the other, as the beacon's idle blocks come.
  world.run(world.now() + 120_000, () => epochsOf(trial).size === 1)
  expect([...epochsOf(trial)]).toHaveLength(1)
  for (const { shard, address, amount } of traffic.expected().values()) {
    const request = { kind: 'accounts', at: { kind: 'finalized' }, addresses: [address] } as const
    for (const node of settledHolders(trial, shard)) {
      const answer = world.executor(node, shard).runNow(request)
      expect(answer.kind === 'accounts' && answer.accounts[0]?.balance).toBe(amount)
    }
  }
  expect(wealth(trial)).toBe(wealth(trial, 'genesis'))
}

/** Whoever is on its way into a shard does not count. */
function settledHolders(trial: Trial, shard: number): readonly number[] {
  const { world } = trial
  return holdersOf(trial, shard).filter((node) => world.validator(node).served(shard) !== undefined)
}

function epochsOf(trial: Trial): ReadonlySet<number> {
  const { world } = trial
  const epochs = nodesOf(trial).flatMap((node) => {
    const { chains, served } = world.validator(node)
    const settled = [...chains.values()].filter(
      ({ number }) => number === 0 || served(number) !== undefined,
    )
    return settled.map(({ epoch }) => epoch)
  })
  return new Set(epochs)
}

/** Of all shards when nothing is under way. */
function wealth(trial: Trial, at: 'now' | 'genesis' = 'now'): bigint {
  const { world } = trial
  let sum = 0n
  for (let shard = 1; shard <= SHARDS; shard++) {
    const node = present(settledHolders(trial, shard)[0], 'somebody holds every shard')
    const request = { kind: 'supply', at: { kind: 'finalized' } } as const
    const answer = world.executor(node, shard).runNow(request)
    if (answer.kind !== 'supply') throw new Error('a supply')
    const { balances, buffered, burnt, genesis } = answer.supply
    sum += at === 'genesis' ? genesis : balances + buffered + burnt
  }
  return sum
}

describe('forced handover', () => {
  test('forced handover: B.8: a node that crashes at any step of it comes back into the forced epoch', () => {
    const { trial, handovers, dice, send } = open(2)
    const { world } = trial
    send(4, nodesOf(trial))
    const { inside, observer } = part(trial)
    send(6, inside, 1)
    awaitRecord(trial, observer, ({ forcedEpoch }) => forcedEpoch > 0)
    world.apply({ kind: 'heal' })
    for (let step = 0; step < 60; step++) {
      const node = dice.pick(inside)
      world.apply({ kind: 'start', nodes: inside.filter((one) => !world.isUp(one)) })
      world.apply({ kind: 'crash-amid', node, stepsLater: dice.below(12), retention: 'prefix' })
      world.run(world.now() + 100)
    }
    world.calm()
    world.apply({ kind: 'start', nodes: inside.filter((one) => !world.isUp(one)) })
    trial.traffic.sendAgain(observer)
    expectWhole(trial)
    expect(handovers.some(({ orphans }) => orphans > 0)).toBe(true)
  })

  test.each([
    ['in time, it counts', 'recovering', 0],
    ['too late, it is taken back', 'forced', 3],
  ] as const)('forced handover: B.8: racing a late seal: %s', (_, heal, losers) => {
    const { trial, handovers, send } = open(3)
    const { world } = trial
    send(4, nodesOf(trial))
    const member = present(committeeAt(trial, 1)[0], 'a committee has seats')
    const epoch = world.validator(member).beacon.head().epoch
    // All of its members know that the epoch has ended, and nobody hears of the seal that follows.
    world.run(world.now() + 60_000, () =>
      nodesOf(trial).every((node) => world.validator(node).beacon.head().epoch > epoch),
    )
    const { inside, observer } = part(trial)
    send(4, inside, 1)
    awaitRecord(trial, observer, ({ status, forcedEpoch }) =>
      heal === 'recovering' ? status === 'recovering' : forcedEpoch > 0,
    )
    const apart = present(world.validator(member).chains.get(1), 'hosted').epoch
    expect(apart).toBeGreaterThan(recordAt(trial, observer).epoch)
    world.apply({ kind: 'heal' })
    trial.traffic.sendAgain(observer)
    expectWhole(trial)
    const gone = handovers.filter(({ orphans }) => orphans > 0)
    expect(new Set(gone.map(({ node }) => node)).size).toBe(losers)
  })
})
