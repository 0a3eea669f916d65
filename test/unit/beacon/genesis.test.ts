/** Genesis: what it names, what it refuses, what a shard gets of it. */
import { describe, expect, it } from 'vitest'
import { checkGenesis, SUPPLY_LIMIT } from '../../../node/beacon/genesis-check.ts'
import { EPOCH_BLOCKS_MIN, ONE_EPOCH, type EpochRules } from '../../../node/beacon/epoch.ts'
import {
  encodeGenesis,
  genesisBlockHash,
  genesisHash,
  highestShard,
  shardGenesis,
  type Genesis,
} from '../../../node/beacon/genesis.ts'
import { toHex } from '../../../node/primitives/bytes.ts'
import { hashOf } from '../crosslink/examples.ts'
import { exampleGenesis } from './network.ts'

const address = (byte: number): Uint8Array => new Uint8Array(20).fill(byte)
const timing = { blockIntervalMs: 500, idleIntervalMs: 0, deltaMs: 150 }

const codeOf = (changes: Parameters<typeof exampleGenesis>[0]): string => {
  const result = checkGenesis(exampleGenesis(changes))
  return result.ok ? 'accepted' : result.reject.code
}

const epochs = (changes: Partial<EpochRules>): EpochRules => ({
  ...ONE_EPOCH,
  blocks: 8,
  ...changes,
})

/** The example with one field of its second validator changed. */
const withValidator = (changes: Partial<Genesis['validators'][number]>): Partial<Genesis> => ({
  validators: exampleGenesis().validators.map((validator, index) =>
    index === 1 ? { ...validator, ...changes } : validator,
  ),
})

