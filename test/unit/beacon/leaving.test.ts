/** Leaving: who may ask, when a term ends, and when the stake comes back. */
import { describe, expect, it } from 'vitest'
import { registrySum } from '../../../node/beacon/registry-step.ts'
import { planOf, type BeaconState } from '../../../node/beacon/state.ts'
import { present } from '../../../node/primitives/assert.ts'
import { addressOf } from '../crosslink/examples.ts'
import {
  createStakeWorld,
  deposit,
  exit,
  reasonOf,
  STAKE,
  stakeGenesis,
  UNBOND,
  VALIDATORS,
} from './stake-world.ts'

const genesis = stakeGenesis()

/** Validator 2 of the genesis: its payout is on shard 1. */
const LEAVER = 2

function payoutsOf(world: ReturnType<typeof createStakeWorld>) {
  return world.take().filter(({ kind }) => kind === 'payout')
}

describe('beacon: leaving', () => {
  it('beacon: leaving: B.10: at the word of its payout a validator has no seats two epochs later', () => {
    const world = createStakeWorld(genesis)
    world.ask(1, [exit(LEAVER)])
    expect(world.state.validators[LEAVER]).toMatchObject({
      status: 'exiting',
      exitEpoch: 2,
      withdrawableEpoch: 2 + UNBOND,
    })
    world.reach(1)
    expect(world.state.committees[0]).toContain(LEAVER)
    expect(planOf(world.state, 2)?.committees[0]).not.toContain(LEAVER)
    world.reach(2)
    expect(world.state.validators[LEAVER]?.status).toBe('exited')
  })

  it('beacon: leaving: B.10: the stake comes back once, and not before it is unbound', () => {
    const world = createStakeWorld(genesis)
    world.ask(1, [exit(LEAVER)])
    world.reach(2 + UNBOND)
    expect(payoutsOf(world)).toEqual([])
    expect(world.state.validators[LEAVER]?.stake).toBe(STAKE)
    world.reach(3 + UNBOND)
    const payouts = payoutsOf(world)
    const account = addressOf(`payout ${LEAVER}`)
    expect(payouts).toHaveLength(1)
    expect(payouts[0]).toMatchObject({ destination: 1, amount: STAKE, from: account, to: account })
    expect(world.state.validators[LEAVER]?.stake).toBe(0n)
    expect(registrySum(world.state)).toBe(registrySum(genesis))
    world.reach(5 + UNBOND)
    expect(payoutsOf(world)).toEqual([])
  })

  it('beacon: leaving: B.10: a payout of a shard that retires goes to the next open one', () => {
    const world = createStakeWorld(genesis)
    world.ask(1, [exit(LEAVER)])
    world.reach(2 + UNBOND)
    const shards = world.state.shards.map((record) =>
      record.shard === 1 ? { ...record, stage: 'draining' as const } : record,
    )
    world.state = { ...world.state, shards }
    world.reach(3 + UNBOND)
    expect(payoutsOf(world).map(({ destination }) => destination)).toEqual([2])
  })

  it('beacon: leaving: B.10: with an epoch goes one in sixteen, at least one, in the order of their asking', () => {
    const world = createStakeWorld(genesis)
    world.ask(1, [exit(2), exit(0), exit(4)])
    expect([2, 0, 4].map((index) => world.state.validators[index]?.exitEpoch)).toEqual([2, 3, 4])
  })

  it('beacon: leaving: B.10: who leaves before it came has no seat at all, and is paid', () => {
    const world = createStakeWorld(genesis)
    world.ask(2, [deposit(genesis, 8), deposit(genesis, 9), exit(9)])
    expect(world.state.validators[9]).toMatchObject({ activationEpoch: 3, exitEpoch: 3 })
    world.reach(4 + UNBOND)
    expect(payoutsOf(world).map(({ amount }) => amount)).toEqual([STAKE])
    expect(world.state.committees[0]).not.toContain(9)
  })

  it('beacon: leaving: B.10: an exit that is not its payout’s, or repeated, or of too many goes back', () => {
    const world = createStakeWorld(genesis)
    const reasons = (shard: number, orders: Parameters<typeof world.ask>[1]) => {
      world.ask(shard, orders)
      return world.take().map(reasonOf)
    }
    expect(reasons(1, [exit(LEAVER, addressOf('thief'))])).toEqual(['not-its-payout'])
    expect(reasons(2, [exit(LEAVER)])).toEqual(['not-its-payout'])
    expect(reasons(1, [{ ...exit(LEAVER), amount: 1n }])).toEqual(['bad-exit'])
    expect(reasons(1, [{ ...exit(LEAVER), payload: new Uint8Array(1) }])).toEqual(['bad-exit'])
    expect(reasons(1, [exit(VALIDATORS)])).toEqual(['unknown-validator'])
    expect(reasons(1, [exit(LEAVER), exit(LEAVER)])).toEqual(['already-leaving'])
  })

  it('beacon: leaving: B.10: four validators stay', () => {
    const world = createStakeWorld(genesis)
    world.ask(1, [exit(0), exit(2), exit(4), exit(6)])
    expect(world.take()).toEqual([])
    world.ask(2, [exit(1)])
    expect(world.take().map(reasonOf)).toEqual(['too-few-stay'])
  })

  it('beacon: leaving: B.10: what was slashed is not paid, the rest is', () => {
    const cut: BeaconState = {
      ...genesis,
      validators: genesis.validators.with(LEAVER, {
        ...present(genesis.validators[LEAVER], 'it is one'),
        status: 'slashed',
        stake: STAKE / 2n,
        slashedStake: STAKE,
        exitEpoch: 2,
        withdrawableEpoch: 3,
      }),
    }
    const world = createStakeWorld(cut)
    world.reach(4)
    expect(payoutsOf(world).map(({ amount }) => amount)).toEqual([STAKE / 2n])
  })
})
