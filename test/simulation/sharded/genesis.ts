/**
 * The genesis of trials: mock keys, four seats per shard, the personal accounts funded on every shard.
 */
import { personalAccounts } from '../../../devnet/accounts.ts'
import type { Genesis } from '../../../node/beacon/genesis.ts'
import { bigIntToBytes, compareBytes } from '../../../node/primitives/bytes.ts'
import { hashTagged } from '../../../node/primitives/hash.ts'
import { mockKeyFromSeed } from '../../../node/primitives/mock-signature.ts'

export const CHAIN_ID_BASE = 713_000

export function keyOf(validator: number): ReturnType<typeof mockKeyFromSeed> {
  return mockKeyFromSeed(label('key', validator))
}

export function genesisOf(
  shardCount: number,
  keys: readonly { readonly publicKey: Uint8Array }[],
): Genesis {
  const allocations = personalAccounts().map(({ address }) => {
    return { address, shard: 0, balance: 10n ** 22n }
  })
  return {
    version: 1,
    networkName: 'devnet-simulation',
    chainIdBase: CHAIN_ID_BASE,
    shardCount,
    certificateScheme: 'mock',
    timestampMs: 0,
    seed: hashTagged('seed'),
    shardTiming: { blockIntervalMs: 500, idleIntervalMs: 10_000, deltaMs: 100 },
    beaconTiming: { blockIntervalMs: 1000, idleIntervalMs: 10_000, deltaMs: 100 },
    gasLimit: 30_000_000,
    initialBaseFee: 1_000_000_000n,
    validators: keys.map(({ publicKey }, index) => ({
      publicKey,
      possession: new Uint8Array(96),
      peer: `peer-${index}`,
      payout: label('payout', index).slice(0, 20),
    })),
    allocations: allocations.sort((left, right) => compareBytes(left.address, right.address)),
  }
}

function label(tag: string, index: number): Uint8Array {
  return hashTagged(tag, bigIntToBytes(BigInt(index), 8))
}
