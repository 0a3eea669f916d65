import { describe, expect, test } from 'vitest'
import {
  checkParameters,
  DEFAULT_PARAMETERS,
  differencesOf,
  quorumOf,
} from '../../../devnet/parameters.ts'
import { chanceOfBrokenShard, riskSentence } from '../../../devnet/risk.ts'

function verdictOf(shards: number, validators: number): string {
  const result = checkParameters({ ...DEFAULT_PARAMETERS, shards, validators })
  return result.ok ? 'accepted' : result.reject.code
}

describe('devnet: parameters', () => {
  test.each([
    [4, 16, 'accepted'],
    [1, 4, 'accepted'],
    [1, 1, 'accepted'],
    [4, 15, 'committee-too-small'],
    [1, 3, 'committee-too-small'],
    [2, 1, 'committee-too-small'],
    [65, 128, 'too-many-shards'],
    [4, 129, 'too-many-validators'],
  ])('devnet: parameters: %i shards with %i validators are %s', (shards, validators, verdict) => {
    expect(verdictOf(shards, validators)).toBe(verdict)
  })

  test('devnet: parameters: more accounts than a genesis holds are refused', () => {
    const many = { ...DEFAULT_PARAMETERS, shards: 4, idleAccounts: 100_000 }
    expect(checkParameters(many).ok).toBe(true)
    const tooMany = checkParameters({ ...many, idleAccounts: 200_000 })
    expect(tooMany).toMatchObject({ ok: false, reject: { code: 'too-many-accounts' } })
  })

  test('devnet: parameters: B.13: whoever may be told to leave has a block to propose in each epoch', () => {
    const strict = { ...DEFAULT_PARAMETERS, epochBlocks: 16, inactivityEpochs: 2 }
    expect(checkParameters(strict).ok).toBe(true)
    const short = checkParameters({ ...strict, epochBlocks: 15 })
    expect(short).toMatchObject({ ok: false, reject: { code: 'epochs-too-short' } })
  })

  test('devnet: parameters: B.14: shards that wait for newcomers have long epochs', () => {
    const asking = { ...DEFAULT_PARAMETERS, epochBlocks: 9, readiness: true }
    expect(checkParameters(asking).ok).toBe(true)
    const short = checkParameters({ ...asking, epochBlocks: 8 })
    expect(short).toMatchObject({ ok: false, reject: { code: 'epochs-too-short' } })
  })

  test('devnet: parameters: B.15: a beacon of four seats or more, and then more validators than it seats', () => {
    const codeOf = (changes: Partial<typeof DEFAULT_PARAMETERS>) => {
      const checked = checkParameters({ ...DEFAULT_PARAMETERS, ...changes })
      return checked.ok ? 'accepted' : checked.reject.code
    }
    expect(codeOf({ beaconSeats: 4 })).toBe('accepted')
    expect(codeOf({ beaconSeats: 3 })).toBe('bad-beacon-seats')
    expect(codeOf({ beaconSeats: 129 })).toBe('bad-beacon-seats')
    expect(codeOf({ validators: 129 })).toBe('too-many-validators')
    expect(codeOf({ validators: 129, beaconSeats: 16 })).toBe('accepted')
    expect(codeOf({ validators: 513, beaconSeats: 16 })).toBe('too-many-validators')
    const silent = { inactivityEpochs: 2, epochBlocks: 8 }
    expect(codeOf(silent)).toBe('epochs-too-short')
    expect(codeOf({ ...silent, beaconSeats: 8 })).toBe('accepted')
  })

  test('devnet: parameters: a quorum of five is four, because three would fork', () => {
    expect([1, 4, 5, 7, 16].map(quorumOf)).toEqual([1, 3, 4, 5, 11])
  })

  test('devnet: parameters: a difference is named with both values', () => {
    const stored = { ...DEFAULT_PARAMETERS, shards: 2 }
    expect(differencesOf(stored, DEFAULT_PARAMETERS)).toEqual(['shards 2 instead of 4'])
    expect(differencesOf(DEFAULT_PARAMETERS, { ...DEFAULT_PARAMETERS })).toEqual([])
  })
})

describe('devnet: risk', () => {
  test('devnet: risk: two bad ones of sixteen meet in a shard of four in one draw of five', () => {
    const { broken, draws } = chanceOfBrokenShard(16, 4, 2)
    expect(broken * 5n).toBe(draws)
  })

  test('devnet: risk: one bad validator never breaks a committee of four', () => {
    expect(chanceOfBrokenShard(16, 4, 1).broken).toBe(0n)
  })

  test('devnet: risk: enumeration of every placement agrees with the counted chance', () => {
    // 8 validators in 2 committees of 4, 3 bad: broken unless no committee holds two, which three cannot avoid.
    expect(chanceOfBrokenShard(8, 2, 3)).toEqual({ broken: 56n, draws: 56n })
    let broken = 0n
    for (let first = 0; first < 8; first++) {
      for (let second = first + 1; second < 8; second++) {
        if (Math.floor(first / 4) === Math.floor(second / 4)) broken += 1n
      }
    }
    expect(chanceOfBrokenShard(8, 2, 2)).toEqual({ broken, draws: 28n })
  })

  test('devnet: risk: the sentence names committee size, tolerated faults and the chance', () => {
    const sentence = riskSentence(16, 4)
    expect(sentence).toContain('4 of 16 validators')
    expect(sentence).toContain('tolerates 1')
    expect(sentence).toContain('20.0 %')
    expect(sentence).toContain('The beacon tolerates 5 of 16.')
    expect(riskSentence(1, 1)).toContain('no fault at all')
    // Three chosen bad ones are among 8 of 16 in 13 over 5 of 16 over 8 draws: 1287 of 12870.
    const drawn = 'decided by 8 of 16, drawn by lot, and tolerates 2: with 3 bad validators in all'
    expect(riskSentence(16, 4, 8)).toContain(drawn)
    expect(riskSentence(16, 4, 8)).toContain('10.0 % of the draws')
    expect(riskSentence(16, 4, 16)).toBe(sentence)
  })
})