describe('beacon: genesis', () => {
  it('beacon: genesis: every field changes the name of the network', () => {
    const [first, ...others] = exampleGenesis().validators
    const variants: Partial<Genesis>[] = [
      {},
      { networkName: 'other' },
      { chainIdBase: 4_001 },
      { shardCount: 1 },
      { certificateScheme: 'bls' },
      { timestampMs: 1 },
      { seed: hashOf('other') },
      { shardTiming: timing },
      { beaconTiming: timing },
      { gasLimit: 30_000_001 },
      { initialBaseFee: 1n },
      { validators: others },
      { validators: first === undefined ? [] : [...others, first] },
      withValidator({ publicKey: address(1) }),
      withValidator({ possession: address(1) }),
      withValidator({ peer: 'other' }),
      withValidator({ payout: address(1) }),
      { allocations: [{ address: address(1), shard: 0, balance: 1n }] },
      { allocations: [{ address: address(1), shard: 1, balance: 1n }] },
      { allocations: [{ address: address(1), shard: 0, balance: 2n }] },
      { epochs: epochs({}) },
      { epochs: epochs({ blocks: 9 }) },
      { epochs: epochs({ rotationPermille: 1000 }) },
      { epochs: epochs({ shardsPerValidator: 2 }) },
    ]
    const names = variants.map((changes) => toHex(genesisHash(exampleGenesis(changes))))
    expect(new Set(names).size).toBe(variants.length)
    expect(encodeGenesis(exampleGenesis())).toEqual(encodeGenesis(exampleGenesis()))
  })

  it('beacon: genesis: block 0 is another one on every chain and every network', () => {
    const hashes = [
      genesisBlockHash(hashOf('one'), 0),
      genesisBlockHash(hashOf('one'), 1),
      genesisBlockHash(hashOf('two'), 1),
    ]
    expect(new Set(hashes.map(toHex)).size).toBe(3)
  })

  it('beacon: genesis: B.3: committees of at least four, or the development network of one', () => {
    expect(codeOf({ validatorCount: 8, shardCount: 2 })).toBe('accepted')
    expect(codeOf({ validatorCount: 7, shardCount: 2 })).toBe('too-few-validators')
    expect(codeOf({ validatorCount: 1, shardCount: 1 })).toBe('accepted')
    expect(codeOf({ validatorCount: 3, shardCount: 1 })).toBe('too-few-validators')
    expect(codeOf({ validatorCount: 0, shardCount: 1 })).toBe('too-few-validators')
    expect(codeOf({ validatorCount: 128, shardCount: 32 })).toBe('accepted')
    expect(codeOf({ validatorCount: 129, shardCount: 2 })).toBe('too-many-validators')
  })

  it('beacon: genesis: B.3: where validators sit on several shards, fewer are enough', () => {
    const shared = { shardCount: 4, epochs: epochs({ shardsPerValidator: 2 }) }
    expect(codeOf({ ...shared, validatorCount: 8 })).toBe('accepted')
    expect(codeOf({ ...shared, validatorCount: 7 })).toBe('too-few-validators')
    const everywhere = { shardCount: 8, epochs: epochs({ shardsPerValidator: 8 }) }
    expect(codeOf({ ...everywhere, validatorCount: 4 })).toBe('accepted')
    expect(codeOf({ ...everywhere, validatorCount: 3 })).toBe('too-few-validators')
  })

  it('beacon: genesis: B.4: epochs are refused that could not be lived in', () => {
    expect(codeOf({ epochs: epochs({ blocks: EPOCH_BLOCKS_MIN }) })).toBe('accepted')
    expect(codeOf({ epochs: epochs({ blocks: 0 }) })).toBe('accepted')
    expect(codeOf({ epochs: epochs({ blocks: EPOCH_BLOCKS_MIN - 1 }) })).toBe('bad-epochs')
    expect(codeOf({ epochs: epochs({ blocks: 2 ** 40 }) })).toBe('bad-epochs')
    expect(codeOf({ epochs: epochs({ rotationPermille: 1001 }) })).toBe('bad-epochs')
    // B.14
    expect(codeOf({ epochs: epochs({ blocks: 8 }), readiness: true })).toBe('bad-epochs')
    expect(codeOf({ readiness: true })).toBe('bad-epochs')
    expect(codeOf({ epochs: epochs({ blocks: 9 }), readiness: true })).toBe('accepted')
    expect(codeOf({ epochs: epochs({ shardsPerValidator: 0 }) })).toBe('bad-epochs')
    expect(codeOf({ epochs: epochs({ shardsPerValidator: 3 }) })).toBe('bad-epochs')
  })

  it('beacon: genesis: parameters out of range are refused by name', () => {
    expect(codeOf({ networkName: '' })).toBe('bad-name')
    expect(codeOf({ networkName: 'Gewebe ✓' })).toBe('bad-name')
    expect(codeOf({ shardCount: 0 })).toBe('bad-shard-count')
    expect(codeOf({ shardCount: 65 })).toBe('bad-shard-count')
    expect(codeOf({ chainIdBase: 0 })).toBe('bad-chain-id')
    expect(codeOf({ seed: new Uint8Array(31) })).toBe('bad-seed')
    expect(codeOf({ timestampMs: 1.5 })).toBe('bad-timing')
    expect(codeOf({ beaconTiming: { ...timing, blockIntervalMs: 0 } })).toBe('bad-timing')
    expect(codeOf({ shardTiming: { ...timing, deltaMs: 0 } })).toBe('bad-timing')
    expect(codeOf({ shardTiming: { ...timing, idleIntervalMs: -1 } })).toBe('bad-timing')
    expect(codeOf({ gasLimit: 20_999 })).toBe('bad-gas')
    expect(codeOf({ initialBaseFee: -1n })).toBe('bad-gas')
  })

  it('beacon: genesis: keys of another scheme and repeated identities are refused', () => {
    const [first] = exampleGenesis().validators
    expect(codeOf({ certificateScheme: 'bls' })).toBe('bad-key-size')
    expect(codeOf(withValidator({ possession: new Uint8Array(64) }))).toBe('bad-key-size')
    expect(codeOf(withValidator({ peer: '' }))).toBe('bad-peer')
    expect(codeOf(withValidator({ payout: new Uint8Array(19) }))).toBe('bad-payout')
    expect(codeOf(withValidator({ publicKey: first?.publicKey ?? address(0) }))).toBe(
      'duplicate-key',
    )
    expect(codeOf(withValidator({ peer: first?.peer ?? '' }))).toBe('duplicate-peer')
  })

  it('beacon: genesis: allocations are sorted, unique, on shards that exist, and bounded in sum', () => {
    const one = { address: address(1), shard: 0, balance: 1n }
    const two = { address: address(2), shard: 1, balance: 1n }
    expect(codeOf({ allocations: [one, two] })).toBe('accepted')
    expect(codeOf({ allocations: [two, one] })).toBe('unsorted-allocations')
    expect(codeOf({ allocations: [one, one] })).toBe('unsorted-allocations')
    expect(codeOf({ allocations: [{ ...one, shard: 3 }] })).toBe('bad-allocation')
    expect(codeOf({ allocations: [{ ...one, balance: -1n }] })).toBe('bad-allocation')
    expect(codeOf({ allocations: [{ ...one, address: new Uint8Array(19) }] })).toBe(
      'bad-allocation',
    )
    // On two shards, half the limit each is the limit.
    expect(codeOf({ allocations: [{ ...one, balance: SUPPLY_LIMIT / 2n }] })).toBe(
      'too-much-supply',
    )
    expect(codeOf({ allocations: [{ ...two, balance: SUPPLY_LIMIT - 1n }] })).toBe('accepted')
  })

  it('beacon: genesis: a shard gets its own accounts, and those funded everywhere', () => {
    const genesis = exampleGenesis({
      allocations: [
        { address: address(1), shard: 0, balance: 10n },
        { address: address(1), shard: 2, balance: 5n },
        { address: address(2), shard: 1, balance: 7n },
      ],
    })
    expect(shardGenesis(genesis, 1).allocations).toEqual([
      { address: address(1), balance: 10n },
      { address: address(2), balance: 7n },
    ])
    expect(shardGenesis(genesis, 2).allocations).toEqual([{ address: address(1), balance: 15n }])
    expect(shardGenesis(genesis, 2)).toMatchObject({
      shard: 2,
      chainId: 4_002,
      genesisHash: genesisHash(genesis),
      genesisBlockHash: genesisBlockHash(genesisHash(genesis), 2),
    })
    expect(() => shardGenesis(genesis, 65)).toThrow('may have this shard')
  })

  it('beacon: genesis: B.7: a shard that was opened later has no accounts, and begins where the beacon opened it', () => {
    const genesis = exampleGenesis({ epochs: { ...ONE_EPOCH, blocks: 16 } })
    expect(shardGenesis(genesis, 2)).toMatchObject({ openedHeight: 0, openedEpoch: 0 })
    const opened = { shardCount: 3, allocations: [], openedHeight: 32, openedEpoch: 2 }
    expect(shardGenesis(genesis, 3, 32)).toMatchObject(opened)
    expect(() => shardGenesis(genesis, 3)).toThrow('that the genesis has not')
    expect(() => shardGenesis(genesis, 2, 32)).toThrow('that the genesis has not')
    expect([highestShard(genesis), highestShard(exampleGenesis())]).toEqual([64, 2])
  })
})
