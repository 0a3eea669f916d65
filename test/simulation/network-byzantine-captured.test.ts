/**
 * Control runs outside of the model: every member of one shard's committee has the same vice. The other shards and the
 * beacon must go on as if nothing were. What this version cannot promise is said here by tests of its own: a shard's validity
 * is its committee's word, and so is that its receipts can be had (docs/reliability.md, "Adversaries").
 */
import { describe, expect, test } from 'vitest'
import { thiefOf } from '../../devnet/adversaries/thief.ts'
import { toHex } from '../../node/primitives/bytes.ts'
import { ZERO_HASH } from '../../node/primitives/hash.ts'
import { createPrng, type Prng } from '../../node/primitives/prng.ts'
import { createTrial, type Trial } from './sharded/trial.ts'

const SHARDS = 4
const CAPTURED = 1
/** Ten accounts with 10^22 wei on each shard. */
const SHARD_MONEY = 10n * 10n ** 22n

type Scene = { readonly trial: Trial; readonly honest: readonly number[]; readonly dice: Prng }

function capture(vice: string, seed: number): Scene {
  const trial = createTrial({ shardCount: SHARDS, seed })
  const { committees } = trial.world.validator(0).beacon.head()
  const captured = committees[CAPTURED] ?? []
  const nodes = Array.from({ length: trial.nodeCount }, (_, node) => node)
  trial.startAll()
  trial.world.apply({ kind: 'byzantine', nodes: captured, vice })
  trial.world.run(2_000)
  const honest = nodes.filter((node) => !captured.includes(node))
  return { trial, honest, dice: createPrng(seed).stream('traffic') }
}

/** Traffic among these shards settles whatever the captured one does; so many orders of others still wait. */
function expectOthersGoOn(
  { trial, honest, dice }: Scene,
  others: readonly number[] = [2, 3, 4],
  waiting = 0,
): void {
  const { world, traffic } = trial
  for (let sent = 0; sent < 60; sent++) {
    world.run(world.now() + 100)
    const shard = dice.pick(others)
    const destination = dice.pick(others)
    const order = { shard, destination, sender: dice.below(10), to: 'account', amount: 5n } as const
    traffic.send(order, dice.pick(honest))
  }
  world.run(world.now() + 30_000, () => traffic.openCount() === waiting)
  expect(traffic.openCount()).toBe(waiting)
  expect(traffic.refusals()).toEqual(new Map())
  expectAgreement(trial)
}

/** Honest members of a shard hold one state. */
function expectAgreement({ world }: Trial): void {
  const { committees } = world.validator(0).beacon.head()
  world.run(world.now() + 15_000)
  for (let shard = 2; shard <= SHARDS; shard++) {
    const roots = (committees[shard] ?? []).map((node) => {
      const status = world.executor(node, shard).runNow({ kind: 'status' })
      return status.kind === 'status' ? `${status.height}/${toHex(status.stateRoot)}` : ''
    })
    const byHeight = new Map(roots.map((text) => text.split('/') as [string, string]))
    expect(new Set(roots).size).toBe(byHeight.size)
  }
}

/** What stands in a shard's accounts and buffers, and what was burnt there. */
function moneyOf({ world }: Trial, shard: number): bigint {
  const node = world.validator(0).beacon.head().committees[shard]?.[0] ?? -1
  const answer = world.executor(node, shard).runNow({ kind: 'supply', at: { kind: 'finalized' } })
  if (answer.kind !== 'supply') throw new Error('an executor knows its supply')
  const { balances, buffered, burnt } = answer.supply
  return balances + buffered + burnt
}

/**
 * What the others have, and what the captured shard may still send them: its genesis and what was sent to it, less what it
 * has sent (C.3 (8)). What its own members say they have counts for nothing.
 */
function moneyThereIs(trial: Trial): bigint {
  const { shards } = trial.world.validator(0).beacon.head()
  const [captured, ...others] = shards
  if (captured === undefined) throw new Error('there is a captured shard')
  const given = others.reduce((sum, { sent }) => sum + (sent[CAPTURED] ?? 0n), captured.supply)
  const left = given - captured.sent.reduce((sum, value) => sum + value, 0n)
  return others.reduce((sum, { shard }) => sum + moneyOf(trial, shard), left > 0n ? left : 0n)
}

function balanceOf({ world }: Trial, shard: number, address: Uint8Array): bigint {
  const node = world.validator(0).beacon.head().committees[shard]?.[0] ?? -1
  const answer = world
    .executor(node, shard)
    .runNow({ kind: 'accounts', at: { kind: 'finalized' }, addresses: [address] })
  return answer.kind === 'accounts' ? (answer.accounts[0]?.balance ?? 0n) : 0n
}

const GENESIS_MONEY = BigInt(SHARDS) * SHARD_MONEY

describe('network: captured', () => {
  test('network: captured: overspenders rob accounts of their own shard, and nothing is created', () => {
    const scene = capture('overspender', 1)
    const { trial } = scene
    expectOthersGoOn(scene)
    // The loot is on its way to the next shard, and what arrived there left the captured one.
    expect(moneyOf(trial, CAPTURED)).toBeLessThan(SHARD_MONEY)
    // Money on its way between shards stands in no account.
    expect(moneyThereIs(trial)).toBeLessThanOrEqual(GENESIS_MONEY)
  })

  test('network: captured: C.3 (8): what forgers of receipts make never leaves their shard, and the others go on', () => {
    const scene = capture('forged-receipt', 1)
    const { trial } = scene
    expectOthersGoOn(scene)
    const { genesisHash } = trial.world.validator(0).beacon.head()
    const thief = thiefOf(genesisHash, ZERO_HASH)
    // It was forged, and its shard sent it on; the beacon records no block that did.
    expect(balanceOf(trial, CAPTURED, thief.address)).toBeGreaterThan(0n)
    expect(balanceOf(trial, 2, thief.address)).toBe(0n)
    expect(moneyThereIs(trial)).toBeLessThanOrEqual(GENESIS_MONEY)
  })

  test('network: captured: C.5: receipts that nobody serves are passed over, and consumed once they are served', () => {
    const scene = capture('body-withholder', 1)
    const { world, traffic } = scene.trial
    const captured = world.validator(0).beacon.head().committees[CAPTURED] ?? []
    const owed = { shard: CAPTURED, sender: 0, destination: 2, to: 'account', amount: 5n } as const
    traffic.send(owed, captured[0] ?? -1)
    world.run(world.now() + 5_000)
    const recordOf = (shard: number) =>
      world.validator(scene.honest[0] ?? 0).beacon.head().shards[shard - 1]
    // The beacon has recorded that shard 1 owes shard 2 something, and shard 2 consumes what others send meanwhile.
    expect(recordOf(CAPTURED)?.sent[2]).toBe(5n)
    const before = recordOf(2)?.height ?? 0
    expectOthersGoOn(scene, [2, 3, 4], 1)
    expect((recordOf(2)?.height ?? 0) - before).toBeGreaterThan(9)
    expect(recordOf(2)?.cursors[CAPTURED]).toBe(0)
    expect(recordOf(2)?.inboxUnits).toBe(0)
    // The same committee with a vice that withholds nothing.
    world.apply({ kind: 'byzantine', nodes: captured, vice: 'wrong-epoch-voter' })
    world.run(world.now() + 30_000, () => traffic.openCount() === 0)
    expect(traffic.openCount()).toBe(0)
    world.run(world.now() + 3_000)
    expect(recordOf(2)?.cursors[CAPTURED]).toBe(1)
    expectAgreement(scene.trial)
  })
})
