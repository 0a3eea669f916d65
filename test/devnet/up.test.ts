/** The devnet of the README, in full size; it has the machine for itself. */
import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { useDevnets } from './devnets.ts'
import { remainsOf } from './weft-process.ts'

const { up, dataOf } = useDevnets()

describe('devnet: up', () => {
  test('devnet: up: sixteen validators settle cross-shard transfers, pass the audit and leave nothing', async () => {
    const weft = up('--for', '20')
    expect(await weft.exit, weft.stderr()).toBe(0)
    const processes = weft.lines.filter(({ event }) => event === 'process')
    expect(processes.filter(({ role }) => role === 'validator')).toHaveLength(16)
    const ready = await weft.event('ready')
    expect(ready['shards']).toHaveLength(4)
    expect(ready['accounts']).toHaveLength(10)
    expect(await weft.event('first-settled')).toMatchObject({ tx: expect.stringMatching(/^0x/) })
    expect(weft.lines.filter(({ event }) => event === 'violation')).toEqual([])
    expect(weft.lines.at(-1)?.event).toBe('stopped')
    const summary = weft.lines.at(-1)?.['summary'] as Record<string, number | string>
    expect(summary['audit']).toBe('ok')
    expect(summary['cross']).toBeGreaterThan(0)
    expect(summary['intra']).toBeGreaterThan(0)
    expect(summary['failed']).toBe(0)
    expect(await remainsOf(weft)).toEqual([])
    expect(await readdir(dataOf())).not.toContain('run.json')
  })
})
