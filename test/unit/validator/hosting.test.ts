/** B.11: which shards a node holds, as a function of the beacon's state. */
import { describe, expect, test } from 'vitest'
import { ONE_EPOCH } from '../../../node/beacon/epoch.ts'
import { genesisBeaconState, type BeaconState } from '../../../node/beacon/state.ts'
import { ZERO_HASH } from '../../../node/primitives/hash.ts'
import { shardsToHost } from '../../../node/validator/hosting.ts'
import { genesisOf, keyOf } from '../../simulation/sharded/genesis.ts'

const keys = Array.from({ length: 12 }, (_, index) => keyOf(index))
const epochs = { ...ONE_EPOCH, blocks: 16 }
const roots = [ZERO_HASH, ZERO_HASH, ZERO_HASH]
const genesis = genesisBeaconState({ ...genesisOf(3, keys), epochs }, roots)

/** The seats of validator 7 alone: shard by epoch. */
function seatedAt(state: BeaconState, shards: readonly number[]): BeaconState {
  const plans = shards.map((shard, epoch) => {
    const committees = [0, 1, 2, 3].map((chain) => (chain === 0 || chain === shard ? [7] : [1]))
    return { epoch, seed: ZERO_HASH, committees }
  })
  const current = plans[state.epoch] ?? state
  return { ...state, ...current, plans: plans.filter(({ epoch }) => epoch !== state.epoch) }
}

/** All shards in this epoch by the beacon's record. */
function recordedIn(state: BeaconState, epoch: number): BeaconState {
  return { ...state, shards: state.shards.map((record) => ({ ...record, epoch })) }
}

const host = { validator: 7, followShards: [] }

describe('validator: hosting', () => {
  test('validator: hosting: B.11: the shard of this epoch and, an epoch ahead, that of the next', () => {
    const state = seatedAt({ ...genesis, epoch: 0 }, [2, 3, 1])
    expect(shardsToHost(state, host)).toEqual([2, 3])
    expect(shardsToHost(state, { ...host, validator: 5 })).toEqual([])
  })

  test('validator: hosting: B.11: the shard just left stays until the beacon has a block of the next committee', () => {
    const state = seatedAt({ ...genesis, epoch: 1 }, [2, 3, 3])
    expect(shardsToHost(recordedIn(state, 0), host)).toEqual([2, 3])
    const sealed = state.shards.map((record) => {
      return { ...record, epoch: 0, sealed: true, anchorHeight: 16 }
    })
    expect(shardsToHost({ ...state, shards: sealed }, host)).toEqual([2, 3])
    expect(shardsToHost(recordedIn(state, 1), host)).toEqual([3])
  })

  test('validator: hosting: B.8, B.11: a shard that was forced on stays with whoever made its head, however late it is', () => {
    const state = seatedAt({ ...genesis, epoch: 3 }, [2, 3, 3, 3, 3])
    const forced = recordedIn(state, 0).shards.map((record) => ({ ...record, forcedEpoch: 3 }))
    expect(shardsToHost({ ...state, shards: forced }, host)).toEqual([2, 3])
  })

  test('validator: hosting: B.7, B.11: a shard is held from the boundary on that opens it, not from where its seats are drawn', () => {
    const before = seatedAt({ ...genesis, epoch: 1 }, [2, 2, 3, 3])
    expect(shardsToHost({ ...before, shards: before.shards.slice(0, 2) }, host)).toEqual([2])
    const state = seatedAt({ ...genesis, epoch: 2 }, [2, 2, 3, 3])
    const opened = recordedIn(state, 2).shards.map((record) => {
      return record.shard === 3 ? { ...record, openedHeight: 32 } : record
    })
    expect(shardsToHost({ ...state, shards: opened }, host)).toEqual([3])
  })

  test('validator: hosting: B.11: followed shards are held whoever sits there', () => {
    expect(shardsToHost(genesis, { validator: undefined, followShards: [3] })).toEqual([3])
    const state = seatedAt({ ...genesis, epoch: 0 }, [2, 2])
    expect(shardsToHost(state, { ...host, followShards: [1] })).toEqual([1, 2])
  })
})
