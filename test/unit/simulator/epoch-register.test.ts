/** The court's knowledge of epochs: what contradicts it is named. */
import { describe, expect, it } from 'vitest'
import { createEpochRegister } from '../../../devnet/simulator/epoch-register.ts'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { exampleGenesis, exampleState } from '../beacon/network.ts'

const genesis = exampleState(exampleGenesis({ epochs: { ...ONE_EPOCH, blocks: 4 } }))
const next = { chain: 1, epoch: 1 }

describe('simulator: epoch register', () => {
  it('simulator: epoch register: X4: nodes that seat an epoch alike are believed, others are named', () => {
    const register = createEpochRegister(genesis)
    expect(register.planned(3, genesis)).toBeUndefined()
    expect(register.seatsOf(0, 0)).toEqual(genesis.committees[0])
    expect(register.seatsOf(1, 1)).toEqual(genesis.plans[0]?.committees[1])
    expect(register.seatsOf(1, 2)).toBeUndefined()
    const plans = genesis.plans.map((plan) => ({ ...plan, committees: genesis.committees }))
    expect(register.planned(3, { ...genesis, plans })).toContain('node 3 seats epoch 1')
  })

  it('simulator: epoch register: X4: a committee with few seats, or a validator with two, is named', () => {
    const seated = (seats: readonly number[]) => {
      const plans = [{ epoch: 2, seed: genesis.seed, committees: [[0, 1, 2, 3], seats] }]
      return createEpochRegister(genesis).planned(0, { ...genesis, plans })
    }
    expect(seated([0, 1, 2, 3])).toBeUndefined()
    expect(seated([0, 1, 2])).toContain('leaves 3 seats')
    expect(seated([0, 1, 2, 2])).toContain('twice')
  })

  it('simulator: epoch register: S10: an epoch begins from one block', () => {
    const register = createEpochRegister(genesis)
    expect(register.began(0, next, { digest: 'a', height: 9 })).toBeUndefined()
    expect(register.began(1, next, { digest: 'a', height: 9 })).toBeUndefined()
    expect(register.beginningOf(1, 1)).toEqual({ digest: 'a', height: 9 })
    expect(register.began(2, next, { digest: 'b', height: 9 })).toContain('node 2 began epoch 1')
    expect(register.began(2, { chain: 2, epoch: 1 }, { digest: 'b', height: 9 })).toBeUndefined()
  })
})
