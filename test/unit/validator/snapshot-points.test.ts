/** Which blocks become snapshot points, from crosslinks alone (S.1). */
import { describe, expect, test } from 'vitest'
import type { BeaconBlock } from '../../../node/beacon/block.ts'
import type { Crosslink } from '../../../node/crosslink/crosslink.ts'
import { emptyChannels } from '../../../node/crosslink/channel.ts'
import { createContext } from '../../../node/validator/context.ts'
import { createSnapshotPoints, SNAPSHOT_RULES } from '../../../node/validator/snapshot-points.ts'
import {
  exampleBeaconHeader,
  exampleCertificate,
  exampleShardHeader,
  hashOf,
} from '../crosslink/examples.ts'

function crosslink(shard: number, height: number): Crosslink {
  return {
    shard,
    tip: exampleShardHeader({ chain: shard, height }),
    links: [hashOf('link')],
    certificate: exampleCertificate(),
    channels: emptyChannels(2),
  }
}

function blockWith(...crosslinks: readonly Crosslink[]): BeaconBlock {
  const body = { reveal: new Uint8Array(96), crosslinks, accusations: [], inbox: [] }
  return { header: exampleBeaconHeader(), body }
}

function open() {
  const owner = createContext()
  owner.begin({ now: 0, wallMs: 0 })
  const points = createSnapshotPoints(owner.context, SNAPSHOT_RULES)
  const heights = (shard: number) => points.of(shard).map(({ tip }) => tip.height)
  return { owner, points, heights }
}

describe('state sync: points', () => {
  test('state sync: points: the first crosslink at or above each multiple of the interval, the last two', () => {
    const { points, heights } = open()
    const due = [100, 127, 128, 140, 255, 300, 383, 400].filter(
      (height) => points.learn(blockWith(crosslink(1, height))).length > 0,
    )
    expect(due).toEqual([128, 300, 400])
    expect(heights(1)).toEqual([300, 400])
  })

  test('state sync: points: each shard has its own, and one block may name several', () => {
    const { points, heights } = open()
    expect(points.learn(blockWith(crosslink(1, 130), crosslink(2, 90)))).toEqual([1])
    expect(points.learn(blockWith(crosslink(1, 140), crosslink(2, 200)))).toEqual([2])
    expect([heights(1), heights(2)]).toEqual([[130], [200]])
  })

  test('state sync: points: what was written down is there after a restart', () => {
    const before = open()
    for (const height of [128, 256]) before.points.learn(blockWith(crosslink(1, height)))
    const entries = before.owner.take().flatMap((effect) => {
      if (effect.kind !== 'write' || effect.write.kind !== 'put') return []
      return [{ key: effect.write.key, value: effect.write.value }]
    })
    const after = open()
    after.points.restore(entries.slice(-1))
    expect(after.points.of(1)).toEqual(before.points.of(1))
    expect(after.points.learn(blockWith(crosslink(1, 300)))).toEqual([])
  })
})
