/**
 * The genesis of a simulated network, out of its plan: keys from a public label, the personal accounts funded everywhere.
 */
import { drawCommittees, epochSeed } from '../../node/beacon/committee.ts'
import { ONE_EPOCH } from '../../node/beacon/epoch.ts'
import type { Genesis } from '../../node/beacon/genesis.ts'
import { bigIntToBytes, compareBytes } from '../../node/primitives/bytes.ts'
import { hashTagged } from '../../node/primitives/hash.ts'
import {
  committeeKeyFromSeed,
  provePossession,
  type CommitteeKey,
} from '../../node/primitives/io/schemes.ts'
import type { CertificateSchemeName } from '../../node/primitives/signature.ts'
import { personalAccounts } from '../accounts.ts'
import type { NetworkPlan } from './network-plan.ts'
import { SIMULATED_STAKE, stakePayout } from './network-stake.ts'

export const SIMULATED_CHAIN_ID_BASE = 713_000
const BALANCE = 10n ** 22n
const INITIAL_BASE_FEE = 1_000_000_000n
/** Any time far from zero: clocks may run behind. */
const BORN_MS = 1_000_000_000_000

export type SimulatedGenesis = {
  readonly genesis: Genesis
  /** Of whoever may join, too. */
  readonly keys: readonly CommitteeKey[]
}

type Shape = Pick<NetworkPlan, 'seed' | 'shardCount' | 'validatorCount'>

export function genesisOfPlan(plan: NetworkPlan): SimulatedGenesis {
  const { scheme, deltaMs, idleIntervalMs, joiners = 0 } = plan
  const count = plan.validatorCount + joiners
  const keys = Array.from({ length: count }, (_, index) => keyOf(scheme, index))
  const genesis: Genesis = {
    version: 1,
    networkName: 'devnet-simulation',
    chainIdBase: SIMULATED_CHAIN_ID_BASE,
    shardCount: plan.shardCount,
    certificateScheme: scheme,
    timestampMs: BORN_MS,
    seed: seedOf(plan),
    shardTiming: { blockIntervalMs: plan.shardIntervalMs, idleIntervalMs, deltaMs },
    beaconTiming: { blockIntervalMs: plan.beaconIntervalMs, idleIntervalMs, deltaMs },
    gasLimit: plan.gasLimit,
    initialBaseFee: INITIAL_BASE_FEE,
    validators: keys.slice(0, plan.validatorCount).map(({ publicKey }, index) => ({
      publicKey,
      possession: possessionOf(scheme, index),
      peer: `peer-${index}`,
      payout: joiners > 0 ? stakePayout(index) : label('simulated payout', index).slice(0, 20),
    })),
    allocations: personalAccounts()
      .map(({ address }) => ({ address, shard: 0, balance: BALANCE }))
      .toSorted((left, right) => compareBytes(left.address, right.address)),
    ...(plan.epochBlocks === undefined
      ? {}
      : { epochs: epochsOf(plan.epochBlocks, plan.rotationPermille) }),
    ...(plan.beaconSeats === undefined ? {} : { beaconSeats: plan.beaconSeats }),
    ...(joiners > 0 ? { registry: { stake: BigInt(SIMULATED_STAKE), unbondEpochs: 1 } } : {}),
  }
  return { genesis, keys }
}

function epochsOf(blocks: number, rotationPermille = ONE_EPOCH.rotationPermille) {
  return { ...ONE_EPOCH, blocks, rotationPermille }
}

/** Who will sit where: index 0 is everybody, of whom the beacon may seat some only (B.15). */
export function committeesOf(shape: Shape): readonly (readonly number[])[] {
  const { shardCount, validatorCount } = shape
  return drawCommittees({ seed: epochSeed(seedOf(shape), 0), validatorCount, shardCount })
}

function seedOf({ seed }: Shape) {
  return label('simulated seed', seed)
}

const known = new Map<string, CommitteeKey>()

function keyOf(scheme: CertificateSchemeName, index: number): CommitteeKey {
  const name = `${scheme}/${index}`
  const key = known.get(name) ?? committeeKeyFromSeed(scheme, label('simulated key', index))
  known.set(name, key)
  return key
}

const proven = new Map<string, Uint8Array>()

function possessionOf(scheme: CertificateSchemeName, index: number): Uint8Array {
  const name = `${scheme}/${index}`
  const proof = proven.get(name) ?? provePossession(scheme, keyOf(scheme, index).secretKey)
  proven.set(name, proof)
  return proof
}

function label(tag: string, index: number): Uint8Array {
  return hashTagged(tag, bigIntToBytes(BigInt(index), 8))
}
