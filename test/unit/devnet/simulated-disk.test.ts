/** The disk of a simulated node: what a crash leaves, how it fails, and what survives everything. */
import { describe, expect, test } from 'vitest'
import {
  createNodeDisk,
  DiskFailure,
  type NodeDisk,
} from '../../../devnet/simulator/sharded-disk.ts'
import { createPrng } from '../../../node/primitives/prng.ts'
import { hashTagged } from '../../../node/primitives/hash.ts'
import { genesisOfPlan } from '../../../devnet/simulator/network-genesis.ts'
import { networkPlanOf } from '../../../devnet/simulator/network-campaign.ts'
import { numberKey, numberRange, pointRange } from '../../../node/validator/table.ts'

const { genesis } = genesisOfPlan(networkPlanOf(1))
const dice = () => createPrng(7).stream('disk')

function put(disk: NodeDisk, height: number): void {
  const key = numberKey(1, height)
  disk.write([
    { kind: 'put', table: 'block', key, value: Uint8Array.of(height) },
    { kind: 'put', table: 'outcome', key, value: Uint8Array.of(height) },
  ])
}

function heights(disk: NodeDisk, table = 'block'): readonly number[] {
  return disk.read(numberRange(table as 'block', 1, 0, 100)).map(({ value }) => value[0] ?? -1)
}

/** Two synced batches and three that are not. */
function halfSynced(): NodeDisk {
  const disk = createNodeDisk(genesis)
  put(disk, 2)
  put(disk, 1)
  disk.sync()
  for (const height of [3, 4, 5]) put(disk, height)
  return disk
}

describe('simulated disk: crashes', () => {
  test('simulated disk: crashes: what was synced stays, in key order', () => {
    const disk = halfSynced()
    expect(heights(disk)).toEqual([1, 2, 3, 4, 5])
    disk.crash('none', dice())
    expect(heights(disk)).toEqual([1, 2])
  })

  test('simulated disk: crashes: a prefix or a subset of the unsynced batches stays, each whole', () => {
    const seen = new Set<string>()
    for (let seed = 0; seed < 40; seed++) {
      const disk = halfSynced()
      disk.crash(seed % 2 === 0 ? 'prefix' : 'subset', createPrng(seed))
      const left = heights(disk)
      expect(heights(disk, 'outcome')).toEqual(left)
      expect(left.slice(0, 2)).toEqual([1, 2])
      if (seed % 2 === 0) expect(left).toEqual([1, 2, 3, 4, 5].slice(0, left.length))
      seen.add(left.join())
    }
    expect(seen).toContain('1,2,4')
    expect(seen).toContain('1,2,3')
  })

  test('simulated disk: crashes: an unsynced delete and an unsynced change are taken back', () => {
    const disk = halfSynced()
    disk.sync()
    const [key, other] = [numberKey(1, 3), numberKey(1, 4)]
    disk.write([{ kind: 'delete', table: 'block', key }])
    disk.write([{ kind: 'put', table: 'block', key: other, value: Uint8Array.of(40) }])
    expect(heights(disk)).toEqual([1, 2, 40, 5])
    disk.crash('none', dice())
    expect(heights(disk)).toEqual([1, 2, 3, 4, 5])
  })
})

describe('simulated disk: failures', () => {
  test('simulated disk: failures: a full disk takes nothing, and gives back what it has', () => {
    const disk = halfSynced()
    disk.mode = 'full'
    expect(() => put(disk, 6)).toThrow(DiskFailure)
    expect(heights(disk)).toEqual([1, 2, 3, 4, 5])
    disk.mode = 'ok'
    put(disk, 6)
    expect(heights(disk)).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('simulated disk: failures: a read error happens once', () => {
    const disk = halfSynced()
    disk.isUnreadable = true
    expect(() => heights(disk)).toThrow('unreadable')
    expect(heights(disk)).toHaveLength(5)
  })

  test('simulated disk: failures: a flipped bit is found when the record is read, a lost record is not', () => {
    const disk = createNodeDisk(genesis)
    put(disk, 1)
    disk.flip(1, dice())
    expect(disk.isDamaged()).toBe(true)
    expect(() => [...heights(disk), ...heights(disk, 'outcome')]).toThrow('damaged')
    disk.wipe()
    expect([disk.isDamaged(), disk.wasDamaged()]).toEqual([false, true])
    put(disk, 1)
    disk.lose(1, dice())
    expect(heights(disk).length + heights(disk, 'outcome').length).toBe(1)
  })

  test('simulated disk: failures: the vote guard outlives a wipe', () => {
    const disk = createNodeDisk(genesis)
    const vote = { chain: 1, epoch: 0, view: 3, signingRoot: hashTagged('one') }
    expect(disk.authorize([{ ...vote, kind: 'finalize' }])).toEqual(['granted'])
    disk.wipe()
    expect(disk.authorize([{ ...vote, kind: 'nullify' }])).toEqual(['refused'])
    expect(disk.authorize([{ ...vote, kind: 'finalize' }])).toEqual(['granted'])
  })
})

describe('simulated disk: ranges', () => {
  test('simulated disk: ranges: bounds, direction, count and single keys', () => {
    const disk = halfSynced()
    const read = (range: Parameters<NodeDisk['read']>[0]) =>
      disk.read(range).map(({ value }) => value[0])
    expect(read(numberRange('block', 1, 2, 4))).toEqual([2, 3])
    expect(read({ ...numberRange('block', 1, 0, 9), reverse: true, countMax: 2 })).toEqual([5, 4])
    expect(read(pointRange('block', numberKey(1, 4)))).toEqual([4])
    expect(read(pointRange('block', numberKey(2, 4)))).toEqual([])
    expect(read({ table: 'block' })).toEqual([1, 2, 3, 4, 5])
    expect(read({ table: 'nothing' })).toEqual([])
  })
})
