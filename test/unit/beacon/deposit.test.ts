/** Deposits: who becomes a validator, from when on, and what goes back. */
import { describe, expect, it } from 'vitest'
import { NEVER } from '../../../node/beacon/registry.ts'
import { registrySum } from '../../../node/beacon/registry-step.ts'
import { decodeBeaconState, encodeBeaconState } from '../../../node/beacon/state-codec.ts'
import { planOf } from '../../../node/beacon/state.ts'
import { addressOf } from '../crosslink/examples.ts'
import {
  createStakeWorld,
  deposit,
  EPOCH_BLOCKS,
  exit,
  reasonOf,
  STAKE,
  stakeGenesis,
  VALIDATORS,
  type Order,
} from './stake-world.ts'

const genesis = stakeGenesis()

/** Why the receipt comes back; undefined: it does not. */
function bounceOf(order: Order, unproved: readonly number[] = []): string | undefined {
  const world = createStakeWorld(genesis)
  world.ask(1, [order], unproved)
  const [receipt] = world.take()
  if (receipt === undefined) return undefined
  const { kind, destination, from, amount } = receipt
  expect({ kind, destination, from, amount }).toEqual({
    kind: 'bounce',
    destination: 1,
    from: order.from ?? addressOf('rich'),
    amount: order.amount,
  })
  expect(world.state.validators).toHaveLength(VALIDATORS)
  expect(registrySum(world.state)).toBe(registrySum(genesis))
  return reasonOf(receipt)
}

describe('beacon: deposits', () => {
  it('beacon: deposits: B.9: a deposit makes a pending validator that has seats two epochs later', () => {
    const world = createStakeWorld(genesis)
    world.ask(1, [deposit(genesis, 8)])
    expect(world.state.epoch).toBe(0)
    expect(world.state.validators[VALIDATORS]).toMatchObject({
      peer: 'peer-8',
      payoutShard: 2,
      stake: STAKE,
      status: 'pending',
      activationEpoch: 2,
      exitEpoch: NEVER,
    })
    expect(world.take()).toEqual([])
    world.reach(1)
    expect(planOf(world.state, 2)?.committees[0]).toContain(VALIDATORS)
    expect(world.state.committees[0]).not.toContain(VALIDATORS)
    world.reach(2)
    expect(world.state.validators[VALIDATORS]?.status).toBe('active')
    expect(world.state.committees[0]).toContain(VALIDATORS)
    expect(world.state.committees.slice(1).flat()).toContain(VALIDATORS)
  })

  it('beacon: deposits: B.9: with an epoch comes one in sixteen, at least one, in the order of their deposits', () => {
    const world = createStakeWorld(genesis)
    world.ask(
      1,
      [8, 9, 10].map((name) => deposit(genesis, name)),
    )
    const epochs = () => world.state.validators.slice(VALIDATORS).map((one) => one.activationEpoch)
    expect(epochs()).toEqual([2, 3, 4])
    world.reach(1)
    world.ask(2, [deposit(genesis, 11)])
    expect(epochs()).toEqual([2, 3, 4, 5])
  })

  it('beacon: deposits: B.9: a known validator’s deposit is added to its stake, under its own terms only', () => {
    const world = createStakeWorld(genesis)
    world.ask(1, [deposit(genesis, 8), deposit(genesis, 8, { amount: 5n })])
    expect(world.state.validators[VALIDATORS]?.stake).toBe(STAKE + 5n)
    world.ask(1, [deposit(genesis, 8, { amount: 7n, payout: addressOf('thief') })])
    expect(world.take().map(reasonOf)).toEqual(['key-taken'])
    expect(world.state.validators).toHaveLength(VALIDATORS + 1)
    expect(world.state.validators[VALIDATORS]?.stake).toBe(STAKE + 5n)
  })

  it('beacon: deposits: B.9: what is bad goes back with its whole value and the reason', () => {
    expect(bounceOf(deposit(genesis, 8, { amount: STAKE - 1n }))).toBe('stake-too-small')
    expect(bounceOf(deposit(genesis, 8, { peer: 'peer-3' }))).toBe('peer-taken')
    expect(bounceOf(deposit(genesis, 8, { payoutShard: 3 }))).toBe('bad-payout-shard')
    expect(bounceOf(deposit(genesis, 8, { publicKey: new Uint8Array(48) }), [0])).toBe(
      'no-possession',
    )
    expect(bounceOf(deposit(genesis, 8), [0])).toBe('no-possession')
    expect(bounceOf({ kind: 'deposit', amount: STAKE, payload: new Uint8Array(3) })).toBe(
      'bad-registration',
    )
    expect(bounceOf({ kind: 'transfer', amount: 4n, payload: new Uint8Array(0) })).toBe(
      'unknown-kind',
    )
    expect(bounceOf({ kind: 'bounce', amount: 4n, payload: new Uint8Array(0) })).toBe(
      'unknown-kind',
    )
    expect(bounceOf(deposit(genesis, 8, { publicKey: new Uint8Array(31) }))).toBe('bad-key')
    expect(bounceOf(exit(99))).toBe('unknown-validator')
  })

  it('beacon: deposits: B.9: where epochs do not end nobody comes', () => {
    const world = createStakeWorld(stakeGenesis(0))
    world.ask(1, [deposit(world.state, 8)])
    expect(world.take().map(reasonOf)).toEqual(['no-epochs'])
  })

  it('beacon: deposits: B.9: the beacon seats 128, and who is beyond goes back', () => {
    const world = createStakeWorld(genesis)
    const many = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => deposit(genesis, from + index))
    for (let name = VALIDATORS; name < 128; name += 30)
      world.ask(1, many(name, Math.min(30, 128 - name)))
    expect(world.state.validators).toHaveLength(128)
    expect(world.take()).toEqual([])
    world.ask(1, many(128, 1))
    expect(world.take().map(reasonOf)).toEqual(['registry-full'])
  })

  it('beacon: deposits: the state with its channels and what it sent survives its bytes', () => {
    const world = createStakeWorld(genesis)
    world.ask(1, [deposit(genesis, 8), deposit(genesis, 9, { amount: 1n })])
    expect(world.state.sent).toHaveLength(1)
    const decoded = decodeBeaconState(encodeBeaconState(world.state))
    expect(decoded.ok && decoded.value).toEqual(world.state)
    expect(EPOCH_BLOCKS).toBeGreaterThan(world.state.height)
  })
})
