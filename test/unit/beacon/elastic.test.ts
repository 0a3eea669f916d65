import { describe, expect, it } from 'vitest'
import { decodeBeaconBlock, encodeBeaconBlock } from '../../../node/beacon/block.ts'
import { EMPTY_STATE_ROOT, isPossible } from '../../../node/beacon/elastic.ts'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import type { ShardChange } from '../../../node/beacon/shard-change.ts'
import { decodeBeaconState, encodeBeaconState } from '../../../node/beacon/state-codec.ts'
import { beaconStateRoot } from '../../../node/beacon/state-root.ts'
import { planOf, recordOf, shardCountAt, type BeaconState } from '../../../node/beacon/state.ts'
import { applyBeaconBlock, crosslinkCheck } from '../../../node/beacon/transition.ts'
import { genesisStateRoot } from '../../../node/shards/genesis-state.ts'
import { contentsHash } from '../../../node/crosslink/header-codec.ts'
import { encodeBeaconBody } from '../../../node/beacon/block.ts'
import { advanceBy, buildOn, exampleGenesis, exampleState, nextCrosslink } from './network.ts'

const EPOCH_BLOCKS = 4
const OPEN: ShardChange = { kind: 'open', shard: 3 }

function start(validatorCount = 12): BeaconState {
  const epochs = { ...ONE_EPOCH, blocks: EPOCH_BLOCKS }
  return exampleState(exampleGenesis({ validatorCount, epochs }))
}

/** One epoch, of whose blocks the first `asking` ask for the change. */
function epochOf(state: BeaconState, asking: number, change = OPEN): BeaconState {
  let next = state
  for (let block = 0; block < EPOCH_BLOCKS; block++) {
    next = buildOn(next, [], { wishes: block < asking ? [change] : [] }).state
  }
  return next
}

describe('beacon: elastic shards', () => {
  it('beacon: elastic shards: B.7: what most blocks of an epoch ask for is planned, and opens one epoch later', () => {
    const before = start()
    const adopted = epochOf(before, 3)
    expect(adopted.epoch).toBe(1)
    expect(adopted.changes).toEqual([])
    expect([adopted.committees.length, planOf(adopted, 2)?.committees.length]).toEqual([3, 4])
    expect(adopted.shards).toHaveLength(2)
    const opened = epochOf(adopted, 0)
    expect(opened.shards).toHaveLength(3)
    expect(opened.committees.map((seats) => seats.length)).toEqual([12, 4, 4, 4])
    expect(recordOf(opened, 3)).toMatchObject({
      epoch: 2,
      height: 0,
      openedHeight: 8,
      anchorHeight: 8,
      cursors: [0, 0, 0, 0],
      supply: 0n,
      stage: 'open',
    })
    expect([7, 8, 9].map((height) => shardCountAt(opened, height))).toEqual([2, 3, 3])
  })

  it('beacon: elastic shards: B.7: half of the blocks are too few, and the next epoch counts anew', () => {
    const half = epochOf(epochOf(start(), 2), 2)
    expect(planOf(half, 3)?.committees).toHaveLength(3)
    expect(half.changes).toEqual([])
  })

  it('beacon: elastic shards: B.7: only the next number can be opened, and only with four seats for everybody', () => {
    const state = start()
    expect(isPossible(state, OPEN)).toBe(true)
    expect(isPossible(state, { kind: 'open', shard: 4 })).toBe(false)
    expect(isPossible(state, { kind: 'open', shard: 2 })).toBe(false)
    expect(isPossible(start(11), OPEN)).toBe(false)
    expect(isPossible(exampleState(exampleGenesis({ validatorCount: 12 })), OPEN)).toBe(false)
    // Planned, and so not to be asked for any more; one at a time.
    const adopted = epochOf(start(16), 4)
    expect(isPossible(adopted, OPEN)).toBe(false)
    expect(isPossible(adopted, { kind: 'open', shard: 4 })).toBe(false)
    expect(isPossible(epochOf(adopted, 0), { kind: 'open', shard: 4 })).toBe(true)
  })

  it('beacon: elastic shards: B.7: a block that asks for the impossible is refused', () => {
    const state = start()
    const { block } = buildOn(state)
    const body = { ...block.body, change: { kind: 'open', shard: 5 } as const }
    const header = { ...block.header, contentsHash: contentsHash(encodeBeaconBody(body)) }
    const result = applyBeaconBlock(state, { header, body })
    expect(result).toMatchObject({ reject: { code: 'impossible-change' } })
  })

  it('beacon: elastic shards: B.7: the new shard is crosslinked under its own committee, and others lag behind its layout', () => {
    const turned = epochOf(start(), 4)
    // The others end their epoch in time (B.8).
    const seals = [1, 2].map((shard) => nextCrosslink(turned, shard))
    const opened = advanceBy(buildOn(turned, seals).state, 3)
    const crosslinks = [1, 3].map((shard) => nextCrosslink(opened, shard))
    const early = nextCrosslink(opened, 3)
    const before = { ...early, tip: { ...early.tip, epoch: 1 } }
    expect(crosslinkCheck(opened, before)).toBeUndefined()
    const next = buildOn(opened, crosslinks).state
    expect(recordOf(next, 3)).toMatchObject({ height: 1, openedHeight: 8 })
    expect(recordOf(next, 1).cursors).toHaveLength(4)
    expect(recordOf(next, 2).cursors).toHaveLength(3)
    expect(decodeBeaconState(encodeBeaconState(next))).toEqual({ ok: true, value: next })
  })

  it('beacon: elastic shards: B.7: blocks carry what is asked for, and the state root what was counted', () => {
    const { block, state } = buildOn(start(), [], { wishes: [OPEN] })
    expect(decodeBeaconBlock(encodeBeaconBlock(block))).toEqual({ ok: true, value: block })
    expect(state.changes).toEqual([{ change: OPEN, blocks: 1 }])
    expect(beaconStateRoot(state)).not.toEqual(beaconStateRoot({ ...state, changes: [] }))
    expect(decodeBeaconState(encodeBeaconState(state))).toEqual({ ok: true, value: state })
  })

  it('beacon: elastic shards: the state of a new shard is the executor’s empty one', () => {
    expect(EMPTY_STATE_ROOT).toEqual(genesisStateRoot({ allocations: [] }))
  })
})
