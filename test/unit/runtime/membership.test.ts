/** Membership: who is let in as a validator, from the deposit to the payout. */
import { describe, expect, test } from 'vitest'
import { actingFor, hasLeft } from '../../../node/runtime/membership.ts'
import {
  createStakeWorld,
  deposit,
  exit,
  stakeGenesis,
  UNBOND,
  VALIDATORS,
} from '../beacon/stake-world.ts'

const genesis = stakeGenesis()

describe('runtime: membership', () => {
  test('runtime: membership: B.9: who has deposited is let in before it has seats, by its own peer only', () => {
    const world = createStakeWorld(genesis)
    expect(actingFor(world.state, VALIDATORS, 'peer-8')).toBeUndefined()
    world.ask(1, [deposit(genesis, 8)])
    expect(actingFor(world.state, VALIDATORS, 'peer-8')?.status).toBe('pending')
    expect(actingFor(world.state, VALIDATORS, 'peer-9')).toBeUndefined()
    expect(actingFor(world.state, 0, 'peer-0')?.status).toBe('active')
  })

  test('runtime: membership: B.10: who has left is heard until its votes count no more', () => {
    const world = createStakeWorld(genesis)
    world.ask(1, [exit(2)])
    world.reach(1 + UNBOND)
    expect(actingFor(world.state, 2, 'peer-2')?.status).toBe('exited')
    world.reach(2 + UNBOND)
    expect(actingFor(world.state, 2, 'peer-2')).toBeUndefined()
    expect([hasLeft(world.state, 2), hasLeft(world.state, 3)]).toEqual([true, false])
  })
})
