/** Validators that nobody hears of (docs/protocol/beacon.md B.13). */
import { describe, expect, it } from 'vitest'
import { checkGenesis } from '../../../node/beacon/genesis-check.ts'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { genesisHash, type Genesis } from '../../../node/beacon/genesis.ts'
import { DEFAULT_REGISTRY } from '../../../node/beacon/registry.ts'
import { decodeBeaconState, encodeBeaconState } from '../../../node/beacon/state-codec.ts'
import { beaconStateRoot } from '../../../node/beacon/state-root.ts'
import { proposerOf, type BeaconState } from '../../../node/beacon/state.ts'
import { applyBeaconBlock } from '../../../node/beacon/transition.ts'
import { buildOn, crosslinkOver, exampleGenesis, exampleState, headersOn } from './network.ts'

const BLOCKS = 12
const VALIDATORS = 12

function genesisOf(changes: Partial<Genesis> & { validatorCount?: number } = {}): Genesis {
  const epochs = { ...ONE_EPOCH, blocks: BLOCKS }
  return exampleGenesis({ epochs, validatorCount: VALIDATORS, inactivityEpochs: 2, ...changes })
}

type Play = {
  readonly silent: ReadonlySet<number>
  /** Crosslinks of these shards in every block; of others none. */
  readonly heard?: readonly number[]
}

/** A block that none of the silent proposes, with crosslinks that none of them signed. */
function step(state: BeaconState, { silent, heard = [1, 2] }: Play): BeaconState {
  const crosslinks = heard.flatMap((shard) => {
    const record = state.shards[shard - 1]
    if (record === undefined) return []
    const headers = headersOn(state, record)
    const epoch = headers[0]?.epoch ?? 0
    const plan = [state, ...state.plans].find((one) => one.epoch === epoch)
    const committee = plan?.committees[shard] ?? []
    const seats = [...committee.keys()].filter((seat) => !silent.has(committee[seat] ?? -1))
    return [crosslinkOver(state, headers, { seats })]
  })
  let view = state.height + 1
  while (silent.has(state.committees[0]?.[proposerOf(state, 0, view)] ?? -1)) view++
  const { state: after, block, skipped } = buildOn(state, crosslinks, { view })
  expect(skipped).toEqual([])
  expect(applyBeaconBlock(state, block)).toMatchObject({ ok: true })
  return after
}

function reach(from: BeaconState, epoch: number, play: Play): BeaconState {
  let state = from
  while (state.epoch < epoch) state = step(state, play)
  return state
}

const statuses = ({ validators }: BeaconState): readonly string[] =>
  validators.map(({ status }) => status)

describe('beacon: inactivity', () => {
  it('beacon: inactivity: B.13: who is silent for as many epochs as the genesis says leaves by the ordinary way, and nobody else', () => {
    const silent = new Set([3])
    const once = reach(exampleState(genesisOf()), 1, { silent })
    expect(once.activity?.absences[3]).toBe(1)
    expect(new Set(statuses(once))).toEqual(new Set(['active']))
    const told = reach(once, 2, { silent })
    // Its last epoch is over when epoch 3 begins: the plan of epoch 2 was drawn before.
    expect(told.validators[3]).toMatchObject({
      status: 'exiting',
      exitEpoch: 3,
      withdrawableEpoch: 3 + DEFAULT_REGISTRY.unbondEpochs,
      stake: DEFAULT_REGISTRY.stake,
    })
    const gone = reach(told, 3, { silent })
    expect(gone.committees.flat()).not.toContain(3)
    expect(statuses(gone).filter((status) => status !== 'active')).toEqual(['exited'])
  })

  it('beacon: inactivity: B.15: an epoch without a seat on the beacon counts neither way', () => {
    const begun = exampleState(genesisOf({ beaconSeats: 4 }))
    const [seated = -1] = begun.committees[0] ?? []
    // On another shard: each committee spares one.
    const others = begun.committees.slice(1).find((seats) => !seats.includes(seated)) ?? []
    const away = others.find((one) => !begun.committees[0]?.includes(one))
    const silent = new Set([seated, away ?? -1])
    const once = reach(begun, 1, { silent })
    expect(once.activity?.absences[seated]).toBe(1)
    expect(once.activity?.absences[away ?? -1]).toBe(0)
  })

  it('beacon: inactivity: B.13: one sign of life in an epoch is enough, a block of the beacon or a signature', () => {
    const silent = new Set([3])
    let state = reach(exampleState(genesisOf()), 1, { silent })
    // Whoever was away comes back, until the first that is heard of it.
    while (state.activity?.seen.includes(3) !== true) state = step(state, { silent: new Set() })
    const back = reach(state, 2, { silent })
    expect(back.activity?.absences[3]).toBe(0)
    expect(statuses(reach(back, 3, { silent }))[3]).toBe('active')
  })

  it('beacon: inactivity: B.13: nobody is absent where next to nothing was heard of its shard', () => {
    const start = exampleState(
      genesisOf({ epochs: { ...ONE_EPOCH, blocks: BLOCKS, rotationPermille: 0 } }),
    )
    const [other = -1] = start.committees[2] ?? []
    const silent = new Set([other])
    const state = reach(start, 4, { silent, heard: [1] })
    expect(state.activity?.absences[other]).toBe(0)
    expect(statuses(state)[other]).toBe('active')
  })

  it('beacon: inactivity: B.13: one after the other, and never the last four', () => {
    const silent = new Set([0, 1])
    // So few let one go with each epoch.
    const state = reach(exampleState(genesisOf({ validatorCount: 7, shardCount: 1 })), 2, {
      silent,
      heard: [1],
    })
    expect(state.validators.map(({ exitEpoch }) => exitEpoch).slice(0, 2)).toEqual([3, 4])
    const few = reach(exampleState(genesisOf({ validatorCount: 4, shardCount: 1 })), 4, {
      silent: new Set([0]),
      heard: [1],
    })
    expect(statuses(few)[0]).toBe('active')
    expect(few.activity?.absences[0]).toBe(2)
  })

  it('beacon: inactivity: B.13: what is remembered is under the root and in the bytes, and nothing of it without the option', () => {
    const state = step(exampleState(genesisOf()), { silent: new Set([3]) })
    const decoded = decodeBeaconState(encodeBeaconState(state))
    expect(decoded).toEqual({ ok: true, value: state })
    const { activity, ...without } = state
    expect(activity).toBeDefined()
    expect(beaconStateRoot(without)).not.toEqual(beaconStateRoot(state))
    const plain = step(exampleState(exampleGenesis({ validatorCount: VALIDATORS })), {
      silent: new Set(),
    })
    expect('activity' in plain).toBe(false)
    expect(decodeBeaconState(encodeBeaconState(plain))).toEqual({ ok: true, value: plain })
  })

  it('beacon: inactivity: B.13: a genesis lets a restart pass, and gives everybody a block to propose', () => {
    const reasons = [
      genesisOf({ inactivityEpochs: 1 }),
      genesisOf({ validatorCount: BLOCKS + 1 }),
      genesisOf({ epochs: ONE_EPOCH }),
    ].map((genesis) => checkGenesis(genesis))
    for (const result of reasons)
      expect(result).toMatchObject({ ok: false, reject: { code: 'bad-inactivity' } })
    const { inactivityEpochs, ...plain } = genesisOf()
    expect(inactivityEpochs).toBe(2)
    expect(genesisHash(plain)).not.toEqual(genesisHash(genesisOf()))
  })
})
