/** The registry: terms, statuses, and what they mean for committees. */
import { describe, expect, it } from 'vitest'
import { checkGenesis } from '../../../node/beacon/genesis-check.ts'
import { planEpoch } from '../../../node/beacon/assignment.ts'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { genesisHash } from '../../../node/beacon/genesis.ts'
import {
  activeIn,
  DEFAULT_REGISTRY,
  turnRegistry,
  type BeaconValidator,
} from '../../../node/beacon/registry.ts'
import { planOf, type BeaconState } from '../../../node/beacon/state.ts'
import { present } from '../../../node/primitives/assert.ts'
import { hashOf } from '../crosslink/examples.ts'
import { advanceBy, exampleGenesis, exampleState } from './network.ts'

const BLOCKS = 4
const rules = { ...ONE_EPOCH, blocks: BLOCKS }
const genesis = exampleState(exampleGenesis({ epochs: rules, validatorCount: 9 }))

function changed(state: BeaconState, index: number, change: Partial<BeaconValidator>): BeaconState {
  const validators = state.validators.map((one, at) => (at === index ? { ...one, ...change } : one))
  return { ...state, validators }
}

const seatedIn = (state: BeaconState, epoch: number) =>
  present(planOf(state, epoch)?.committees[0], 'the plan is known')

describe('beacon: registry', () => {
  it('beacon: registry: B.6: at genesis everybody is active, with the stake of the genesis', () => {
    const { stake } = DEFAULT_REGISTRY
    for (const [index, validator] of genesis.validators.entries()) {
      expect(validator).toMatchObject({ stake, status: 'active', activationEpoch: 0 })
      expect(validator.payoutShard).toBe((index % 2) + 1)
    }
    const registry = { stake: 5n, unbondEpochs: 3 }
    const other = exampleGenesis({ registry })
    expect(exampleState(other).validators[0]?.stake).toBe(5n)
    expect(genesisHash(other)).not.toEqual(genesisHash(exampleGenesis()))
    expect(checkGenesis(exampleGenesis({ registry: { ...registry, stake: 0n } })).ok).toBe(false)
    const unbound = exampleGenesis({ registry: { ...registry, unbondEpochs: 0 } })
    expect(checkGenesis(unbound)).toMatchObject({ reject: { code: 'bad-registry' } })
  })

  it('beacon: registry: B.6: a term is from its activation to before its exit', () => {
    const term = (activationEpoch: number, exitEpoch: number) => ({ activationEpoch, exitEpoch })
    const terms = [term(0, 5), term(3, 9), term(4, 4)]
    expect([2, 3, 4, 5, 9].map((epoch) => activeIn(terms, epoch))).toEqual([
      [0],
      [0, 1],
      [0, 1],
      [1],
      [],
    ])
  })

  it('beacon: registry: B.6: who leaves loses its seats with the next plan that is drawn, on the beacon too', () => {
    const leaving = changed(genesis, 3, { status: 'exiting', exitEpoch: 2 })
    const turned = advanceBy(leaving, BLOCKS)
    expect(turned.committees).toEqual(planOf(genesis, 1)?.committees)
    expect(seatedIn(turned, 1)).toContain(3)
    expect(planOf(turned, 2)?.committees.some((seats) => seats.includes(3))).toBe(false)
    expect(turned.validators[3]?.status).toBe('exiting')
    const gone = advanceBy(turned, BLOCKS)
    expect(gone.validators[3]?.status).toBe('exited')
    expect(gone.committees[0]).toEqual([0, 1, 2, 4, 5, 6, 7, 8])
  })

  it('beacon: registry: B.6: a newcomer is pending until its term begins', () => {
    const coming = changed(genesis, 8, { status: 'pending', activationEpoch: 2 })
    const turned = advanceBy(coming, BLOCKS)
    expect(turned.validators[8]?.status).toBe('pending')
    expect(seatedIn(turned, 2)).toContain(8)
    expect(advanceBy(turned, BLOCKS).validators[8]?.status).toBe('active')
  })

  it('beacon: registry: B.6: the slashed stay slashed, and a registry in which nothing changes is the same list', () => {
    const slashed = changed(genesis, 1, { status: 'slashed', exitEpoch: 1 })
    expect(turnRegistry(slashed.validators, 7)).toBe(slashed.validators)
  })

  it('beacon: registry: B.3: too few for four seats per shard sit on several shards, and go back to one later', () => {
    const { mix, committees: previous } = genesis
    const twoShards = { shardCount: 2, unseated: [] }
    const few = genesis.validators.map((one, index) => (index < 7 ? one : { ...one, exitEpoch: 2 }))
    const validators = few.map((one) => ({ ...one, exitEpoch: Math.min(one.exitEpoch, 9) }))
    const second = planEpoch({ epoch: 2, mix, previous, validators, rules, ...twoShards })
    expect(second.committees.map((seats) => seats.length)).toEqual([7, 7, 7])
    const back = { mix: hashOf('mix'), previous: second.committees, rules, ...twoShards }
    const third = planEpoch({ ...back, epoch: 3, validators: genesis.validators })
    expect(third.committees.map((seats) => seats.length)).toEqual([9, 5, 4])
    expect(new Set(third.committees.slice(1).flat()).size).toBe(9)
  })
})
