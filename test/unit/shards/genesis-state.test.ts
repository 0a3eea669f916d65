import { describe, expect, test } from 'vitest'
import { toHex } from '../../../node/primitives/bytes.ts'
import {
  genesisPoint,
  genesisRecords,
  genesisStateRoot,
} from '../../../node/shards/genesis-state.ts'
import { ETHER, expectKind, GWEI, shardConfig } from './fixture.ts'
import { createWorld } from './world.ts'

describe('shards: genesis state', () => {
  test('shards: genesis state: it holds the allocations and the sums, and nothing else', () => {
    const config = shardConfig(1, { accountCount: 3 })
    expect(genesisRecords(config).length).toBe(4)
    const { supply } = expectKind(
      createWorld({ accountCount: 3 })
        .leader(1)
        .runNow({ kind: 'supply', at: { kind: 'finalized' } }),
      'supply',
    )
    const genesis = 300n * ETHER
    expect(supply).toEqual({ height: 0, balances: genesis, buffered: 0n, burnt: 0n, genesis })
  })

  test('shards: genesis state: an allocation of nothing leaves no record', () => {
    const config = shardConfig(1, { accountCount: 1 })
    const [only] = config.allocations
    if (only === undefined) throw new Error('one allocation')
    const empty = genesisRecords({ allocations: [{ ...only, balance: 0n }] })
    expect(empty.length).toBe(1)
  })

  test('shards: genesis state: block 0 has the genesis base fee and used no gas', () => {
    expect(genesisPoint(shardConfig(1))).toMatchObject({
      height: 0,
      epoch: 0,
      gasUsed: 0,
      baseFeePerGas: GWEI,
    })
  })

  // Frozen: another root or hash here is another network. Change them only together with the protocol's version.
  test('shards: genesis state: its root and the first block on it are what they always were', () => {
    expect(toHex(genesisStateRoot(shardConfig(1)))).toMatchInlineSnapshot(
      `"30034b065483aa4c9099b61d6601f6479ab589f182b4e65d9abe3d6621c5bde7"`,
    )
    const world = createWorld()
    expect(toHex(world.advance(1).hash)).toMatchInlineSnapshot(
      `"e8c2751d35aa82983a6e44196dbd73c70597d2f2be79b84b41cf48fc6997797a"`,
    )
  })
})
