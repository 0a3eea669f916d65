/**
 * Genesis: everything that all nodes of one network must agree on before the first block. Its hash is the network's name
 * in every signature, so two networks never share one (docs/protocol/beacon.md B.1).
 */
import { assert } from '../primitives/assert.ts'
import { asciiBytes, equalBytes } from '../primitives/bytes.ts'
import { createWriter, type Writer } from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../primitives/hash.ts'
import {
  ADDRESS_SIZE,
  type Address,
  type ChainNumber,
  type Hash,
} from '../primitives/identifiers.ts'
import { SHARDS_MAX } from '../primitives/limits.ts'
import type { CertificateSchemeName } from '../primitives/signature.ts'
import { epochAfter, ONE_EPOCH, writeEpochRules, type EpochRules } from './epoch.ts'
import { DEFAULT_REGISTRY, writeRegistryRules, type RegistryRules } from './registry.ts'

export type GenesisValidator = {
  /** Committee public key in the certificate scheme (BLS: 48 bytes, Ed25519: 32). */
  readonly publicKey: Uint8Array
  /** Proof of possession: the scheme's signature over the tagged public key. Checked when the genesis is loaded. */
  readonly possession: Uint8Array
  /** libp2p peer id, text form. */
  readonly peer: string
  /** Receives tips and rewards, on the shard where they arise. */
  readonly payout: Address
}

export type ChainTiming = {
  readonly blockIntervalMs: number
  readonly idleIntervalMs: number
  readonly deltaMs: number
}

export type Genesis = {
  readonly version: 1
  readonly networkName: string
  /** Ethereum chain id of shard k is chainIdBase + k. */
  readonly chainIdBase: number
  readonly shardCount: number
  readonly certificateScheme: CertificateSchemeName
  readonly timestampMs: number
  /** 32 bytes: draws the committees and leader orders of epoch 0. */
  readonly seed: Hash
  readonly shardTiming: ChainTiming
  readonly beaconTiming: ChainTiming
  readonly gasLimit: number
  readonly initialBaseFee: bigint
  readonly validators: readonly GenesisValidator[]
  /** Sorted by address, then by shard. Empty where `shardAccounts` stand for them. */
  readonly allocations: readonly GenesisAllocation[]
  /** Index = shard - 1: where the accounts stand apart from the genesis, which then names each shard's by a root. */
  readonly shardAccounts?: readonly ShardAccounts[]
  /** Absent: one epoch for ever (B.4). */
  readonly epochs?: EpochRules
  /** Absent: `DEFAULT_REGISTRY` (B.6). */
  readonly registry?: RegistryRules
  /** Absent: nobody leaves for being silent (B.13). */
  readonly inactivityEpochs?: number
  /** Absent: a shard seals its epoch whether or not its next committee has its state (B.14). */
  readonly readiness?: true
  /** Absent: the beacon seats everybody, so there are at most as many validators as a committee has seats (B.15). */
  readonly beaconSeats?: number
}

/** Funded on the named shard; shard 0 means on every shard, `balance` on each. */
export type GenesisAllocation = {
  readonly address: Address
  readonly shard: number
  readonly balance: bigint
}

/** The accounts of one shard, by what commits to all of them; only whoever makes that shard's state needs the accounts. */
export type ShardAccounts = {
  /** Of the shard's state at genesis. */
  readonly stateRoot: Hash
  /** Wei: all of them together. */
  readonly supply: bigint
  /** Where this reader of the genesis finds them; not part of the network's name. */
  readonly file: string
}

/** First number of the encoding where roots stand in the place of the list, so that neither is ever read as the other. */
const ACCOUNTS_BY_ROOT = 2

/** The bytes whose hash names the network. Asserts nothing about meaning: see `checkGenesis`. */
export function encodeGenesis(genesis: Genesis): Uint8Array {
  const { allocations, shardAccounts } = genesis
  const writer = createWriter()
    .u32(shardAccounts === undefined ? genesis.version : ACCOUNTS_BY_ROOT)
    .variable(asciiBytes(genesis.networkName))
    .u64(genesis.chainIdBase)
    .u32(genesis.shardCount)
    .variable(asciiBytes(genesis.certificateScheme))
    .u64(genesis.timestampMs)
    .fixed(genesis.seed, HASH_SIZE)
  writeTiming(writer, genesis.shardTiming)
  writeTiming(writer, genesis.beaconTiming)
  writer
    .u64(genesis.gasLimit)
    .u256(genesis.initialBaseFee)
    .list(genesis.validators, (into, validator) => {
      into.variable(validator.publicKey).variable(validator.possession)
      into.variable(asciiBytes(validator.peer)).fixed(validator.payout, ADDRESS_SIZE)
    })
  if (shardAccounts === undefined) {
    writer.list(allocations, (into, { address, shard, balance }) => {
      into.fixed(address, ADDRESS_SIZE).u32(shard).u256(balance)
    })
  } else {
    writer.list(shardAccounts, (into, { stateRoot, supply }) => {
      into.fixed(stateRoot, HASH_SIZE).u256(supply)
    })
  }
  // The last fields: a network without them has the name it had before there were any.
  const { epochs, beaconSeats, readiness = beaconSeats === undefined ? undefined : false } = genesis
  const { inactivityEpochs = readiness === undefined ? undefined : 0 } = genesis
  const { registry = inactivityEpochs === undefined ? undefined : DEFAULT_REGISTRY } = genesis
  if (epochs !== undefined || registry !== undefined) writeEpochRules(writer, epochs ?? ONE_EPOCH)
  if (registry !== undefined) writeRegistryRules(writer, registry)
  if (inactivityEpochs !== undefined) writer.u32(inactivityEpochs)
  if (readiness !== undefined) writer.flag(readiness)
  if (beaconSeats !== undefined) writer.u32(beaconSeats)
  return writer.finish()
}

