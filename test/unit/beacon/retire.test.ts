import { describe, expect, it } from 'vitest'
import { isPossible } from '../../../node/beacon/elastic.ts'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { checkCrosslink } from '../../../node/beacon/inclusion.ts'
import type { ShardChange } from '../../../node/beacon/shard-change.ts'
import { planOf, recordOf, type BeaconState } from '../../../node/beacon/state.ts'
import { decodeBeaconState, encodeBeaconState } from '../../../node/beacon/state-codec.ts'
import type { ShardHeader } from '../../../node/crosslink/header.ts'
import { crosslinkCheck } from '../../../node/beacon/transition.ts'
import { buildOn, exampleGenesis, exampleState, nextCrosslink } from './network.ts'

const EPOCH_BLOCKS = 8
const RETIRE: ShardChange = { kind: 'retire', shard: 2 }

/** The first block of the epoch after the one whose blocks asked for it: shard 2 of three drains. */
function draining(): BeaconState {
  const epochs = { ...ONE_EPOCH, blocks: EPOCH_BLOCKS }
  let state = exampleState(exampleGenesis({ shardCount: 3, validatorCount: 12, epochs }))
  for (let block = 0; block < EPOCH_BLOCKS; block++) {
    state = buildOn(state, [], { wishes: [RETIRE] }).state
  }
  return state
}

/** A beacon block that crosslinks these shards, anchored at its parent; `tip` changes that of shard 2. */
function link(state: BeaconState, shards: readonly number[], tip: Partial<ShardHeader> = {}) {
  const crosslinks = shards.map((shard) =>
    nextCrosslink(state, shard, shard === 2 ? { tip } : undefined),
  )
  return buildOn(state, crosslinks).state
}

const stageOf = (state: BeaconState) => recordOf(state, 2).stage

describe('beacon: retiring a shard', () => {
  it('beacon: retiring a shard: B.7: it drains from the boundary on, and with its last block gives its seats back', () => {
    const begun = draining()
    expect(recordOf(begun, 2)).toMatchObject({ stage: 'draining', stageHeight: EPOCH_BLOCKS })
    const drained = link(begun, [1, 2, 3])
    expect(recordOf(drained, 2)).toMatchObject({ stage: 'drained', stageHeight: EPOCH_BLOCKS + 1 })
    const retired = link(drained, [2], { sealing: true })
    expect(recordOf(retired, 2)).toMatchObject({ stage: 'retired', sealed: true, height: 2 })
    expect(decodeBeaconState(encodeBeaconState(retired))).toEqual({ ok: true, value: retired })

    let state = retired
    while (state.epoch < 3) state = link(state, [1, 3])
    expect(state.committees.map((seats) => seats.length)).toEqual([12, 6, 0, 6])
    expect(planOf(state, 4)?.committees[2]).toEqual([])
    expect(decodeBeaconState(encodeBeaconState(state))).toEqual({ ok: true, value: state })
    const late = nextCrosslink(retired, 2)
    const tip = { ...late.tip, epoch: state.epoch }
    expect(crosslinkCheck(state, { ...late, tip })).toBeUndefined()
    expect(checkCrosslink(retired, late, retired.height + 1)).toMatchObject({
      reject: { code: 'shard-retired' },
    })
  })

  it('beacon: retiring a shard: B.7: it is not drained while any shard has not seen it, or anything waits or is under way', () => {
    const begun = draining()
    expect(stageOf(link(begun, [1, 2]))).toBe('draining')
    expect(stageOf(link(begun, [1, 2, 3], { outBytes: 1 }))).toBe('draining')
    const unread = { ...recordOf(begun, 1), sequences: [0, 0, 4, 0] }
    const shards = [unread, ...begun.shards.slice(1)]
    const held = link({ ...begun, shards }, [2, 3])
    expect(stageOf(held)).toBe('draining')
  })

  it('beacon: retiring a shard: B.7: on a drained anchor a block seals, and before it none does', () => {
    const begun = draining()
    const drained = link(begun, [1, 2, 3])
    const open = nextCrosslink(drained, 2, { tip: { sealing: false } })
    expect(checkCrosslink(drained, open, drained.height + 1)).toMatchObject({
      reject: { code: 'wrong-sealing' },
    })
    const anchor = { beaconHeight: begun.height, beaconHash: begun.headHash }
    const early = nextCrosslink(drained, 2, { tip: { anchor, sealing: false } })
    const still = checkCrosslink(drained, early, drained.height + 1)
    expect(still).toMatchObject({ ok: true, value: { stage: 'drained' } })
  })

  it('beacon: retiring a shard: B.7: one at a time, no number twice, and the last open one never', () => {
    const begun = draining()
    expect(isPossible(begun, RETIRE)).toBe(false)
    expect(isPossible(begun, { kind: 'retire', shard: 1 })).toBe(false)
    const gone = link(link(begun, [1, 2, 3]), [2], { sealing: true })
    expect(isPossible(gone, RETIRE)).toBe(false)
    expect(isPossible(gone, { kind: 'retire', shard: 1 })).toBe(true)
    const alone = gone.shards.map((record) => {
      return record.shard === 1 ? ({ ...record, stage: 'retired' } as const) : record
    })
    expect(isPossible({ ...gone, shards: alone }, { kind: 'retire', shard: 3 })).toBe(false)
    expect(isPossible(gone, { kind: 'open', shard: 4 })).toBe(true)
  })
})
