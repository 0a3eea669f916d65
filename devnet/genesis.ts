/**
 * The genesis of a devnet: a pure function of its parameters and its time of birth. Validator keys come from a public
 * label, so everybody can compute them; the network's name starts with `devnet-` so that no other network is mistaken for it.
 */
import { ONE_EPOCH } from '../node/beacon/epoch.ts'
import type { Genesis } from '../node/beacon/genesis.ts'
import { createValidatorIdentity, type ValidatorIdentity } from '../node/cli/identity.ts'
import { bigIntToBytes, compareBytes } from '../node/primitives/bytes.ts'
import { hashTagged } from '../node/primitives/hash.ts'
import { idleAddress, loadAccount, payoutAccount, personalAccounts } from './accounts.ts'
import { CHAIN_ID_BASE, type DevnetParameters } from './parameters.ts'

const ETHER = 10n ** 18n
/** What anvil gives its accounts. */
const PERSONAL_BALANCE = 10_000n * ETHER
/** Enough for a billion transfers at the fee cap of the traffic generator. */
const LOAD_BALANCE = 1_000_000_000n * ETHER
/** One gwei, the usual start of an EIP-1559 chain. */
const INITIAL_BASE_FEE = 1_000_000_000n

export type DevnetGenesis = {
  readonly genesis: Genesis
  /** Index = validator index. */
  readonly identities: readonly ValidatorIdentity[]
}

/** `bornMs` distinguishes two devnets of equal parameters: their signatures are not good on each other. */
export async function createDevnetGenesis(
  parameters: DevnetParameters,
  bornMs: number,
): Promise<DevnetGenesis> {
  const identities = await createIdentities(parameters)
  const { shardBlockMs, beaconBlockMs, idleMs, deltaMs } = parameters
  const { epochBlocks, inactivityEpochs, readiness, beaconSeats } = parameters
  const genesis: Genesis = {
    version: 1,
    networkName: `devnet-${parameters.shards}x${parameters.validators}`,
    chainIdBase: CHAIN_ID_BASE,
    shardCount: parameters.shards,
    certificateScheme: parameters.scheme,
    timestampMs: bornMs,
    seed: hashTagged('devnet seed', bigIntToBytes(BigInt(bornMs), 8)),
    shardTiming: { blockIntervalMs: shardBlockMs, idleIntervalMs: idleMs, deltaMs },
    beaconTiming: { blockIntervalMs: beaconBlockMs, idleIntervalMs: idleMs, deltaMs },
    gasLimit: parameters.gasLimit,
    initialBaseFee: INITIAL_BASE_FEE,
    validators: identities.map(({ publicKey, possession, peer }, index) => ({
      publicKey,
      possession,
      peer,
      payout: payoutAccount(index).address,
    })),
    allocations: allocationsOf(parameters),
    ...(epochBlocks === 0 ? {} : { epochs: { ...ONE_EPOCH, blocks: epochBlocks } }),
    ...(inactivityEpochs === 0 ? {} : { inactivityEpochs }),
    ...(readiness ? { readiness } : {}),
    ...(beaconSeats === 0 ? {} : { beaconSeats }),
  }
  return { genesis, identities }
}

/** The keys of all validators; the same for every devnet of this scheme. */
async function createIdentities({
  validators,
  scheme,
}: DevnetParameters): Promise<readonly ValidatorIdentity[]> {
  return Promise.all(
    Array.from({ length: validators }, (_, index) => {
      const label = bigIntToBytes(BigInt(index), 8)
      return createValidatorIdentity(
        scheme,
        hashTagged('devnet committee key', label),
        hashTagged('devnet peer identity', label),
      )
    }),
  )
}

function allocationsOf({
  shards,
  loadAccounts,
  idleAccounts,
}: DevnetParameters): Genesis['allocations'] {
  const personal = personalAccounts().map(({ address }) => ({
    address,
    shard: 0,
    balance: PERSONAL_BALANCE,
  }))
  const load = perShard(shards, loadAccounts, (shard, index) => ({
    address: loadAccount(shard, index).address,
    shard,
    balance: LOAD_BALANCE,
  }))
  const idle = perShard(shards, idleAccounts, (shard, index) => ({
    address: idleAddress(shard, index),
    shard,
    balance: ETHER,
  }))
  return [...personal, ...load, ...idle].sort(
    (left, right) => compareBytes(left.address, right.address) || left.shard - right.shard,
  )
}

function perShard<T>(shards: number, count: number, make: (shard: number, index: number) => T) {
  return Array.from({ length: shards * count }, (_, index) =>
    make(1 + Math.floor(index / count), index % count),
  )
}