function writeTiming(writer: Writer, timing: ChainTiming): void {
  writer.u64(timing.blockIntervalMs).u64(timing.idleIntervalMs).u64(timing.deltaMs)
}

/**
 * What follows from a genesis, worked out once: its bytes are as long as its list of accounts, and every shard that is opened
 * asks for its name. A genesis never changes.
 */
type Derived = { readonly name: Hash; readonly shards: Map<ChainNumber, ShardGenesis> }

const derivedOf = new WeakMap<Genesis, Derived>()

function derive(genesis: Genesis): Derived {
  const known = derivedOf.get(genesis)
  if (known !== undefined) return known
  const derived = { name: hashTagged('genesis', encodeGenesis(genesis)), shards: new Map() }
  derivedOf.set(genesis, derived)
  return derived
}

/** H("genesis", encoded genesis): the network's name in every signature. */
export function genesisHash(genesis: Genesis): Hash {
  return derive(genesis).name
}

/** H("genesis-block", genesis hash, chain): the hash of block 0, from which each chain's links are folded. */
export function genesisBlockHash(genesis: Hash, chain: ChainNumber): Hash {
  return hashTagged('genesis-block', createWriter().fixed(genesis, HASH_SIZE).u32(chain).finish())
}

/** What a shard must know of the genesis: the same shape as the executor's `ShardConfig`. */
export type ShardGenesis = {
  readonly shard: ChainNumber
  readonly shardCount: number
  readonly chainId: number
  readonly chainIdBase: number
  readonly genesisHash: Hash
  readonly genesisBlockHash: Hash
  readonly gasLimit: number
  readonly initialBaseFee: bigint
  readonly genesisTimestampMs: number
  readonly openedHeight: number
  readonly openedEpoch: number
  readonly allocations: readonly { readonly address: Address; readonly balance: bigint }[]
  /** Absent: the allocations are all there is. */
  readonly accounts?: ShardAccounts
}

/**
 * The constants and the funded accounts of one shard; an account funded on every shard and on this one gets both. A shard
 * that was opened later, with this block of the beacon, has no accounts, and knew of itself and of those before it (B.7).
 */
export function shardGenesis(genesis: Genesis, shard: ChainNumber, openedHeight = 0): ShardGenesis {
  assert(shard >= 1 && shard <= SHARDS_MAX, 'a network may have this shard')
  const isOpened = shard > genesis.shardCount
  assert(isOpened === openedHeight > 0, 'the beacon opens the shards that the genesis has not')
  const { name, shards } = derive(genesis)
  const known = shards.get(shard)
  if (known?.openedHeight === openedHeight) return known
  const accounts = genesis.shardAccounts?.[shard - 1]
  const made = {
    shard,
    shardCount: Math.max(shard, genesis.shardCount),
    openedHeight,
    openedEpoch: epochAfter(genesis.epochs ?? ONE_EPOCH, openedHeight),
    chainId: genesis.chainIdBase + shard,
    chainIdBase: genesis.chainIdBase,
    genesisHash: name,
    genesisBlockHash: genesisBlockHash(name, shard),
    gasLimit: genesis.gasLimit,
    initialBaseFee: genesis.initialBaseFee,
    genesisTimestampMs: genesis.timestampMs,
    allocations: isOpened ? [] : allocationsOf(genesis, shard),
    ...(accounts === undefined ? {} : { accounts }),
  }
  shards.set(shard, made)
  return made
}

/** The highest number that a shard of the network may ever have: where epochs end, the beacon opens more (B.7). */
export function highestShard({ epochs, shardCount }: Genesis): ChainNumber {
  return (epochs?.blocks ?? 0) > 0 ? SHARDS_MAX : shardCount
}

/** Wei that a shard begins with: what it may send before anything was sent to it (crosslinks.md C.3 (8)). */
export function supplyOf(genesis: Genesis, shard: ChainNumber): bigint {
  const { accounts, allocations } = shardGenesis(genesis, shard)
  return accounts?.supply ?? allocations.reduce((sum, { balance }) => sum + balance, 0n)
}

/** Those of one shard, of a genesis that lists them: sorted by address, none twice. */
export function allocationsOf(genesis: Genesis, shard: ChainNumber): ShardGenesis['allocations'] {
  const merged: { address: Address; balance: bigint }[] = []
  for (const { address, shard: named, balance } of genesis.allocations) {
    if (named !== 0 && named !== shard) continue
    const last = merged[merged.length - 1]
    // Sorted by address, so an account's two allocations are neighbours.
    if (last !== undefined && equalBytes(last.address, address)) last.balance += balance
    else merged.push({ address, balance })
  }
  return merged
}
