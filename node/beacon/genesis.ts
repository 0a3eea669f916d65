/**
 * Genesis: everything that all nodes of one network must agree on before the first block. Its hash is the network's name
 * in every signature, so two networks never share one (docs/protocol/beacon.md B.1).
 */
import { PEER_ID_SIZE_MAX } from '../crosslink/registration.ts'
import { assert } from '../primitives/assert.ts'
import { asciiBytes, compareBytes, equalBytes, toHex } from '../primitives/bytes.ts'
import { createWriter, type Writer } from '../primitives/codec.ts'
import { HASH_SIZE, hashTagged } from '../primitives/hash.ts'
import {
  ADDRESS_SIZE,
  type Address,
  type ChainNumber,
  type Hash,
} from '../primitives/identifiers.ts'
import { COMMITTEE_SEATS_MAX, SHARDS_MAX } from '../primitives/limits.ts'
import { accepted, type Reject, type Result } from '../primitives/result.ts'
import { KEY_PAIR_SIZE } from '../primitives/key-use.ts'
import type { CertificateSchemeName } from '../primitives/signature.ts'
import { inactivityProblem } from './activity.ts'
import { COMMITTEE_SEATS_MIN } from './committee.ts'
import {
  epochAfter,
  epochRulesProblem,
  ONE_EPOCH,
  writeEpochRules,
  type EpochRules,
} from './epoch.ts'
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
  /** Sorted by address, then by shard. */
  readonly allocations: readonly GenesisAllocation[]
  /** Absent: one epoch for ever (B.4). */
  readonly epochs?: EpochRules
  /** Absent: `DEFAULT_REGISTRY` (B.6). */
  readonly registry?: RegistryRules
  /** Absent: nobody leaves for being silent (B.13). */
  readonly inactivityEpochs?: number
  /** Absent: a shard seals its epoch whether or not its next committee has its state (B.14). */
  readonly readiness?: true
}

/** Funded on the named shard; shard 0 means on every shard, `balance` on each. */
export type GenesisAllocation = {
  readonly address: Address
  readonly shard: number
  readonly balance: bigint
}

/** Public key and possession sizes by scheme, in bytes. */
const KEY_SIZES: Readonly<
  Record<CertificateSchemeName, { readonly publicKey: number; readonly possession: number }>
> = {
  'by-size': { publicKey: KEY_PAIR_SIZE, possession: 64 + 96 },
  bls: { publicKey: 48, possession: 96 },
  ed25519: { publicKey: 32, possession: 64 },
  mock: { publicKey: 32, possession: 32 },
}

const NETWORK_NAME_SIZE_MAX = 64
/** All money there is, over all shards: far below 2^256, so that no sum of balances can overflow. */
export const SUPPLY_LIMIT = 1n << 200n

/** Ethereum libraries read chain ids as 32-bit or 53-bit numbers; the base leaves room for the shards. */
const CHAIN_ID_BASE_MAX = 0x7fffffff - SHARDS_MAX
const TIMING_MS_MAX = 86_400_000
/** Longer, and a stake would be locked up for years even where epochs are short. */
const UNBOND_EPOCHS_MAX = 65_536
/** gas times base fee of a whole block stays far below 2^256. */
const GAS_LIMIT_MAX = 0xffffffff
const BASE_FEE_LIMIT = 1n << 128n

export type GenesisReject =
  | 'bad-name'
  | 'bad-shard-count'
  | 'bad-timing'
  | 'bad-epochs'
  | 'bad-registry'
  | 'bad-inactivity'
  | 'bad-gas'
  | 'bad-chain-id'
  | 'bad-seed'
  | 'too-few-validators'
  | 'too-many-validators'
  | 'bad-key-size'
  | 'bad-peer'
  | 'bad-payout'
  | 'duplicate-key'
  | 'duplicate-peer'
  | 'bad-allocation'
  | 'unsorted-allocations'
  | 'too-much-supply'

