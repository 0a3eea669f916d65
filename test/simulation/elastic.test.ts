/**
 * Networks that get a shard more or less while they run, in virtual time, under load and through crashes. The court judges
 * conservation at every beacon block; in the end every receipt is consumed and every balance is found.
 */
import { describe, expect, test } from 'vitest'
import { ONE_EPOCH } from '../../node/beacon/epoch.ts'
import type { ShardChange } from '../../node/beacon/shard-change.ts'
import type { BeaconState } from '../../node/beacon/state.ts'
import { personalAccounts } from '../../devnet/accounts.ts'
import { present } from '../../node/primitives/assert.ts'
import type { Address } from '../../node/primitives/identifiers.ts'
import { createPrng, type Prng } from '../../node/primitives/prng.ts'
import type { Order } from './sharded/traffic.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

const NODES = 12

function open(shardCount: number, seed: number) {
  const trial = createTrial({
    shardCount,
    nodeCount: NODES,
    seed,
    genesis: { epochs: { ...ONE_EPOCH, blocks: 6 } },
  })
  trial.startAll()
  trial.world.run(2_000)
  return { trial, dice: createPrng(seed).stream('traffic') }
}

const headOf = ({ world }: Trial, node = 0): BeaconState => world.validator(node).beacon.head()

function support({ world }: Trial, change: ShardChange): void {
  const nodes = Array.from({ length: NODES }, (_, node) => node)
  world.apply({ kind: 'support', nodes, changes: [change] })
}

/** At most one node is away at a time, for a second or two; what its operator wants is told again. */
function trouble(trial: Trial, away: number | undefined, change: ShardChange): number | undefined {
  const { world } = trial
  if (away !== undefined) {
    world.apply({ kind: 'start', nodes: [away] })
    support(trial, change)
    return undefined
  }
  const node = world.now() % NODES
  world.apply({ kind: 'crash', nodes: [node] })
  return node
}

function runUntil(trial: Trial, isThere: () => boolean, withinMs: number): void {
  trial.world.run(
    trial.world.now() + withinMs,
    () => trial.court.violation() !== undefined || isThere(),
  )
  expect(trial.court.violation()).toBeUndefined()
  expect(isThere()).toBe(true)
}

/** As a member of the shard has it. */
function balanceOn(trial: Trial, shard: number, address: Address): bigint {
  const { world } = trial
  const member = headOf(trial).committees[shard]?.find(world.isUp)
  const read = { kind: 'accounts', at: { kind: 'finalized' }, addresses: [address] } as const
  const answer = world.executor(present(member, 'a member is up'), shard).runNow(read)
  return answer.kind === 'accounts' ? (answer.accounts[0]?.balance ?? 0n) : -1n
}

/** Somebody always sends something, and one node at a time is away, until it is so far. */
function untilUnderLoad(trial: Trial, dice: Prng, change: ShardChange, isThere: () => boolean) {
  let away: number | undefined
  for (let round = 0; !isThere(); round++) {
    expect(round).toBeLessThan(200)
    trial.world.run(trial.world.now() + 300)
    trial.traffic.send(trial.traffic.draw(dice), 0)
    if (round % 4 === 3) away = trouble(trial, away, change)
  }
  if (away !== undefined) trial.world.apply({ kind: 'start', nodes: [away] })
}

/** Transactions in no block yet are gone with the pools, so their clients send them again. */
function restartAll(trial: Trial): void {
  trial.stopAll()
  trial.startAll()
  trial.world.run(trial.world.now() + 1_000)
  trial.traffic.sendAgain(0)
}

/** Everybody's client, in turn. */
function sendAll(trial: Trial, orders: readonly Order[]): void {
  for (const [index, order] of orders.entries()) {
    trial.traffic.send(order, index)
    trial.world.run(trial.world.now() + 200)
  }
  expect(trial.settle(120_000), `${trial.traffic.openCount()} orders are open`).toBe(true)
  expect(trial.court.violation()).toBeUndefined()
}

const ETHER = 10n ** 18n

/** Shard 3 is the last one, so shard 1 is what it retires into. */
function expectMovedHome(trial: Trial, senders: readonly number[]): void {
  const addresses = personalAccounts().flatMap(({ address }, index) => {
    return senders.includes(index) ? [address] : []
  })
  const held = addresses.map((address) => balanceOn(trial, 3, address))
  const before = addresses.map((address) => balanceOn(trial, 1, address))
  support(trial, { kind: 'retire', shard: 3 })
  runUntil(trial, () => headOf(trial).shards[2]?.stage === 'retired', 120_000)
  for (const [index, address] of addresses.entries()) {
    expect(held[index]).toBeGreaterThan(0n)
    expect(balanceOn(trial, 1, address)).toBe((before[index] ?? 0n) + (held[index] ?? 0n))
  }
  expect(trial.court.receipts.finish()).toBeUndefined()
}

describe('elastic shards', () => {
  test('elastic shards: B.7: a shard opens under load, is paid by the others, pays them back and retires, through crashes and restarts of all', () => {
    const { trial, dice } = open(2, 1)
    const change: ShardChange = { kind: 'open', shard: 3 }
    support(trial, change)
    untilUnderLoad(trial, dice, change, () => headOf(trial, 1).shards.length === 3)
    // In its first epoch: all that a member has of it is where it began, and maybe a vote.
    restartAll(trial)
    const senders = [0, 1, 2, 3]
    const funded = senders.map((sender): Order => {
      return { shard: 1 + (sender % 2), sender, destination: 3, to: 'self', amount: ETHER }
    })
    sendAll(trial, funded)
    restartAll(trial)
    const paid = senders.map((sender): Order => {
      return { shard: 3, sender, destination: 1 + (sender % 3), to: 'account', amount: 7n }
    })
    sendAll(trial, paid)
    expect(trial.traffic.refusals()).toEqual(new Map())
    expect(trial.court.receipts.finish()).toBeUndefined()
    for (const { shard, address, amount } of trial.traffic.expected().values())
      expect(balanceOn(trial, shard, address)).toBe(amount)
    expectMovedHome(trial, senders)
  })

  test('elastic shards: B.7: a shard is retired under load, and everything it held is found on its successor', () => {
    const { trial, dice } = open(3, 2)
    const change: ShardChange = { kind: 'retire', shard: 2 }
    support(trial, change)
    let before: readonly bigint[] = []
    untilUnderLoad(trial, dice, change, () => {
      if (headOf(trial, 1).shards[1]?.stage !== 'open') return true
      // Once it is not open any more, all of it may be on its way home.
      before = personalAccounts().map(({ address }) => balanceOn(trial, 2, address))
      return false
    })
    runUntil(trial, () => headOf(trial).shards[1]?.stage === 'retired', 120_000)
    expect(trial.court.receipts.finish()).toBeUndefined()
    for (const [index, { address }] of personalAccounts().entries()) {
      // What it had on both; less what it had under way to others in the end.
      expect(before[index]).toBeGreaterThan(0n)
      expect(balanceOn(trial, 3, address)).toBeGreaterThan(before[index] ?? 0n)
    }
    expect(trial.court.conservation.cutCount()).toBeGreaterThan(8)
    const epoch = headOf(trial).epoch
    runUntil(trial, () => headOf(trial).epoch >= epoch + 3, 400_000)
    expect(headOf(trial).committees.map((seats) => seats.length)).toEqual([12, 6, 0, 6])
  })
})
