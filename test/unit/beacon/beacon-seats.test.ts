/** A beacon that draws its committee (docs/protocol/beacon.md B.15). */
import { describe, expect, it } from 'vitest'
import { seatBeacon } from '../../../node/beacon/committee.ts'
import { isPossible } from '../../../node/beacon/elastic.ts'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { encodeGenesis, type Genesis } from '../../../node/beacon/genesis.ts'
import { checkGenesis } from '../../../node/beacon/genesis-check.ts'
import { DEFAULT_REGISTRY, REGISTRY_MAX } from '../../../node/beacon/registry.ts'
import { decodeBeaconState, encodeBeaconState } from '../../../node/beacon/state-codec.ts'
import { beaconStateRoot } from '../../../node/beacon/state-root.ts'
import { planOf, type BeaconState } from '../../../node/beacon/state.ts'
import { applyBeaconBlock } from '../../../node/beacon/transition.ts'
import { COMMITTEE_SEATS_MAX } from '../../../node/primitives/limits.ts'
import { hashOf } from '../crosslink/examples.ts'
import { advanceBy, buildOn, exampleGenesis, exampleState } from './network.ts'

const BLOCKS = 12
const SEATS = 5
const epochs = { ...ONE_EPOCH, blocks: BLOCKS }

type Changes = Partial<Genesis> & { validatorCount?: number }

const genesisOf = (changes: Changes = {}): Genesis =>
  exampleGenesis({ epochs, validatorCount: 12, beaconSeats: SEATS, ...changes })
/** The same whose beacon seats everybody. */
const wholeGenesis = exampleGenesis({ epochs, validatorCount: 12 })
const everybody = (count: number) => Array.from({ length: count }, (_, index) => index)
const codeOf = (changes: Changes): string => {
  const result = checkGenesis(genesisOf(changes))
  return result.ok ? 'accepted' : result.reject.code
}

describe('beacon: seats of the beacon', () => {
  it('beacon: seats of the beacon: B.15: where there are no more validators than seats, everybody sits', () => {
    const all = everybody(9)
    expect(seatBeacon(hashOf('seed'), all, undefined)).toEqual(all)
    expect(seatBeacon(hashOf('seed'), all, 9)).toEqual(all)
    expect(seatBeacon(hashOf('seed'), all, 8)).toHaveLength(8)
    const [few, many] = [exampleState(genesisOf({ beaconSeats: 12 })), exampleState()]
    expect(few.committees[0]).toEqual(everybody(12))
    expect(many.committees[0]).toEqual(everybody(8))
  })

  it('beacon: seats of the beacon: B.15: every epoch draws others, and leaves the seats of the shards as they were', () => {
    const drawn = exampleState(genesisOf())
    const whole = exampleState(wholeGenesis)
    expect(drawn.committees[0]).toHaveLength(SEATS)
    expect(drawn.committees.slice(1)).toEqual(whole.committees.slice(1))
    const next = planOf(drawn, 1)
    expect(next?.committees[0]).toHaveLength(SEATS)
    expect(next?.committees[0]).not.toEqual(drawn.committees[0])
    expect(next?.committees.slice(1)).toEqual(planOf(whole, 1)?.committees.slice(1))
    const turned = advanceBy(drawn, BLOCKS)
    expect(turned.committees[0]).toEqual(next?.committees[0])
    expect(planOf(turned, 2)?.committees[0]).not.toEqual(next?.committees[0])
  })

  it('beacon: seats of the beacon: B.15: a block is proposed by a seat of its epoch, and by no other', () => {
    const state = exampleState(genesisOf())
    const { block } = buildOn(state)
    expect(applyBeaconBlock(state, block)).toMatchObject({ ok: true })
    const header = { ...block.header, proposerSeat: SEATS }
    expect(applyBeaconBlock(state, { ...block, header })).toMatchObject({
      reject: { code: 'wrong-proposer' },
    })
  })

  it('beacon: seats of the beacon: B.15: the rule stands at the end of genesis and state, and nothing does without it', () => {
    const [with5, without] = [encodeGenesis(genesisOf()), encodeGenesis(wholeGenesis)]
    const spelt = encodeGenesis({ ...wholeGenesis, registry: DEFAULT_REGISTRY })
    // Epochs of silence, no readiness, five seats.
    const tail = [0, 0, 0, 0, 0, 0, 0, 0, SEATS]
    expect(with5).toEqual(Uint8Array.of(...spelt, ...tail))
    expect(spelt.slice(0, without.length)).toEqual(without)
    expect(encodeGenesis(genesisOf({ beaconSeats: 6 }))).not.toEqual(with5)
    for (const changes of [{}, { inactivityEpochs: 2 }]) {
      const state = exampleState(genesisOf(changes))
      expect(decodeBeaconState(encodeBeaconState(state))).toEqual({ ok: true, value: state })
      const other = { ...state, beaconSeats: SEATS + 1 }
      expect(beaconStateRoot(other)).not.toEqual(beaconStateRoot(state))
    }
  })

  it('beacon: seats of the beacon: B.15: four seats at least, and with a draw more validators than one committee has seats', () => {
    expect(codeOf({ beaconSeats: 4 })).toBe('accepted')
    expect(codeOf({ beaconSeats: 3 })).toBe('bad-beacon-seats')
    expect(codeOf({ beaconSeats: COMMITTEE_SEATS_MAX })).toBe('accepted')
    expect(codeOf({ beaconSeats: COMMITTEE_SEATS_MAX + 1 })).toBe('bad-beacon-seats')
    expect(codeOf({ validatorCount: REGISTRY_MAX, shardCount: 8 })).toBe('accepted')
    expect(codeOf({ validatorCount: REGISTRY_MAX + 1, shardCount: 9 })).toBe('too-many-validators')
    expect(codeOf({ validatorCount: REGISTRY_MAX, shardCount: 7 })).toBe('too-many-validators')
  })

  it('beacon: seats of the beacon: B.15: a shard is kept whose members the others have no seats for', () => {
    const retire = { kind: 'retire', shard: 2 } as const
    const roomy = exampleState(genesisOf({ validatorCount: 128 }))
    expect(isPossible(roomy, retire)).toBe(true)
    expect(isPossible(exampleState(genesisOf({ validatorCount: 129 })), retire)).toBe(false)
  })

  it('beacon: seats of the beacon: B.15: a thousand validators stand in one state', () => {
    const state = exampleState(genesisOf({ validatorCount: REGISTRY_MAX, shardCount: 64 }))
    const turned: BeaconState = buildOn(state).state
    expect(turned.committees.map((seats) => seats.length)).toEqual([SEATS, ...Array(64).fill(16)])
    expect(decodeBeaconState(encodeBeaconState(turned))).toEqual({ ok: true, value: turned })
  })
})
