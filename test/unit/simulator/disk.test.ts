/** The simulated disk: what is durable, and what a crash leaves. */
import { describe, expect, test } from 'vitest'
import { createDisk, type Retention } from '../../../devnet/simulator/disk.ts'
import { createPrng } from '../../../node/primitives/prng.ts'

const RETENTIONS: readonly Retention[] = ['none', 'prefix', 'subset']

/** Ten synced entries, ten unsynced, a crash; what the log and the table hold then. */
function crashed(
  retention: Retention,
  seed: number,
): { readonly log: readonly number[]; readonly table: readonly number[] } {
  const disk = createDisk({ honoursSync: true })
  const log = disk.log<number>()
  const table = disk.table<number>()
  for (let value = 0; value < 20; value++) {
    if (value === 10) disk.sync()
    log.append(value)
    table.put(`${value}`, value)
  }
  disk.crash(retention, createPrng(seed))
  return { log: log.values(), table: [...table.values()] }
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, value) => value)
}

describe('simulator: disk', () => {
  test('simulator: disk: the process reads its own unsynced writes', () => {
    const disk = createDisk({ honoursSync: true })
    const log = disk.log<string>()
    const table = disk.table<string>()
    log.append('a')
    table.put('k', 'v')
    expect(log.values()).toEqual(['a'])
    expect(table.get('k')).toBe('v')
    expect(disk.isDirty()).toBe(true)
    disk.sync()
    expect(disk.isDirty()).toBe(false)
  })

  test('simulator: disk: a crash never takes what was synced', () => {
    for (const retention of RETENTIONS) {
      for (let seed = 0; seed < 50; seed++) {
        const { log, table } = crashed(retention, seed)
        expect(log.slice(0, 10)).toEqual(upTo(10))
        expect(table.slice(0, 10)).toEqual(upTo(10))
      }
    }
  })

  test('simulator: disk: none keeps nothing unsynced', () => {
    const { log, table } = crashed('none', 1)
    expect(log).toEqual(upTo(10))
    expect(table).toEqual(upTo(10))
  })

  test('simulator: disk: a prefix keeps no write without those before it', () => {
    for (let seed = 0; seed < 50; seed++) {
      const { log, table } = crashed('prefix', seed)
      expect(log).toEqual(upTo(log.length))
      expect(table).toEqual(upTo(table.length))
      expect(log.length - table.length).toBeOneOf([0, 1])
    }
  })

  test('simulator: disk: a subset leaves holes in tables, and logs end at their first hole', () => {
    let holes = 0
    for (let seed = 0; seed < 50; seed++) {
      const { log, table } = crashed('subset', seed)
      expect(log).toEqual(upTo(log.length))
      if (table.some((value, index) => value !== index)) holes++
    }
    expect(holes).toBeGreaterThan(40)
  })

  test('simulator: disk: a log goes on after a crash where it was cut', () => {
    const disk = createDisk({ honoursSync: true })
    const log = disk.log<string>()
    log.append('kept')
    disk.sync()
    log.append('lost')
    disk.crash('none', createPrng(0))
    log.append('new')
    disk.sync()
    disk.crash('none', createPrng(0))
    expect(log.values()).toEqual(['kept', 'new'])
  })

  test('simulator: disk: what is truncated does not come back', () => {
    const disk = createDisk({ honoursSync: true })
    const log = disk.log<number>()
    for (const value of upTo(5)) log.append(value)
    disk.sync()
    log.truncate(3)
    disk.crash('prefix', createPrng(0))
    expect(log.values()).toEqual(upTo(3))
  })

  test('simulator: disk: a lying disk says synced and loses it', () => {
    const disk = createDisk({ honoursSync: false })
    const log = disk.log<number>()
    log.append(1)
    disk.sync()
    expect(disk.isDirty()).toBe(false)
    disk.crash('none', createPrng(0))
    expect(log.values()).toEqual([])
  })
})
