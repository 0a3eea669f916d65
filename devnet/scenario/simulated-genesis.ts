/**
 * The genesis of a simulated scenario: mock keys, and the same senders that load a devnet of processes.
 */
import { ONE_EPOCH } from '../../node/beacon/epoch.ts'
import type { Genesis } from '../../node/beacon/genesis.ts'
import { bigIntToBytes, compareBytes } from '../../node/primitives/bytes.ts'
import { hashTagged } from '../../node/primitives/hash.ts'
import { mockKeyFromSeed } from '../../node/primitives/mock-signature.ts'
import { loadAccount, payoutAccount } from '../accounts.ts'
import { CHAIN_ID_BASE } from '../parameters.ts'
import type { ScenarioNetwork } from './scenario.ts'

/** Enough that a load of some hundred payments per second is not held up by what a sender may have under way. */
export const SENDERS_PER_SHARD = 40
/** A millionth of a devnet's: no sender runs dry in an hour. */
const SENDER_BALANCE = 10n ** 27n
const INITIAL_BASE_FEE = 1_000_000_000n
/** The simulated links take at most a fifth of it. */
const DELTA_MS = 100
const POSSESSION_SIZE = 32

export type SimulatedGenesis = {
  readonly genesis: Genesis
  /** Index = validator index. */
  readonly secretKeys: readonly Uint8Array[]
}

export function createSimulatedGenesis(network: ScenarioNetwork, seed: number): SimulatedGenesis {
  const { shards, validators, idleMs, epochBlocks } = network
  const keys = Array.from({ length: validators }, (_, index) =>
    mockKeyFromSeed(hashTagged('scenario key', bigIntToBytes(BigInt(index), 8))),
  )
  const genesis: Genesis = {
    version: 1,
    networkName: 'devnet-scenario',
    chainIdBase: CHAIN_ID_BASE,
    shardCount: shards,
    certificateScheme: 'mock',
    timestampMs: 0,
    seed: hashTagged('scenario seed', bigIntToBytes(BigInt(seed), 8)),
    shardTiming: {
      blockIntervalMs: network.shardBlockMs,
      idleIntervalMs: idleMs,
      deltaMs: DELTA_MS,
    },
    beaconTiming: {
      blockIntervalMs: network.beaconBlockMs,
      idleIntervalMs: idleMs,
      deltaMs: DELTA_MS,
    },
    gasLimit: network.gasLimit,
    initialBaseFee: INITIAL_BASE_FEE,
    validators: keys.map(({ publicKey }, index) => ({
      publicKey,
      possession: new Uint8Array(POSSESSION_SIZE),
      peer: `peer-${index}`,
      payout: payoutAccount(index).address,
    })),
    allocations: allocationsOf(shards),
    ...(epochBlocks === 0 ? {} : { epochs: { ...ONE_EPOCH, blocks: epochBlocks } }),
  }
  return { genesis, secretKeys: keys.map(({ secretKey }) => secretKey) }
}

function allocationsOf(shards: number): Genesis['allocations'] {
  return Array.from({ length: shards * SENDERS_PER_SHARD }, (_, index) => {
    const shard = 1 + Math.floor(index / SENDERS_PER_SHARD)
    const { address } = loadAccount(shard, index % SENDERS_PER_SHARD)
    return { address, shard, balance: SENDER_BALANCE }
  }).sort((left, right) => compareBytes(left.address, right.address) || left.shard - right.shard)
}