/** The bytes whose hash names the network. Asserts nothing about meaning: see `checkGenesis`. */
export function encodeGenesis(genesis: Genesis): Uint8Array {
  const writer = createWriter()
    .u32(genesis.version)
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
    .list(genesis.allocations, (into, allocation) => {
      into.fixed(allocation.address, ADDRESS_SIZE).u32(allocation.shard).u256(allocation.balance)
    })
  // The last fields: a network without them has the name it had before there were any.
  const { epochs, readiness, inactivityEpochs = readiness && 0 } = genesis
  const { registry = inactivityEpochs === undefined ? undefined : DEFAULT_REGISTRY } = genesis
  if (epochs !== undefined || registry !== undefined) writeEpochRules(writer, epochs ?? ONE_EPOCH)
  if (registry !== undefined) writeRegistryRules(writer, registry)
  if (inactivityEpochs !== undefined) writer.u32(inactivityEpochs)
  if (readiness) writer.flag(true)
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

/** Everything but the proofs of possession, which need the signature scheme and are checked by the host (B.1). */
export function checkGenesis(genesis: Genesis): Result<Genesis, GenesisReject> {
  const reject =
    checkParameters(genesis) ??
    checkEpochs(genesis) ??
    checkRegistry(genesis) ??
    checkInactivity(genesis) ??
    checkCommitteeSizes(genesis) ??
    checkValidators(genesis) ??
    checkAllocations(genesis)
  return reject === undefined ? accepted(genesis) : { ok: false, reject }
}

type Problem = Reject<GenesisReject> | undefined

function problem(code: GenesisReject, detail: string): Problem {
  return { code, detail }
}

function checkParameters(genesis: Genesis): Problem {
  if (!isLabel(genesis.networkName, NETWORK_NAME_SIZE_MAX))
    return problem('bad-name', 'the network name is 1 to 64 printable ASCII characters')
  if (!isWithin(genesis.shardCount, 1, SHARDS_MAX))
    return problem('bad-shard-count', `a network has 1 to ${SHARDS_MAX} shards`)
  if (!isWithin(genesis.chainIdBase, 1, CHAIN_ID_BASE_MAX))
    return problem('bad-chain-id', 'chain ids are positive 32-bit numbers')
  if (genesis.seed.length !== HASH_SIZE) return problem('bad-seed', 'the seed has 32 bytes')
  if (!isWithin(genesis.timestampMs, 0, Number.MAX_SAFE_INTEGER))
    return problem('bad-timing', 'the timestamp is in whole milliseconds')
  for (const timing of [genesis.shardTiming, genesis.beaconTiming]) {
    if (!isWithin(timing.blockIntervalMs, 1, TIMING_MS_MAX))
      return problem('bad-timing', 'a block interval is 1 ms to 1 day')
    if (!isWithin(timing.idleIntervalMs, 0, TIMING_MS_MAX))
      return problem('bad-timing', 'an idle interval is at most 1 day')
    if (!isWithin(timing.deltaMs, 1, TIMING_MS_MAX))
      return problem('bad-timing', 'delta is 1 ms to 1 day')
  }
  // One plain transfer must fit a block (21000 gas, Ethereum's intrinsic cost).
  if (!isWithin(genesis.gasLimit, 21_000, GAS_LIMIT_MAX))
    return problem('bad-gas', 'the gas limit holds at least one transfer')
  if (genesis.initialBaseFee < 0n || genesis.initialBaseFee >= BASE_FEE_LIMIT)
    return problem('bad-gas', 'the base fee is a sane amount of wei')
  return undefined
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most
}

function isLabel(text: string, sizeMax: number): boolean {
  return text.length <= sizeMax && /^[\x21-\x7e]+$/.test(text)
}

function checkEpochs({ epochs = ONE_EPOCH, shardCount, readiness }: Genesis): Problem {
  const detail = epochRulesProblem(epochs, shardCount, readiness === true)
  return detail === undefined ? undefined : problem('bad-epochs', detail)
}

/** B.6: somebody has something to lose, for at least as long as evidence may take. */
function checkRegistry({ registry = DEFAULT_REGISTRY, validators }: Genesis): Problem {
  const { stake, unbondEpochs } = registry
  if (stake < 1n || stake * BigInt(validators.length) >= SUPPLY_LIMIT)
    return problem('bad-registry', 'all stakes together are 1 wei to 2^200 wei')
  if (!isWithin(unbondEpochs, 1, UNBOND_EPOCHS_MAX))
    return problem('bad-registry', `a stake is bound for 1 to ${UNBOND_EPOCHS_MAX} epochs`)
  return undefined
}

function checkInactivity({ inactivityEpochs, epochs = ONE_EPOCH, validators }: Genesis): Problem {
  const detail = inactivityProblem(inactivityEpochs, epochs.blocks, validators.length)
  return detail === undefined ? undefined : problem('bad-inactivity', detail)
}

/** B.3: committees of at least 4 seats; one validator with one shard is the development mode. */
function checkCommitteeSizes(genesis: Genesis): Problem {
  const { shardCount, epochs = ONE_EPOCH } = genesis
  const count = genesis.validators.length
  if (count > COMMITTEE_SEATS_MAX)
    return problem('too-many-validators', `the beacon seats ${COMMITTEE_SEATS_MAX} validators`)
  const development = count === 1 && shardCount === 1
  const seats = Math.floor((count * epochs.shardsPerValidator) / shardCount)
  if (!development && (seats < COMMITTEE_SEATS_MIN || count < COMMITTEE_SEATS_MIN))
    return problem(
      'too-few-validators',
      `${shardCount} shards need ${COMMITTEE_SEATS_MIN * shardCount} validators, there are ${count}`,
    )
  return undefined
}

function checkValidators(genesis: Genesis): Problem {
  const sizes = KEY_SIZES[genesis.certificateScheme]
  const keys = new Set<string>()
  const peers = new Set<string>()
  for (const [index, validator] of genesis.validators.entries()) {
    if (validator.publicKey.length !== sizes.publicKey)
      return problem('bad-key-size', `validator ${index} has a key of another scheme`)
    if (validator.possession.length !== sizes.possession)
      return problem('bad-key-size', `validator ${index} has a possession of another scheme`)
    if (!isLabel(validator.peer, PEER_ID_SIZE_MAX))
      return problem('bad-peer', `validator ${index} has no readable peer id`)
    if (validator.payout.length !== ADDRESS_SIZE)
      return problem('bad-payout', `validator ${index} has no payout address`)
    keys.add(toHex(validator.publicKey))
    peers.add(validator.peer)
    if (keys.size !== index + 1)
      return problem('duplicate-key', `validator ${index} repeats the key of another`)
    if (peers.size !== index + 1)
      return problem('duplicate-peer', `validator ${index} repeats the peer id of another`)
  }
  return undefined
}

function checkAllocations(genesis: Genesis): Problem {
  let supply = 0n
  for (const [index, allocation] of genesis.allocations.entries()) {
    const { address, shard, balance } = allocation
    if (address.length !== ADDRESS_SIZE || !isWithin(shard, 0, genesis.shardCount) || balance < 0n)
      return problem('bad-allocation', `allocation ${index} names no account of this network`)
    const before = genesis.allocations[index - 1]
    if (before !== undefined && compareAllocations(before, allocation) >= 0)
      return problem('unsorted-allocations', `allocation ${index} is out of order or repeated`)
    supply += shard === 0 ? balance * BigInt(genesis.shardCount) : balance
    if (supply >= SUPPLY_LIMIT)
      return problem('too-much-supply', 'all balances together are below 2^200 wei')
  }
  return undefined
}

/** By address, then by shard. */
export function compareAllocations(left: GenesisAllocation, right: GenesisAllocation): number {
  return compareBytes(left.address, right.address) || left.shard - right.shard
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
}

/**
 * The constants and the funded accounts of one shard; an account funded on every shard and on this one gets both. A shard
 * that was opened later, with this block of the beacon, has no accounts, and knew of itself and of those before it (B.7).
 */
export function shardGenesis(genesis: Genesis, shard: ChainNumber, openedHeight = 0): ShardGenesis {
  assert(isWithin(shard, 1, SHARDS_MAX), 'a network may have this shard')
  const isOpened = shard > genesis.shardCount
  assert(isOpened === openedHeight > 0, 'the beacon opens the shards that the genesis has not')
  const { name, shards } = derive(genesis)
  const known = shards.get(shard)
  if (known?.openedHeight === openedHeight) return known
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
  return shardGenesis(genesis, shard).allocations.reduce((sum, { balance }) => sum + balance, 0n)
}

function allocationsOf(genesis: Genesis, shard: ChainNumber): ShardGenesis['allocations'] {
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
