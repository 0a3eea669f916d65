/** Where the beacon recorded a shard block, as a node finds it among its anchors. */
import { expect, test } from 'vitest'
import { anchorViewOf } from '../../../node/beacon/anchor.ts'
import { encodeAnchorView } from '../../../node/beacon/anchor-codec.ts'
import type { BeaconState } from '../../../node/beacon/state.ts'
import { firstRecord, type ShardRecord } from '../../../node/crosslink/crosslink.ts'
import { crosslinkOf } from '../../../node/runtime/beacon-history.ts'
import { openMemoryStore } from '../../../node/storage/io/memory.ts'
import { numberKey } from '../../../node/validator/table.ts'
import { exampleState } from '../beacon/network.ts'
import { hashOf } from '../crosslink/examples.ts'

const OPENED = 6
const NEWEST = 12

/** Shard 3 opens with beacon block 6; blocks 9 and 11 record its blocks 1 to 3 and 4. */
function stateAt(height: number): BeaconState {
  const state = { ...exampleState(), height, headHash: hashOf(`beacon ${height}`) }
  if (height < OPENED) return state
  const opened = firstRecord({
    shard: 3,
    epoch: 2,
    hash: hashOf('block 0'),
    timestampMs: 1,
    stateRoot: hashOf('empty'),
    supply: 0n,
    shardCount: 3,
    openedHeight: OPENED,
  })
  const tip = height < 9 ? 0 : height < 11 ? 3 : 4
  const record: ShardRecord = { ...opened, height: tip, hash: hashOf(`block ${tip}`) }
  return { ...state, shards: [...state.shards, record] }
}

test('runtime: beacon history: B.7: the block that recorded one of a shard is found though older ones do not know the shard', async () => {
  const store = openMemoryStore()
  for (let height = 0; height <= NEWEST; height++) {
    const value = encodeAnchorView(anchorViewOf(stateAt(height)))
    const write = { kind: 'put', table: 'anchor', key: numberKey(0, height), value } as const
    await store.write([write], { sync: true })
  }
  const history = { store, head: () => stateAt(NEWEST) }
  const placeOf = async (height: number) => {
    const place = await crosslinkOf(history, 3, height)
    return place && [place.beaconHeight, place.fromHeight, place.tipHeight]
  }
  expect(await placeOf(1)).toEqual([9, 1, 3])
  expect(await placeOf(3)).toEqual([9, 1, 3])
  expect(await placeOf(4)).toEqual([11, 4, 4])
  expect(await placeOf(5)).toBeUndefined()
})
