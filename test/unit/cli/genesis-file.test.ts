import { describe, expect, test } from 'vitest'
import type { Genesis } from '../../../node/beacon/genesis.ts'
import {
  genesisFileText,
  genesisToJson,
  parseGenesisFile,
} from '../../../node/runtime/genesis-file.ts'

const timing = { blockIntervalMs: 500, idleIntervalMs: 10_000, deltaMs: 400 }

function exampleGenesis(): Genesis {
  return {
    version: 1,
    networkName: 'devnet-test',
    chainIdBase: 713_000,
    shardCount: 2,
    certificateScheme: 'bls',
    timestampMs: 1_780_000_000_000,
    seed: new Uint8Array(32).fill(7),
    shardTiming: timing,
    beaconTiming: { ...timing, blockIntervalMs: 1000, idleIntervalMs: 0 },
    gasLimit: 60_000_000,
    initialBaseFee: 1_000_000_000n,
    validators: [1, 2, 3, 4, 5, 6, 7, 8].map((number) => ({
      publicKey: new Uint8Array(48).fill(number),
      possession: new Uint8Array(96).fill(number),
      peer: `12D3Koo${number}`,
      payout: new Uint8Array(20).fill(number),
    })),
    allocations: [
      { address: new Uint8Array(20).fill(1), shard: 0, balance: 10n ** 30n },
      { address: new Uint8Array(20).fill(2), shard: 2, balance: 9_007_199_254_740_993n },
    ],
  }
}

function asFile(genesis: Genesis): Record<string, unknown> {
  return JSON.parse(JSON.stringify(genesisToJson(genesis))) as Record<string, unknown>
}

function problemsOf(change: (file: Record<string, unknown>) => void): readonly string[] {
  const file = asFile(exampleGenesis())
  change(file)
  const result = parseGenesisFile(file)
  return result.ok ? [] : result.problems
}

describe('runtime: genesis file', () => {
  test('runtime: genesis file: what is written is read back, amounts beyond 2^53 included', () => {
    const result = parseGenesisFile(asFile(exampleGenesis()))
    expect(result).toEqual({ ok: true, genesis: exampleGenesis() })
  })

  test('runtime: genesis file: its text has a line per allocation and is read back', () => {
    const text = genesisFileText(exampleGenesis())
    const lines = text.split('\n').filter((line) => line.includes('"balance"'))
    expect(lines).toHaveLength(2)
    expect(parseGenesisFile(JSON.parse(text))).toEqual({ ok: true, genesis: exampleGenesis() })
    const bare = { ...exampleGenesis(), allocations: [] }
    expect(parseGenesisFile(JSON.parse(genesisFileText(bare)))).toEqual({ ok: true, genesis: bare })
  })

  test.each<[string, object, RegExp]>([
    ['a short address', { address: '0x01' }, /^allocations\.1\.address: expected 0x and 40 hex/],
    ['an address without 0x', { address: '01'.repeat(20) }, /^allocations\.1\.address: /],
    ['a fraction of a shard', { shard: 1.5 }, /^allocations\.1\.shard: /],
    ['a balance as a number', { balance: 5 }, /^allocations\.1\.balance: /],
    [
      'a balance of 2^256',
      { balance: (1n << 256n).toString() },
      /^allocations\.1\.balance: .*2\^256/,
    ],
    ['a field too many', { surprise: 1 }, /^allocations\.1: .*surprise/],
  ])('runtime: genesis file: an allocation with %s is named', (_, change, sentence) => {
    const problems = problemsOf((file) => {
      const allocations = file['allocations'] as object[]
      allocations[1] = { ...allocations[1], ...change }
    })
    expect(problems).toEqual([expect.stringMatching(sentence)])
  })

  test('runtime: genesis file: allocations that are no list are refused', () => {
    const problems = problemsOf((file) => (file['allocations'] = 'all'))
    expect(problems).toEqual([expect.stringMatching(/^allocations: expected a list/)])
  })

  test('runtime: genesis file: the order of allocations in the file does not matter', () => {
    const file = asFile(exampleGenesis())
    ;(file['allocations'] as unknown[]).reverse()
    expect(parseGenesisFile(file)).toEqual({ ok: true, genesis: exampleGenesis() })
  })

  test.each<[string, (file: Record<string, unknown>) => void, RegExp]>([
    ['a missing field', (file) => delete file['gasLimit'], /^gasLimit: /],
    ['an unknown field', (file) => (file['surprise'] = 1), /surprise/],
    ['a short seed', (file) => (file['seed'] = '0x00'), /^seed: expected 0x and 64 hex digits/],
    ['a seed without 0x', (file) => (file['seed'] = '07'.repeat(32)), /^seed: expected 0x/],
    ['a fee as a number', (file) => (file['initialBaseFee'] = 5), /^initialBaseFee: /],
    ['a negative fee', (file) => (file['initialBaseFee'] = '-5'), /^initialBaseFee: /],
    ['a fee with 5 million digits', (file) => (file['initialBaseFee'] = '9'.repeat(5e6)), /2\^256/],
    ['a fee of 2^256', (file) => (file['initialBaseFee'] = (1n << 256n).toString()), /2\^256/],
    ['no validators', (file) => (file['validators'] = []), /^validators: /],
    ['another version', (file) => (file['version'] = 2), /^version: /],
  ])('runtime: genesis file: %s is refused by name', (_, change, sentence) => {
    const problems = problemsOf(change)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(sentence)
  })

  test('runtime: genesis file: an account funded on a shard that does not exist is refused', () => {
    const problems = problemsOf((file) => (file['shardCount'] = 1))
    expect(problems).toEqual([expect.stringMatching(/allocation 1 names no account/)])
  })

  test('runtime: genesis file: an account funded twice on one shard is refused', () => {
    const problems = problemsOf((file) => {
      const allocations = file['allocations'] as unknown[]
      allocations.push(allocations[0])
    })
    expect(problems).toEqual([expect.stringMatching(/allocation 1 is out of order or repeated/)])
  })

  test('runtime: genesis file: two validators with one key are refused', () => {
    const problems = problemsOf((file) => {
      const validators = file['validators'] as { publicKey: string }[]
      for (const validator of validators) validator.publicKey = `0x${'01'.repeat(48)}`
    })
    expect(problems).toEqual([expect.stringMatching(/repeats the key of another/)])
  })

  test('runtime: genesis file: text that is no object is refused', () => {
    expect(parseGenesisFile('hello').ok).toBe(false)
    expect(parseGenesisFile(null).ok).toBe(false)
  })
})
