/** Records of campaigns: what is read back, what is left to play, what they add up to. */
import { describe, expect, it } from 'vitest'
import {
  parseRecord,
  partsToPlay,
  sumOfParts,
  type CampaignPart,
} from '../../../devnet/simulator/campaign-record.ts'

function part(first: number, last: number, failed: readonly number[] = []): CampaignPart {
  const seeds = last - first + 1
  return {
    event: 'part',
    campaign: 'network-short',
    commit: 'c0ffee',
    changed: false,
    startedAt: '2026-01-01T00:00:00.000Z',
    first,
    last,
    seeds,
    twice: false,
    failed: [...failed],
    events: 10 * seeds,
    settled: seeds,
    virtualMs: 1_000 * seeds,
    wallMs: 100 * seeds,
    cpuMs: 50 * seeds,
    jobs: 2,
    hash: first.toString(16).padStart(16, '0'),
  }
}

describe('simulator: campaign record', () => {
  it('simulator: campaign record: what was written is read, but for a line that a kill cut short', () => {
    const parts = [part(1, 10), part(11, 20, [12])]
    const [first, second] = parts.map((one) => JSON.stringify(one))
    expect(parseRecord(`\n${first}\n\n${second}\n`)).toEqual(parts)
    expect(parseRecord(`\n${first}\n\n${second?.slice(0, 40)}\n${second}\n`)).toEqual(parts)
    expect(() => parseRecord('{"event":"result"}\n')).toThrow()
  })

  it('simulator: campaign record: what is left of a range is played once, in parts', () => {
    const ranges = (count: number, played: readonly CampaignPart[]) =>
      partsToPlay({ first: 1, count }, 10, played).map(({ first, count: size }) => [first, size])
    expect(ranges(25, [])).toEqual([
      [1, 10],
      [11, 10],
      [21, 5],
    ])
    expect(ranges(25, [part(1, 10), part(15, 20)])).toEqual([
      [11, 4],
      [21, 5],
    ])
    expect(ranges(20, [part(1, 10), part(11, 20)])).toEqual([])
  })

  it('simulator: campaign record: parts add up in any order, and another hash of one gives another sum', () => {
    const parts = [part(1, 10), part(11, 20, [12, 13])]
    const sum = sumOfParts(parts)
    expect(sum).toMatchObject({ parts: 2, seeds: 20, failed: [12, 13], virtualMs: 20_000 })
    expect(sumOfParts(parts.toReversed())).toEqual(sum)
    const other = parts.map((one) => (one.first === 1 ? { ...one, hash: 'f'.repeat(16) } : one))
    expect(sumOfParts(other).hash).not.toBe(sum.hash)
  })
})
