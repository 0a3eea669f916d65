/**
 * Stake that comes and goes in a whole network, in virtual time: a deposit on one shard makes a validator of the beacon, its payout
 * on another shard makes it leave, and the stake comes back. The court counts all money at every beacon block.
 */
import { describe, expect, test } from 'vitest'
import { networkPlanOf, playSeed } from '../../devnet/simulator/network-campaign.ts'
import { parseNetworkPlan } from '../../devnet/simulator/network-plan.ts'
import { REGISTRY_SHAPE } from '../../devnet/simulator/network-seed.ts'
import { present } from '../../node/primitives/assert.ts'
import {
  balanceOf,
  call,
  depositFor,
  headOf,
  leave,
  newcomer,
  NODES,
  openStaking,
  PAYOUT,
  STAKE,
  waitFor,
} from './sharded/staking.ts'
import type { Trial } from './sharded/trial.ts'

const FUNDER = 0
/** Joiners, leavers and who is sent back: see `weft sim --only network-registry` for more. */
const SEEDS = 5

function expectSoon(trial: Trial, isThere: () => boolean, withinMs: number): void {
  waitFor(trial, isThere, withinMs)
  expect(trial.court.violation()).toBeUndefined()
  expect(isThere()).toBe(true)
}

function send(trial: Trial, nonce: number, data: Uint8Array, value: bigint): void {
  expect(call(trial, { shard: 1, account: FUNDER, nonce, data, value })).toBe('ok')
}

describe('stake: campaign', () => {
  test('stake: campaign: B.9, B.10: seeds of validators that join and leave amid faults keep every rule', () => {
    const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1)
    const failures = seeds.flatMap((seed) => {
      const { violations } = playSeed({ seed, shape: REGISTRY_SHAPE }, false)
      return violations.map(({ rule, sentence }) => `seed ${seed}: ${rule}: ${sentence}`)
    })
    expect(failures).toEqual([])
  })

  test('stake: campaign: a plan that was stored as text plays the same', () => {
    const plan = networkPlanOf(1, REGISTRY_SHAPE)
    expect(plan.orders.some(({ stake }) => stake?.kind === 'deposit')).toBe(true)
    expect(parseNetworkPlan(JSON.stringify(plan))).toEqual(plan)
  })
})

describe('stake', () => {
  test('stake: B.9, B.10, C.9: a deposit makes a validator, its payout makes it leave, and the stake comes back', () => {
    const trial = openStaking(1)
    send(trial, 0, depositFor(trial, NODES), STAKE)
    expectSoon(trial, () => newcomer(trial)?.status === 'pending', 60_000)
    const { activationEpoch } = present(newcomer(trial), 'it is pending')
    expectSoon(trial, () => headOf(trial).epoch >= activationEpoch, 200_000)
    expect(headOf(trial).committees[0]).toContain(NODES)
    // A node that comes back asks who sits there before anything else: also somebody who was not there at genesis.
    trial.world.apply({ kind: 'stop', nodes: [1] })
    trial.world.apply({ kind: 'start', nodes: [1] })
    const before = balanceOf(trial, 2, PAYOUT)
    expect(leave(trial)).toBe('ok')
    expectSoon(trial, () => newcomer(trial)?.status === 'exiting', 60_000)
    expectSoon(trial, () => newcomer(trial)?.stake === 0n, 400_000)
    expectSoon(trial, () => trial.court.receipts.finish() === undefined, 60_000)
    const fee = before + STAKE - balanceOf(trial, 2, PAYOUT)
    expect(fee).toBeGreaterThan(0n)
    expect(fee).toBeLessThan(10n ** 16n)
  })

  test('stake: B.9: a deposit without proof, and one that is too small, come back', () => {
    const trial = openStaking(2)
    const before = balanceOf(trial, 1, FUNDER)
    send(trial, 0, depositFor(trial, NODES, false), STAKE)
    send(trial, 1, depositFor(trial, NODES), 1n)
    expectSoon(trial, () => headOf(trial).outgoing[1]?.nextSequence === 2, 60_000)
    expectSoon(trial, () => trial.court.receipts.finish() === undefined, 60_000)
    expect(before - balanceOf(trial, 1, FUNDER)).toBeLessThan(10n ** 16n)
    expect(headOf(trial).validators).toHaveLength(NODES)
  })
})
